"""Commands drawn from what their fields are declared as: mostly possible, some of them wrong in one place.

A field's pool hangs on its name's end, as its unit does: a new command of the law is drawn like the others, without a
word here. What a pool offers is told in one table; nothing in it is meant to be likely, only to be tried.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from deleverage.documents.codec import members_of
from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.messages import Command
from deleverage.rulebook.pools import BASES, Drawdown, PoolTerms
from deleverage.rulebook.quantities import END_NS, LARGEST, PPB
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.schedule import Driver, Schedule
from deleverage.scenarios.draws import Draws
from deleverage.vectors.presets import SECOND_NS

Item = TypeVar("Item")


class Proposals:
    """Draws commands that fit a book; times in ns, prices in ticks, sizes in lots, money in quanta."""

    def __init__(self, draws: Draws, book: Book, rules: Rules) -> None:
        """Propose for this book as it stands whenever asked."""
        self.draws, self.book, self.rules = draws, book, rules

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of some items, each equally likely."""
        return items[self.draws.below(len(items))]

    def chance(self, percent: int) -> bool:
        """Return true so many times out of a hundred."""
        return self.draws.below(100) < percent

    def command(self, time_ns: int) -> Command:
        """Return a command of any kind - the more fields, the more often - at this time, seldom too early or late."""
        kinds = [kind for kind in members_of(Command).values() for _ in get_type_hints(kind)]
        drawn: Command = self._record(self.pick(kinds))
        percent = self.draws.below(100)
        return replace(drawn, time_ns=END_NS if percent > 97 else time_ns - (percent < 5))

    def terms(self, market_id: str) -> MarketTerms:
        """Return lawful terms of a market: one of three contracts, one or two tiers, bounds that can be met.

        Half of the markets have a close-out rate, half a schedule that announcements can move.
        """
        draws = self.draws
        contract = self.pick(("linear", "linear", "quanto", "inverse"))
        rate = self.pick((5_000_000, 20_000_000, 50_000_000))
        close_out = self.pick((0, rate // 2))
        tiers = [Tier(0, rate, 2 * rate, close_out_rate_ppb=close_out)]
        if self.chance(40):
            start = draws.between(20_000, 60_000)
            deduction, close_out_deduction = start * rate // PPB, start * close_out // PPB
            tiers.append(Tier(start, 2 * rate, 4 * rate, deduction, 2 * deduction, 2 * close_out, close_out_deduction))
        return MarketTerms(
            market_id,
            quanta_per_tick_lot=0 if contract == "inverse" else self.pick((1, 3, 10)),
            tiers=tuple(tiers),
            max_lots=self.pick((60, 400)),
            max_price_ticks=100_000,
            max_open_interest_lots=self.pick((40, 80, 1_000)),
            contract=contract,
            face_quanta_ticks=draws.between(10_000, 1_000_000) if contract == "inverse" else 0,
            expiry_ns=self.book.time_ns + draws.between(20, 60) * SECOND_NS if self.chance(25) else 0,
            schedule=self._schedule() if self.chance(50) else Schedule(),
            underlying=self.pick(("", "coin", "coin")),
        )

    def _schedule(self) -> Schedule:
        slope = Driver(self.pick((0, 100_000_000)), self.pick((PPB // 3, 2 * PPB)))
        cap, step, notice = self.pick((2, 5)) * PPB, self.pick((0, 300_000_000)), self.pick((0, SECOND_NS))
        return Schedule(cap_ppb=cap, max_step_ppb=step, min_notice_ns=notice, volatility=slope, unit_share=slope)

    def pool_terms(self, pool_id: str) -> PoolTerms:
        """Return lawful terms of a pool of the fund: some with a floor, most with a drawdown."""
        fall = self.pick((50_000_000, 300_000_000))
        drawdown = Drawdown(
            slots=self.pick((1, 10, 100)),
            slot_ns=self.pick((1, SECOND_NS)),
            fall_ppb=fall,
            stop_ppb=self.pick((0, fall // 2)),
            base=self.pick(BASES),
            strict=self.chance(30),
        )
        floor = self.draws.between(1, 2_000) if self.chance(20) else 0
        return PoolTerms(pool_id, floor, drawdown if self.chance(70) else Drawdown())

    def asset_terms(self, asset_id: str) -> AssetTerms:
        """Return lawful terms of a collateral asset; the fund's unit may hold some of it or none."""
        haircut = self.pick((0, 50_000_000, 200_000_000))
        return AssetTerms(
            asset_id,
            price_grains=self.pick((1, 10, 1_000)),
            haircut_ppb=haircut,
            discount_ppb=self.pick((0, haircut // 2, haircut)),
            cap_grains=self.pick((20, 100_000)),
            max_price_quanta=1_000_000,
            fund_cap_grains=self.pick((0, 5, 100_000)),
        )

    # -- by declared type ---------------------------------------------------------------------------------------------

    def _record(self, kind: Any) -> Any:
        if kind in (MarketTerms, AssetTerms):
            market = kind is MarketTerms
            terms = self.terms(self._text("market_id")) if market else self.asset_terms(self._text("asset_id"))
            wrong = self.pick(list(get_type_hints(kind)))
            return replace(terms, **{wrong: self._value(wrong, get_type_hints(kind)[wrong])})
        if kind is PoolTerms and self.chance(80):
            return self.pool_terms(self._text("pool_id"))
        return kind(**{name: self._value(name, hint) for name, hint in get_type_hints(kind).items()})

    def _value(self, name: str, hint: Any) -> Any:
        if get_origin(hint) is tuple:
            return tuple(self._value(name, get_args(hint)[0]) for _ in range(self.pick((1, 1, 2))))
        if hint is bool:
            return self.chance(50)
        if hint is int:
            return self._number(name)
        return self._text(name) if hint is str else self._record(hint)

    def _number(self, name: str) -> int:
        draws, markets = self.draws, list(self.book.markets.values())
        if name.endswith("lots"):
            bounds = [terms.max_lots for terms in (m.terms for m in markets)]
            bounds += [market.terms.max_open_interest_lots - market.open_interest_lots for market in markets]
            return self.pick((0, -1, 1, draws.between(1, 50), -draws.between(1, 50), *(bound + 1 for bound in bounds)))
        if name.endswith("ticks"):
            prices = [market.mark_price_ticks for market in markets if market.mark_price_ticks]
            near = self.pick(prices) if prices else 100
            return self.pick((0, LARGEST, near, near, max(1, near * draws.between(50, 150) // 100)))
        if name.endswith("grains"):
            held = [grains for unit in self.book.units.values() for grains in unit.assets.values()]
            return self.pick((0, 1, draws.between(1, 100), LARGEST + 1, *held, *(grains + 1 for grains in held)))
        if name == "price_quanta":
            prices = [asset.price_quanta for asset in self.book.assets.values() if asset.price_quanta]
            near = self.pick(prices) if prices else 100
            return self.pick((0, LARGEST, near, near, max(1, near * draws.between(50, 150) // 100)))
        if name.endswith("quanta"):
            return self.pick((0, 1, draws.between(1, 1_000), draws.between(1, 1_000_000), LARGEST + 1))
        if name.endswith("leverage_ppb"):
            return self.pick((PPB - 1, draws.between(1, 20) * PPB, 300 * PPB))
        if name.endswith("ppb"):
            return self.pick((-1, 0, draws.between(-PPB, PPB), 2 * PPB))
        if name.endswith("ns"):
            return self.book.time_ns + self.pick((0, 1, SECOND_NS))
        return draws.below(3)

    def _text(self, name: str) -> str:
        book = self.book
        pools: dict[str, tuple[str, ...]] = {
            "unit_id": (*sorted(book.units), "nobody"),
            "account_id": (*sorted(book.accounts), "nobody", "newcomer"),
            "market_id": (*sorted(book.markets), "nowhere"),
            "asset_id": (*sorted(book.assets), "gold"),
            "order_id": (*sorted(book.orders), "none", "new/1"),
            "owner_group": ("", "g", "h"),
            "underlying": ("", "coin"),
            "side": ("", "", "long", "short"),
            "scope": (*sorted(book.markets), "", "nowhere"),
            "reason": ("drill", ""),
            "rules_hash": (self.rules.hash(), self.rules.hash(), "0"),
            "pool_id": (*sorted(book.pools), "zone", "no pool"),
            "base": (*BASES, "median"),
            "role": ("trader", "trader", "backstop", "fund", "king"),
        }
        pool = next((pool for end, pool in pools.items() if name.endswith(end)), ("", "x"))
        return self.pick(pool) if self.chance(97) else "no id"
