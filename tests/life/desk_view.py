"""What lives that read the rulebook's book share: who is there and holds what, prices in bounds, commands in time."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import LONG, SHORT, Book, Unit
from deleverage.rulebook.messages import Command
from deleverage.rulebook.rules import Rules

SECOND = 10**9
Party = tuple[Unit, str]
"""A unit and the side of its leg, empty in one-way mode."""


class BookView:
    """A book, its rules, and the draws of one world."""

    def __init__(self, rng: Random, book: Book, rules: Rules, size: int) -> None:
        self.rng, self.book, self.rules = rng, book, rules
        self.size = size  # what a usual leg is worth, quanta
        self.first_price: dict[str, int] = {}

    def at(self, kind: Callable[..., Command], **fields: Any) -> Command:
        """Return a command at the book's time or a little later."""
        later = 0 if self.rng.random() < 0.5 else self.rng.choice((1, 1000, SECOND // 10, SECOND))
        return kind(time_ns=self.book.time_ns + later, **fields)

    def money(self) -> int:
        """Return an amount that carries a usual leg, or a few."""
        return max(1, self.size // self.rng.choice((1, 1, 2, 3, 8)) + self.rng.choice((0, 0, 1, -1)))

    # -- who and where ------------------------------------------------------------------------------------------------

    def live(self) -> list[str]:
        """Return the markets that are not settled."""
        return [key for key, market in self.book.markets.items() if not market.settled]

    def some_market(self) -> str:
        """Return a market, mostly a live one."""
        return self.rng.choice(self.live() or list(self.book.markets))

    def some_unit(self, wanted: Callable[[Unit], bool] = lambda _: True) -> Unit:
        """Return one of the wanted units, or any if there is none."""
        units = list(self.book.units.values())
        return self.rng.choice([unit for unit in units if wanted(unit)] or units)

    def holders(self, market_id: str, sign: int) -> list[Party]:
        """Return who holds lots of a sign in a market."""
        found = ((unit, unit.leg_on(market_id, sign)) for unit in self.book.units.values())
        return [(unit, leg[0].partition("/")[2]) for unit, leg in found if leg is not None]

    def pair(self, market_id: str) -> tuple[Party, Party] | None:
        """Return two units that may trade in a market, as a buyer and a seller that both open."""
        accounts = self.book.accounts
        parties: list[list[Party]] = [[], []]
        for unit in self.book.units.values():
            if unit.isolated_market_id not in ("", market_id) or unit.bankrupt:
                continue
            for place, side in enumerate((LONG, SHORT)):
                if not accounts[unit.account_id].hedge:
                    parties[place].append((unit, ""))
                elif unit.isolated_side in ("", side):
                    parties[place].append((unit, side))
        if not parties[0] or not parties[1]:
            return None
        buyer, seller = self.rng.choice(parties[0]), self.rng.choice(parties[1])
        return (buyer, seller) if buyer[0] is not seller[0] else None

    # -- what they do -------------------------------------------------------------------------------------------------

    def trade(self, market_id: str, buyer: Party, seller: Party, lots: int, price_ticks: int) -> Command:
        """Return a trade."""
        return self.at(
            m.Trade,
            market_id=market_id,
            buyer_unit_id=buyer[0].unit_id,
            seller_unit_id=seller[0].unit_id,
            lots=lots,
            price_ticks=price_ticks,
            buyer_side=buyer[1],
            seller_side=seller[1],
        )

    def mark(self, prices: dict[str, int]) -> Command:
        """Return marks, mostly with the sources that they need, now and then confirmed."""
        sources = max(0, self.rules.min_sources - (self.rng.random() < 0.04))
        marks = tuple(m.MarkUpdate(key, price, sources) for key, price in prices.items())
        often = 0.7 if any(self.book.markets[key].guard for key in prices if key in self.book.markets) else 0.15
        return self.at(m.SetMarks, marks=marks, confirmed=self.rng.random() < often)

    def step(self) -> Iterator[Command]:
        """Run a step, or two."""
        for _ in range(self.rng.choice((1, 1, 2))):
            yield self.at(m.RunStep)

    def moved(self, market_id: str, share: float) -> int:
        """Return the mark moved by a share, within the bounds of the market."""
        mark = self.book.markets[market_id].mark_price_ticks or self.first_price[market_id]
        return self.in_bounds(market_id, mark + round(mark * share))

    def in_bounds(self, market_id: str, price_ticks: int) -> int:
        """Return the nearest price that is one."""
        return max(1, min(self.book.markets[market_id].terms.max_price_ticks, price_ticks))
