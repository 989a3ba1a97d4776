"""Marks, funding and final settlement: what happens to a market rather than to a unit."""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import LONG, SHORT, Book, copy_unit, leg_id_of
from deleverage.rulebook.breaker import watched
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.ladders.rungs import (
    Ladder,
    guard_of,
    margin_moved,
    next_fact,
    refuse,
    require_live,
    require_mark,
    require_market,
    require_price,
    require_running,
)
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.periods import funding_per_lot_half_even
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.rules import Rules


def _set_marks(book: Book, command: m.SetMarks, rules: Rules) -> Iterator[Fact]:
    names = sorted(mark.market_id for mark in command.marks)
    twice = len(set(names)) < len(names)
    refuse(twice, Code.DUPLICATE_ID, "a market is named twice in one mark set", ", ".join(names))
    markets = {name: require_market(book, name) for name in names}
    for mark in command.marks:
        require_price(markets[mark.market_id], mark.price_ticks)
    for name in names:
        require_live(markets[name])
    refuse(book.halted, Code.DOMAIN_HALTED, "marks stand still while a residual is not repaid")
    marks = []
    for mark in sorted(command.marks):
        before = markets[mark.market_id].mark_price_ticks
        guard = "" if command.confirmed else guard_of(before, mark.price_ticks, mark.sources, rules)
        marks.append(m.MarkSet(mark.market_id, mark.price_ticks, before, guard))
    yield _marks_set(book, command, rules, marks)


def _marks_set(book: Book, command: Command, rules: Rules, marks: list[m.MarkSet]) -> Fact:
    """Return the fact of a mark set, with the breakers of the accepted marks."""
    accepted = [mark for mark in marks if rules.breaker_ppb and not mark.guard]
    breakers = (watched(book.markets[one.market_id], one.price_ticks, command.time_ns, rules) for one in accepted)
    return m.MarksSet(**next_fact(book, command), marks=tuple(marks), breakers=tuple(breakers))


def _accrue_funding(book: Book, command: m.AccrueFunding, rules: Rules) -> Iterator[Fact]:
    market, rate_ppb = require_market(book, command.market_id), command.rate_ppb
    refuse(abs(rate_ppb) > PPB, Code.BAD_RATE, "a funding rate lies within +-10^9 ppb", rate_ppb, PPB)
    require_mark(market)
    require_live(market)
    require_running(book, command.market_id, "funding stands still")
    per_lot, carry = funding_per_lot_half_even(market.value_quanta, rate_ppb, market.funding_carry)
    yield m.FundingAccrued(
        **next_fact(book, command),
        market_id=command.market_id,
        rate_ppb=rate_ppb,
        per_lot_quanta=per_lot,
        carry_after=carry,
    )


def _settle_market(book: Book, command: m.SettleMarket, rules: Rules) -> Iterator[Fact]:
    market, market_id, price_ticks = require_market(book, command.market_id), command.market_id, command.price_ticks
    require_price(market, price_ticks)
    require_live(market)
    expiry = market.terms.expiry_ns
    refuse(command.time_ns < expiry, Code.NOT_EXPIRED, "the contract has not expired", command.time_ns, expiry)
    frozen = market.mark_price_ticks
    moved = book.halted and price_ticks != frozen
    refuse(
        moved, Code.DOMAIN_HALTED, "with a residual a market settles at the mark it was named at", price_ticks, frozen
    )
    mark = m.MarkSet(market_id, price_ticks, market.mark_price_ticks, "")
    yield _marks_set(book, command, rules, [mark])
    value = market.terms.value_at(price_ticks)
    sides = (("", market_id), (LONG, leg_id_of(market_id, LONG)), (SHORT, leg_id_of(market_id, SHORT)))
    holders = [
        (unit, side, unit.legs[leg_id].lots)
        for unit in book.sorted_units()
        for side, leg_id in sides
        if leg_id in unit.legs
    ]
    yield m.MarketSettled(
        **next_fact(book, command, 2),
        market_id=market_id,
        price_ticks=price_ticks,
        fills=tuple(
            m.Fill(unit.unit_id, market_id, -lots, lots * value, 0, "settled", side) for unit, side, lots in holders
        ),
        orders=tuple(
            m.OrderChange(order_id, 0)
            for order_id, order in sorted(book.orders.items())
            if order.market_id == market_id
        ),
    )
    offset = 3
    for unit, side, lots in holders:
        after = copy_unit(unit)
        settle_unit(after, market, -lots, lots * value, side)
        if not after.isolated_market_id or after.bankrupt or after.quote <= 0:
            continue
        yield margin_moved(book, command, after, after.account_id, after.quote, released=True, offset=offset)
        offset += 1


LADDERS: dict[type[Command], Ladder] = {
    m.SetMarks: _set_marks,
    m.AccrueFunding: _accrue_funding,
    m.SettleMarket: _settle_market,
}
