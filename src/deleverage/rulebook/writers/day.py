"""What an ordinary day writes beside its movements: markets, accounts, units, money in and out, marks."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import FUND_POT, ROUNDING_POT, Book, Market, Unit
from deleverage.rulebook.pools import pot_of
from deleverage.rulebook.writers import Writers
from deleverage.rulebook.writers.stopping import note_breakers


def _list_market(book: Book, fact: m.MarketListed) -> None:
    book.markets[fact.terms.market_id] = Market(fact.terms)


def _open_account(book: Book, fact: m.AccountOpened) -> None:
    account_id = fact.account.account_id
    book.accounts[account_id] = fact.account
    book.units[account_id] = Unit(account_id, account_id)


def _open_unit(book: Book, fact: m.UnitOpened) -> None:
    book.units[fact.unit_id] = Unit(fact.unit_id, fact.account_id, fact.market_id, fact.side)


def _money_in(book: Book, fact: m.MoneyIn) -> None:
    for payment in fact.to_units:
        unit = book.units[payment.unit_id]
        unit.quote += payment.amount_quanta
        unit.deposits += payment.amount_quanta
        book.net_deposits_quanta += payment.amount_quanta
    for claim in fact.claims_repaid:
        book.claims[claim.unit_id] = book.claims.get(claim.unit_id, 0) - claim.amount_quanta
        if not book.claims[claim.unit_id]:
            del book.claims[claim.unit_id]
    book.pots[pot_of(FUND_POT, fact.pool_id)] += fact.to_fund_quanta
    book.residual_quanta -= fact.to_residual_quanta
    book.net_deposits_quanta += fact.to_fund_quanta + fact.to_residual_quanta


def _money_out(book: Book, fact: m.MoneyOut) -> None:
    assert fact.debited_quanta == fact.paid_quanta + fact.claim_quanta + fact.rounding_quanta
    unit = book.units[fact.unit_id]
    unit.quote -= fact.debited_quanta
    unit.deposits -= fact.debited_quanta
    book.net_deposits_quanta -= fact.paid_quanta
    book.residual_quanta -= fact.claim_quanta
    book.pots[ROUNDING_POT] += fact.rounding_quanta
    if fact.claim_quanta:
        book.claims[fact.unit_id] = book.claims.get(fact.unit_id, 0) + fact.claim_quanta


def _marks_set(book: Book, fact: m.MarksSet) -> None:
    for mark in fact.marks:
        market = book.markets[mark.market_id]
        market.guard = mark.guard
        if not mark.guard:
            market.previous_mark_price_ticks = market.mark_price_ticks or mark.price_ticks
            market.mark_price_ticks = mark.price_ticks
            market.mark_time_ns = fact.time_ns
    note_breakers(book, fact)


WRITERS: Writers = {
    m.MarketListed: _list_market,
    m.AccountOpened: _open_account,
    m.UnitOpened: _open_unit,
    m.MoneyIn: _money_in,
    m.MoneyOut: _money_out,
    m.MarksSet: _marks_set,
}
