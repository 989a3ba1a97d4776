"""What funding, settlement and the end of a period write."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.writers import Writers


def _period_closed(book: Book, fact: m.PeriodClosed) -> None:
    for item in fact.units:
        book.units[item.unit_id].result_before = item.result_quanta


def _funding_accrued(book: Book, fact: m.FundingAccrued) -> None:
    market = book.markets[fact.market_id]
    market.funding_quanta += fact.per_lot_quanta
    market.funding_carry = fact.carry_after


def _market_settled(book: Book, fact: m.MarketSettled) -> None:
    book.markets[fact.market_id].settled = True
    book.halts.pop(fact.market_id, None)


WRITERS: Writers = {
    m.FundingAccrued: _funding_accrued,
    m.MarketSettled: _market_settled,
    m.PeriodClosed: _period_closed,
}
