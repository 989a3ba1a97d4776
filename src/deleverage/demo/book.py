"""An order book of one market: the best price first, and at a price whoever came first.

Rules of this module: a trade has the price of the order that rested; who would trade with himself takes back what
rested; what is not filled rests, or with ``rests=False`` is gone. Deliberately absent: money and margin.
"""

from bisect import insort
from collections import deque
from typing import NamedTuple


class Match(NamedTuple):
    """A trade: ``lots`` > 0 from seller to buyer, at the price of the one that rested."""

    buyer: str
    seller: str
    lots: int
    price_ticks: int


class Order:
    """An order: ``lots`` > 0 are left of it. ``born`` is when it came."""

    __slots__ = ("born", "buys", "lots", "owner", "price_ticks")

    def __init__(self, owner: str, buys: bool, lots: int, price_ticks: int, born: int = 0) -> None:
        """Make one."""
        self.owner, self.buys, self.lots, self.price_ticks, self.born = owner, buys, lots, price_ticks, born


class Side:
    """Resting orders of one side; ``sign`` makes the best price the least."""

    def __init__(self, sign: int) -> None:
        """Begin with none."""
        self._sign = sign
        self._ranks: list[int] = []
        self._queues: dict[int, deque[Order]] = {}

    @property
    def best(self) -> int | None:
        """The best price; None: nobody is there."""
        return self._sign * self._ranks[0] if self._ranks else None

    def orders(self) -> list[Order]:
        """Return all of them, who is served first first."""
        return [order for rank in self._ranks for order in self._queues[rank]]

    def rest(self, order: Order) -> None:
        """Add one behind those of its price."""
        rank = self._sign * order.price_ticks
        if rank not in self._queues:
            insort(self._ranks, rank)
            self._queues[rank] = deque()
        self._queues[rank].append(order)

    def first(self) -> Order:
        """Return who is served first; there is somebody."""
        return self._queues[self._ranks[0]][0]

    def drop_first(self) -> None:
        """Take away who is served first."""
        rank = self._ranks[0]
        self._queues[rank].popleft()
        if not self._queues[rank]:
            del self._queues[rank], self._ranks[0]

    def keep(self, orders: list[Order]) -> None:
        """Have these, in this order, and no others."""
        self._ranks, self._queues = [], {}
        for order in orders:
            self.rest(order)


class Book:
    """The orders of a market."""

    def __init__(self) -> None:
        """Begin with none."""
        self.bids, self.asks = Side(-1), Side(1)

    def place(self, order: Order, *, rests: bool = True) -> list[Match]:
        """Return the trades of an order; what is left of it rests, if it may."""
        own, other = (self.bids, self.asks) if order.buys else (self.asks, self.bids)
        found: list[Match] = []
        while order.lots and (best := other.best) is not None:
            if best > order.price_ticks if order.buys else best < order.price_ticks:
                break
            resting = other.first()
            if resting.owner == order.owner:
                other.drop_first()
                continue
            lots = min(order.lots, resting.lots)
            sides = (order.owner, resting.owner) if order.buys else (resting.owner, order.owner)
            found.append(Match(*sides, lots, resting.price_ticks))
            order.lots -= lots
            resting.lots -= lots
            if not resting.lots:
                other.drop_first()
        if order.lots and rests:
            own.rest(order)
        return found

    def withdraw(self, owner: str) -> None:
        """Take back what an owner has resting."""
        for side in (self.bids, self.asks):
            side.keep([order for order in side.orders() if order.owner != owner])

    def expire(self, before: int) -> None:
        """Take back what came before a time."""
        for side in (self.bids, self.asks):
            side.keep([order for order in side.orders() if order.born >= before])

    @property
    def spread(self) -> tuple[int | None, int | None]:
        """The best bid and the best ask."""
        return self.bids.best, self.asks.best
