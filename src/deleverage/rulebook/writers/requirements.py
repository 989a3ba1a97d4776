"""What facts of leverages and requirements write."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.schedule import Announced, announced_before
from deleverage.rulebook.writers import Writers


def _leverage_set(book: Book, fact: m.LeverageSet) -> None:
    book.units[fact.unit_id].leverages[fact.market_id] = fact.leverage_ppb


def _requirements_announced(book: Book, fact: m.RequirementsAnnounced) -> None:
    market = book.markets[fact.market_id]
    announced = Announced(fact.factor_ppb, fact.open_interest_lots, fact.effective_ns)
    market.announced = (*announced_before(market.announced, fact.effective_ns), announced)


def _requirements_changed(book: Book, fact: m.RequirementsChanged) -> None:
    market = book.markets[fact.market_id]
    market.factor_ppb, market.measured_lots = fact.factor_ppb, fact.measured_lots
    market.announced = market.announced[1:]


WRITERS: Writers = {
    m.LeverageSet: _leverage_set,
    m.RequirementsAnnounced: _requirements_announced,
    m.RequirementsChanged: _requirements_changed,
}
