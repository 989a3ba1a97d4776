"""Accounts of the venue's own house: makers and the backstop. Known at the start, and again once they were touched."""

from collections.abc import Iterable, Mapping

from deleverage.demo.book import Book, Match, Order
from deleverage.demo.clearing import Clearing
from deleverage.demo.makers import Makers
from deleverage.rulebook.messages import Deposit
from deleverage.rulebook.quantities import div_floor
from deleverage.service.asking import Asker

BACKSTOP = "vault"
UNWOUND_AT_ONCE = 40
"""The backstop sells one part in so many of what it took over, a tick."""


class Staff:
    """What they hold and are worth; ``stakes``: what each came with."""

    def __init__(self, looker: Asker, clearing: Clearing, makers: Makers, stakes: Mapping[str, int]) -> None:
        """Know nothing yet."""
        self._looker, self._clearing, self._makers, self._stakes = looker, clearing, makers, stakes
        self._taken: dict[str, int] = {}
        self._worth: dict[str, int] = {}

    def know(self, names: Iterable[str] | None = None) -> None:
        """Ask for some of them, or all."""
        for name in self._stakes if names is None else sorted(self._stakes.keys() & set(names)):
            account = self._looker.get(f"/v1/accounts/{name}")
            legs = [leg for unit in account["units"] for leg in unit["legs"]]
            lots = {leg["market"]: int(leg["lots"]) for leg in legs}
            self._worth[name] = int(account["equity_quanta"])
            if name == BACKSTOP:
                self._taken = lots
            else:
                self._makers.held[name] = dict.fromkeys(self._makers.held[name], 0) | lots
                self._makers.know_resting(name, [order["order"] for order in account["orders"]])

    def fill(self, market_id: str, match: Match) -> None:
        """Take note of a trade that was acknowledged."""
        for name, lots in ((match.buyer, match.lots), (match.seller, -match.lots)):
            self._makers.fill(name, market_id, lots)
            if name == BACKSTOP:
                self._taken[market_id] = self._taken.get(market_id, 0) + lots

    def unwind(self, books: Mapping[str, Book], ticks: Mapping[str, int]) -> list[tuple[str, Match]]:
        """Return trades by which the backstop gives back a little of what it took over."""
        found = []
        for market_id, lots in sorted(self._taken.items()):
            if lots:
                some = max(1, div_floor(abs(lots), UNWOUND_AT_ONCE))
                reach = max(1, div_floor(ticks[market_id] * (101 if lots < 0 else 99), 100))
                order = Order(BACKSTOP, lots < 0, min(some, abs(lots)), reach)
                found += [(market_id, match) for match in books[market_id].place(order, rests=False)]
        return found

    def refill(self) -> None:
        """Ask how they stand, and note what brings those back to their stake that have lost half of it."""
        self.know()
        for name, worth in self._worth.items():
            if 2 * worth < self._stakes[name]:
                amount = self._stakes[name] - max(worth, 0)
                self._clearing.note(Deposit(time_ns=0, unit_id=name, amount_quanta=amount))
