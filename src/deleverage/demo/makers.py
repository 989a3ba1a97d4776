"""Makers: quotes in the venue's book, and orders at the service that liquidations may be sold into.

Quotes are the venue's own affair and are made anew with every price. What a maker is willing to take from liquidations
has to be known where these are decided: it rests at the service, and is changed when prices have moved away from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from deleverage.demo.book import Book, Order
from deleverage.demo.clearing import Clearing
from deleverage.rulebook.messages import CancelOrder, PlaceOrder
from deleverage.rulebook.quantities import PPB, div_floor

LEVELS, NEAREST_PPB, APART_PPB = 6, 150_000, 250_000
DEPTH_LEVELS, DEPTH_NEAREST_PPB, DEPTH_APART_PPB = 3, 2_000_000, 3_000_000
LEVEL_QUANTA = 60_000 * 10**6
"""What a quote is worth, at most; what rests for liquidations is a part of it for each level."""

MOVED_PPB = 3_000_000
MOST_LEAN_PPB = 200_000_000
"""How much likelier than even a taker takes the side that relieves the makers."""

FULL_QUANTA = 4_000_000 * 10**6
"""Of a maker's inventory in a market: quotes lean with it."""


class Makers:
    """All of them; ``held`` is what each holds by market."""

    def __init__(self, names: Sequence[str], markets: Mapping[str, int], rng: Random) -> None:
        """Know who they are, and what a lot is worth a tick."""
        self._names, self._markets, self._rng = names, markets, rng
        self.held = {name: dict.fromkeys(markets, 0) for name in names}
        self._placed: dict[str, int] = {}
        self._resting: set[str] = set()

    def fill(self, owner: str, market_id: str, lots: int) -> None:
        """Take note of lots that one of them bought, or (< 0) sold."""
        if owner in self.held:
            self.held[owner][market_id] += lots

    def lean_ppb(self, market_id: str, ticks: int) -> int:
        """Return how much buyers are wanted (sellers: < 0)."""
        lots = sum(held[market_id] for held in self.held.values())
        full = FULL_QUANTA * len(self._names)
        lean = div_floor(lots * ticks * self._markets[market_id] * MOST_LEAN_PPB, full)
        return max(-MOST_LEAN_PPB, min(MOST_LEAN_PPB, lean))

    def quote(self, books: Mapping[str, Book], ticks: Mapping[str, int], tick: int, *, shy: bool) -> None:
        """Have quotes around prices, anew; ``shy``: few and small, as in a crash."""
        for market_id, book in books.items():
            price = ticks[market_id]
            for name in self._names:
                book.withdraw(name)
                skew = -div_floor(self.lean_ppb(market_id, price), 1_000)
                for level in range(2 if shy else LEVELS):
                    away = NEAREST_PPB + level * APART_PPB + self._rng.randrange(APART_PPB)
                    lots = self._lots(market_id, price, 10 if shy else 1)
                    for buys in (True, False):
                        at = price + div_floor(price * (skew + (-away if buys else away)), PPB)
                        book.place(Order(name, buys, lots, max(1, at), tick + 10**9), rests=True)

    def rest(self, clearing: Clearing, ticks: Mapping[str, int], *, shy: bool) -> None:
        """Note what changes what rests for liquidations, in markets whose price has moved away from it."""
        for market_id, price in ticks.items():
            placed = self._placed.get(market_id, 0)
            if placed and abs(price - placed) * PPB < MOVED_PPB * placed:
                continue
            self._placed[market_id] = price
            for name in self._names:
                self._change(clearing, name, market_id, price, 1 if shy else DEPTH_LEVELS, 8 if shy else 2)

    def _change(self, clearing: Clearing, name: str, market_id: str, price: int, levels: int, thin: int) -> None:
        for level in range(DEPTH_LEVELS):
            for side, sign in (("bid", -1), ("ask", 1)):
                order_id = f"{name}-{market_id}-{side}-{level}"
                if order_id in self._resting:
                    clearing.note(CancelOrder(time_ns=0, order_id=order_id))
                    self._resting.discard(order_id)
                if level < levels:
                    away = DEPTH_NEAREST_PPB + level * DEPTH_APART_PPB
                    at = price + sign * div_floor(price * away, PPB)
                    lots = -sign * self._lots(market_id, price, thin)
                    clearing.note(
                        PlaceOrder(
                            time_ns=0, order_id=order_id, unit_id=name, market_id=market_id, lots=lots, price_ticks=at
                        )
                    )
                    self._resting.add(order_id)

    def know_resting(self, owner: str, order_ids: Iterable[str]) -> None:
        """Take over what rests of one of them; what was sold into is made anew with the next prices."""
        rests = set(order_ids)
        gone = {one for one in self._resting if one.startswith(f"{owner}-")} - rests
        self._resting = self._resting - gone | rests
        for market_id in list(self._placed):
            if any(f"-{market_id}-" in one for one in gone):
                del self._placed[market_id]

    def _lots(self, market_id: str, price: int, thin: int) -> int:
        most = max(1, div_floor(LEVEL_QUANTA, price * self._markets[market_id] * thin))
        return self._rng.randint(max(1, div_floor(most, 3)), most)
