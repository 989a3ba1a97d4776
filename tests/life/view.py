"""What a random life sees of a domain: equities, room for more lots, prices near the mark - all roughly."""

from math import inf
from random import Random
from typing import Any

Plain = dict[str, Any]

PPB = 10**9
SECOND = 10**9


SIDE_NAMES = {1: "long", -1: "short"}


def market_of(leg_id: str) -> str:
    """Return the market of a leg."""
    return leg_id.split("/")[0]


def lots_on(unit: Plain, market_id: str, side: int) -> int:
    """Return how many lots a unit holds on a side of a market, 0 or more."""
    lots = [leg["lots"] * side for leg_id, leg in unit["legs"].items() if market_of(leg_id) == market_id]
    return max(0, *lots, 0)


class View:
    """A domain's state as it was after the last command, and what a life knows besides."""

    def __init__(self, rng: Random, rules: Plain) -> None:
        self.rng = rng
        self.rules = rules
        self.state: Plain = {}
        self.time = rng.choice((0, 1, 17 * SECOND))
        self.terms: dict[str, Plain] = {}
        self.first_price: dict[str, int] = {}
        self.asset_terms: dict[str, Plain] = {}
        self.settled: list[str] = []  # markets that are closed for good: no longer part of the view
        self.orders = 0
        # How much a leg is worth, in quanta: from "each quantum is felt" to "binary64 does not hold it".
        self.size = rng.choice((60, 900, 50_000, 10**7, 10**7, 10**12, 10**12, 10**19, 10**24))
        self.correlated = rng.random() < 0.3
        self.everywhere = rng.choice((0.1, 0.4, 0.9))
        self.faulty = rng.choice((0, 0.1, 0.3, 0.6))  # the share of commands before which a spoiled one comes
        self.aiming = rng.choice((0, 0.3, 0.6))  # the share before which the state is asked for a refusal
        self.hedgers = rng.choice((0, 0.5, 1))  # the share of accounts with a leg per side

    def at(self, kind: str, **fields: Any) -> Plain:
        """Return a command a little later than the one before."""
        self.time = max(self.time, self.state.get("time_ns", 0))
        if self.rng.random() < 0.4:
            self.time += self.rng.choice((1, 1000, SECOND // 3))
        return {"kind": kind, "time_ns": self.time} | fields

    def some_money(self) -> int:
        """Return an amount that carries a leg or two, seldom a tiny or a huge one."""
        rng = self.rng
        part = rng.choice((3, 5, 10, 20, 50, 150))
        if rng.random() < 0.08:
            return rng.randint(1, 9)
        return max(1, self.size // part + rng.choice((0, 0, 1, -1, rng.randint(0, max(1, self.size // 100)))))

    def lots_of_size(self, market_id: str) -> int:
        """Return the lots that are worth about the world's size at the mark."""
        return max(1, self.size // self.lot_value(market_id))

    def lot_value(self, market_id: str) -> int:
        """Return what a lot is worth at the mark, or at the first price where there is none."""
        known = self.state.get("markets", {}).get(market_id)
        price = known["mark"] if known and known["mark"] else self.first_price[market_id]
        terms = self.terms[market_id]
        if terms["contract"] == "inverse":
            return max(1, int(terms["face_quanta_ticks"] // price))
        return int(price * terms["quanta_per_tick_lot"])

    def equity(self, unit: Plain) -> int:
        """Return a unit's equity."""
        total = int(unit["quote"])
        for leg_id, leg in unit["legs"].items():
            key = market_of(leg_id)
            turned = -1 if self.terms[key]["contract"] == "inverse" else 1
            total += leg["lots"] * (turned * self.lot_value(key) - self.state["markets"][key]["funding"])
        return total

    def rate(self, market_id: str, notional: int) -> int:
        """Return the initial rate of a notional, under the factor in force; shares of open interest aside."""
        tier = [tier for tier in self.terms[market_id]["tiers"] if tier["from_notional_quanta"] <= notional][-1]
        factor = self.state.get("markets", {}).get(market_id, {}).get("factor", PPB)
        return int(min(PPB, -(-tier["initial_rate_ppb"] * factor // PPB)))

    def maintenance(self, unit: Plain) -> int:
        """Return about what a unit needs to stay healthy."""
        needed = 0
        for leg_id, leg in unit["legs"].items():
            key = market_of(leg_id)
            notional = abs(leg["lots"]) * self.lot_value(key)
            tier = [t for t in self.terms[key]["tiers"] if t["from_notional_quanta"] <= notional][-1]
            needed += notional * int(tier["maintenance_rate_ppb"]) // PPB - int(tier["maintenance_deduction_quanta"])
        return max(0, needed)

    def free(self, unit: Plain) -> int:
        """Return about what a unit has free, orders aside."""
        return min(self.equity(unit), self.backing(unit))

    def margin_value(self, unit: Plain) -> int:
        """Return what a unit's assets count as margin."""
        total = 0
        if not unit["bankrupt"] and not unit["carried"]:
            for asset_id, grains in unit["assets"].items():
                terms = self.asset_terms[asset_id]
                worth = min(grains, terms["cap_grains"]) * self.state["assets"][asset_id]["price"]
                total += worth * (PPB - terms["haircut_ppb"]) // (terms["price_grains"] * PPB)
        return int(total)

    def backing(self, unit: Plain) -> int:
        """Return about what a unit has for more lots, orders aside."""
        used = 0
        for leg_id, leg in unit["legs"].items():
            key = market_of(leg_id)
            notional = abs(leg["lots"]) * self.lot_value(key)
            used += notional * self.rate(key, notional) // PPB + 1
        return self.equity(unit) + self.margin_value(unit) - used

    def room(self, unit: Plain, market_id: str, side: int) -> int:
        """Return about how many lots more a unit can carry on a side of a market."""
        if unit["side"] not in ("", SIDE_NAMES[side]):
            return 0
        held = lots_on(unit, market_id, side)
        if not self.hedged(unit) and not held:
            held = -lots_on(unit, market_id, -side)
        value = self.lot_value(market_id)
        free = max(0, self.backing(unit))
        rate = max(self.rate(market_id, value * max(0, held)), 1)
        lots = free * PPB // (value * rate)
        lots = min(lots, max(1, 4 * self.size // value))
        rate = max(self.rate(market_id, value * (max(0, held) + lots)), 1)
        return int(min(free * PPB // (value * rate) + max(0, -held), lots, self.terms[market_id]["max_lots"] - held))

    def full(self, unit_id: str, market_id: str) -> bool:
        """Return whether a unit can carry no lot more, on either side if it has both."""
        unit = self.state["units"][unit_id]
        sides = [side for side in (1, -1) if unit["side"] in ("", SIDE_NAMES[side])]
        return any(self.room(unit, market_id, side) < 1 for side in sides)

    def hedged(self, unit: Plain) -> bool:
        """Return whether a unit has a leg per side."""
        return bool(self.state["accounts"][unit["account"]]["hedge"])

    def aims(self, markets: list[str]) -> list[tuple[str, float]]:
        """Return market and change of price, as a part of it, that takes the equity of a leg's unit; nearest first."""
        found = []
        for unit in self.state["units"].values():
            for leg_id, leg in unit["legs"].items():
                key = market_of(leg_id)
                part = -self.equity(unit) / (leg["lots"] * self.lot_value(key))
                if self.terms[key]["contract"] == "inverse":
                    part = part / (1 - part) if part < 1 else inf  # Its value falls faster than its price.
                if key in markets and -0.8 < part < 1.2 and not unit["bankrupt"]:
                    found.append((key, part))
        return sorted(found, key=lambda aim: abs(aim[1]))

    def live_markets(self) -> list[str]:
        """Return the markets in which something can be opened."""
        any_of = self.rng.random() < 0.1
        found = [
            key
            for key, market in self.state["markets"].items()
            if market["mark"] and (any_of or not self.is_locked(key))
        ]
        return [] if self.is_halted() else found

    def is_locked(self, market_id: str) -> bool:
        """Return whether nothing may be opened in a market."""
        market = self.state["markets"][market_id]
        paused = self.time < market["paused_until"]
        return bool(market["reduce_only"] or paused or market_id in self.state["halts"])

    def is_halted(self) -> bool:
        """Return whether the whole domain stands still."""
        return self.state["halted"] or "" in self.state["halts"]

    def units_for(self, market_id: str) -> list[str]:
        """Return the units that may trade in a market, shuffled."""
        found = [
            key
            for key, unit in self.state["units"].items()
            if not unit["bankrupt"] and unit["isolated"] in ("", market_id)
        ]
        return self.shuffled(found)

    def shuffled(self, units: list[str]) -> list[str]:
        """Return units in random order, half of the time those of some margin mode first: none is to be seldom."""
        self.rng.shuffle(units)
        if units and self.rng.random() < 0.7:
            mode = max(self.mode_of(key) for key in units)
            if self.rng.random() < 0.5:
                mode = self.rng.choice(sorted({self.mode_of(key) for key in units}))
            units.sort(key=lambda key: self.mode_of(key) != mode)
        return units

    def mode_of(self, unit_id: str) -> tuple[bool, bool]:
        """Return whether a unit is isolated, and whether its account is in hedge mode."""
        unit = self.state["units"][unit_id]
        return bool(unit["isolated"]), self.hedged(unit)

    def holders(self, market_id: str, side: int) -> list[str]:
        """Return the units that hold a side of a market, shuffled."""
        found = [
            key for key, unit in self.state["units"].items() if not unit["bankrupt"] and lots_on(unit, market_id, side)
        ]
        return self.shuffled(found)

    def near(self, market_id: str, spread: float = 0.01) -> int:
        """Return a price near the mark."""
        mark = self.state["markets"][market_id]["mark"] or self.first_price[market_id]
        price = mark if self.rng.random() < 0.5 else round(mark * (1 + self.rng.uniform(-spread, spread)))
        return max(1, min(price, self.terms[market_id]["max_price_ticks"]))

    def close_to(self, market_id: str) -> int:
        """Return a price that costs neither side much of its initial margin."""
        return self.near(market_id, self.terms[market_id]["tiers"][0]["initial_rate_ppb"] / PPB / 20)

    def mark(self, market_id: str, price: int, sources: int = 3) -> Plain:
        """Return one proposed mark."""
        return {
            "market_id": market_id,
            "price_ticks": max(1, min(price, self.terms[market_id]["max_price_ticks"])),
            "sources": sources,
        }

    def trade(self, market_id: str, buyer: str, seller: str, lots: int, price: int, closing: bool = False) -> Plain:
        """Return a trade; ``closing``: on the legs that it makes smaller, where there are such."""
        command = self.at(
            "Trade", market_id=market_id, buyer_unit_id=buyer, seller_unit_id=seller, lots=lots, price_ticks=price
        )
        return self.with_sides(command, closing)

    def with_sides(self, command: Plain, closing: bool = False) -> Plain:
        """Return a trade or order with the sides that its units need; in hedge mode it mostly opens."""
        lots = abs(command["lots"])
        parties = [("buyer_side", "buyer_unit_id", 1), ("seller_side", "seller_unit_id", -1)]
        if command["kind"] == "PlaceOrder":
            parties = [("leg_side", "unit_id", 1 if command["lots"] > 0 else -1)]
        return command | {
            name: self.side_of(command[party], command["market_id"], side, lots, closing)
            for name, party, side in parties
        }

    def side_of(self, unit_id: str, market_id: str, side: int, lots: int, closing: bool) -> str:
        """Return the leg of a unit that buys (1) or sells: empty in one-way mode."""
        unit = self.state["units"].get(unit_id)
        if unit is None or not self.hedged(unit):
            return ""
        if unit["side"]:
            return str(unit["side"])
        held = lots_on(unit, market_id, -side)
        wants_to_close = closing or self.rng.random() < 0.25
        return SIDE_NAMES[-side if held and wants_to_close and (held >= lots or self.rng.random() < 0.1) else side]
