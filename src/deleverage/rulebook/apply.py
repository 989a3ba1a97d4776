"""apply(book, fact): the only writer. It has no opinions and cannot refuse; it has asserts.

Every movement is written from the same four lists - fills, payments, pots, orders - and must sum to zero.
"""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.writers import (
    Writers,
    auction,
    calendar,
    collateral,
    day,
    envelopes,
    liquidation,
    neutral,
    pools,
    requirements,
    stopping,
)
from deleverage.rulebook.writers.auction import let_clocks_run
from deleverage.rulebook.writers.collateral import count_carried
from deleverage.rulebook.writers.envelopes import count_used
from deleverage.rulebook.writers.pools import note_carried, note_closed_in, note_freed, note_paid
from deleverage.rulebook.writers.stopping import note_grace_lost


def apply(book: Book, fact: m.Fact) -> None:
    """Write one fact into the book. An assertion that fails here is a bug of ours, never the user's fault."""
    assert fact.seq == book.seq + 1, f"fact {fact.seq} follows fact {book.seq}"
    assert fact.time_ns >= book.time_ns, "time runs forward"
    if fact.time_ns > book.time_ns:
        let_clocks_run(book, fact.time_ns)
    if isinstance(fact, m.Movement):
        _apply_movement(book, fact)
    writer = _WRITERS.get(type(fact))
    if writer is not None:
        writer(book, fact)
    for pool_id, pool in book.pools.items():
        pool.note(book.cash(pool_id), fact.time_ns)
    book.seq = fact.seq
    book.time_ns = fact.time_ns


def _apply_movement(book: Book, fact: m.Movement) -> None:
    lots: dict[str, int] = {}
    money = 0
    for fill in fact.fills:
        unit, market = book.units[fill.unit_id], book.markets[fill.market_id]
        note_grace_lost(market, unit, fill, fact.time_ns)
        market.open_interest_lots -= unit.lots_on(fill.market_id, 1)
        settle_unit(unit, market, fill.lots, fill.amount_quanta, fill.leg_side)
        market.open_interest_lots += unit.lots_on(fill.market_id, 1)
        lots[fill.market_id] = lots.get(fill.market_id, 0) + fill.lots
        money += fill.amount_quanta
    for payment in fact.payments:
        unit = book.units[payment.unit_id]
        unit.quote += payment.amount_quanta
        unit.transfers += payment.amount_quanta
        money += payment.amount_quanta
    for change in fact.pots:
        book.pots[change.pot] += change.amount_quanta
        money += change.amount_quanta
    for order in fact.orders:
        if order.lots_left:
            book.orders[order.order_id].lots = order.lots_left
        else:
            del book.orders[order.order_id]
    note_closed_in(book, fact)
    count_carried(book, fact)
    named = fact.named_quanta if isinstance(fact, m.ResidualNamed) else 0
    assert not any(lots.values()), f"lots of one fact must cancel out: {lots}"
    assert money == named, f"money of one fact must cancel out: {money} quanta"


def _margin_moved(book: Book, fact: m.MarginMoved) -> None:
    for unit_id, amount in ((fact.from_unit_id, -fact.amount_quanta), (fact.to_unit_id, fact.amount_quanta)):
        book.units[unit_id].quote += amount
        book.units[unit_id].deposits += amount
    book.units[fact.from_unit_id].result_before += fact.profit_quanta
    book.units[fact.to_unit_id].result_before -= fact.profit_quanta


def _declared(book: Book, fact: m.BankruptcyDeclared) -> None:
    for item in fact.units:
        book.units[item.unit_id].bankrupt = True


def _ended(book: Book, fact: m.BankruptcyEnded) -> None:
    for item in fact.units:
        book.units[item.unit_id].bankrupt = False


def _deleveraged(book: Book, fact: m.Deleveraged) -> None:
    for market_id in fact.reduce_only:
        book.markets[market_id].reduce_only = True
    count_used(book, fact)
    note_freed(book, fact)


def _socialised(book: Book, fact: m.Socialised) -> None:
    for haircut in fact.haircuts:
        for leg_id, part in haircut.legs:
            book.units[haircut.unit_id].legs[leg_id].haircut += part
        if haircut.claim_quanta:
            book.claims[haircut.unit_id] = book.claims.get(haircut.unit_id, 0) + haircut.claim_quanta
    note_carried(book, fact)


def _residual_named(book: Book, fact: m.ResidualNamed) -> None:
    book.residual_quanta += fact.named_quanta
    for residual in fact.residuals:
        if residual.named_quanta:
            book.units[residual.unit_id].bankrupt = False
    if fact.named_quanta:
        book.halted = True


def _step_ended(book: Book, fact: m.StepEnded) -> None:
    book.steps = fact.step
    book.waiting = fact.waiting


_WRITERS: Writers = {
    **collateral.WRITERS,
    **pools.WRITERS,
    **liquidation.WRITERS,
    **requirements.WRITERS,
    **stopping.WRITERS,
    **envelopes.WRITERS,
    **auction.WRITERS,
    **calendar.WRITERS,
    **day.WRITERS,
    **neutral.WRITERS,
    m.MarginMoved: _margin_moved,
    m.BankruptcyDeclared: _declared,
    m.BankruptcyEnded: _ended,
    m.FundPaid: note_paid,
    m.Deleveraged: _deleveraged,
    m.Socialised: _socialised,
    m.ResidualNamed: _residual_named,
    m.StepEnded: _step_ended,
}
