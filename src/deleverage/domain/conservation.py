"""The sum that must be 0, added up once more by a path of its own, for the last line of every run."""

from typing import NamedTuple

from deleverage.rulebook.book import Book, market_of
from deleverage.rulebook.margin import equity


class Balance(NamedTuple):
    """Every place money can be, in quanta, and the lots per market; ``difference_quanta`` must be 0."""

    quotes_quanta: int
    equity_quanta: int
    pots: tuple[tuple[str, int], ...]
    residual_quanta: int
    net_deposits_quanta: int
    lots: tuple[tuple[str, int], ...]
    assets: tuple[tuple[str, int], ...]  # grains that units hold less what came in
    difference_quanta: int

    @property
    def exact(self) -> bool:
        """Whether every unit of money and of each asset is accounted for, and lots sum to 0 per market."""
        at_marks = self.equity_quanta == self.quotes_quanta
        left_over = any(count for _, count in (*self.lots, *self.assets))
        return self.difference_quanta == 0 and at_marks and not left_over


def balance(book: Book) -> Balance:
    """Return the balance of a book: sum C + F + G + R + S - K - X, and sum of Q per market."""
    quotes = equities = 0
    grains = {asset_id: -asset.net_deposits_grains for asset_id, asset in sorted(book.assets.items())}
    lots = dict.fromkeys(sorted(book.markets), 0)
    for unit in book.units.values():
        quotes += unit.quote
        equities += equity(book, unit)
        for asset_id, held in unit.assets.items():
            grains[asset_id] += held
        for leg_id, leg in unit.legs.items():
            lots[market_of(leg_id)] += leg.lots
    pots = tuple(book.pots.items())
    difference = quotes + sum(amount for _, amount in pots) - book.residual_quanta - book.net_deposits_quanta
    return Balance(
        quotes,
        equities,
        pots,
        book.residual_quanta,
        book.net_deposits_quanta,
        tuple(lots.items()),
        tuple(grains.items()),
        difference,
    )
