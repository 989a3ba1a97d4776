"""The traders of the demo: what each is known to hold, and what those who are drawn want.

What a venue knows of a trader it keeps itself: fills are its own, and whom the service has touched (a liquidation, a
deleveraging) it asks for again. Nobody trades before he is known, so a venue that was started anew asks as it goes.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

from deleverage.demo.book import Match
from deleverage.rulebook.quantities import PPB, div_floor
from deleverage.service.asking import Json

MOST_LEVERAGE = 40
"""What the venue lets a trader reach by itself, before the service is asked."""

LEVERAGES = (1, 2, 3, 5, 8, 12, 20, 30)
"""What traders like, each his own."""

STALE_TICKS = 1_200
WORN_OUT, RICH = 4, 3
"""Below a quarter of what he came with a trader brings that again; above three times as much he takes half."""


class Trader:
    """A trader: money as if he held nothing, and lots by market, as far as he is known (``known_at`` >= 0)."""

    __slots__ = ("cash", "known_at", "leverage", "lots", "name", "stake_quanta")

    def __init__(self, name: str, stake_quanta: int, leverage: int) -> None:
        """Know what he came with and likes, and nothing else yet."""
        self.name, self.stake_quanta, self.leverage = name, stake_quanta, leverage
        self.cash, self.lots, self.known_at = 0, dict[str, int](), -1


class Wish(NamedTuple):
    """What a trader wants: ``patient`` waits in the book."""

    trader: Trader
    market_id: str
    buys: bool
    lots: int
    patient: bool


class Crowd:
    """All of them."""

    def __init__(self, stakes: Mapping[str, int], markets: Mapping[str, int], rng: Random) -> None:
        """Know who there is, and what a lot of each market is worth a tick."""
        self._all = {
            name: Trader(name, stake, LEVERAGES[at % len(LEVERAGES)]) for at, (name, stake) in enumerate(stakes.items())
        }
        self._names = sorted(self._all)
        self.markets = dict(markets)
        self._market_ids = sorted(self.markets)
        self._rng = rng

    def forget(self, name: str) -> None:
        """Ask for him again before he trades."""
        if name in self._all:
            self._all[name].known_at = -1

    def know(self, account: Json, tick: int) -> Trader | None:
        """Take an account as the service tells of it; None where it is no trader's."""
        trader = self._all.get(account["account"])
        if trader is None:
            return None
        legs = [leg for unit in account["units"] for leg in unit["legs"]]
        trader.lots = {leg["market"]: int(leg["lots"]) for leg in legs}
        value = sum(
            trader.lots[leg["market"]] * int(leg["mark_price_ticks"]) * self.markets[leg["market"]] for leg in legs
        )
        trader.cash = int(account["equity_quanta"]) - value
        trader.known_at = tick
        return trader

    def fill(self, market_id: str, match: Match) -> None:
        """Take note of a trade that was acknowledged."""
        value = match.lots * match.price_ticks * self.markets[market_id]
        for name, lots, paid in ((match.buyer, match.lots, value), (match.seller, -match.lots, -value)):
            if (trader := self._all.get(name)) is not None:
                trader.cash -= paid
                trader.lots[market_id] = trader.lots.get(market_id, 0) + lots

    def draw(self, count: int) -> list[Trader]:
        """Return so many, some perhaps twice."""
        return [self._all[name] for name in self._rng.choices(self._names, k=count)]

    def is_known(self, trader: Trader, tick: int) -> bool:
        """Return whether he may trade by what is known of him."""
        return trader.known_at >= 0 and tick - trader.known_at < STALE_TICKS

    def equity(self, trader: Trader, ticks: Mapping[str, int]) -> int:
        """Return what he is worth at prices."""
        return trader.cash + sum(lots * ticks[name] * self.markets[name] for name, lots in trader.lots.items())

    def wish(self, trader: Trader, ticks: Mapping[str, int], lean: Callable[[str], int]) -> Wish | None:
        """Return what he wants to do now, if he can pay for it; ``lean`` (ppb) is how much a market wants buyers."""
        name = self._rng.choice(self._market_ids)
        lot_value = ticks[name] * self.markets[name]
        held = trader.lots.get(name, 0)
        usual = div_floor(trader.stake_quanta * trader.leverage, lot_value)
        lots = max(1, div_floor(usual * self._rng.randint(20, 200), 1_000))
        buys = self._rng.randrange(PPB) < div_floor(PPB, 2) + lean(name)
        if held and (abs(held) > usual or self._rng.random() < 0.4):
            buys, lots = held < 0, min(lots, abs(held))
        after = held + (lots if buys else -lots)
        notional = sum(abs(lots) * ticks[other] * self.markets[other] for other, lots in trader.lots.items())
        notional += (abs(after) - abs(held)) * lot_value
        if abs(after) > abs(held) and notional > MOST_LEVERAGE * self.equity(trader, ticks):
            return None
        return Wish(trader, name, buys, lots, self._rng.random() < 0.35)

    def money(self, trader: Trader, ticks: Mapping[str, int]) -> int:
        """Return what he brings (> 0) or takes out (< 0), by what he is worth."""
        worth = self.equity(trader, ticks)
        if worth * WORN_OUT < trader.stake_quanta:
            return trader.stake_quanta - max(worth, 0)
        return -div_floor(worth, 2) if worth > RICH * trader.stake_quanta and not any(trader.lots.values()) else 0
