"""One step of the waterfall: rounds of stages 0 to 6, then stage 7. Each round works on the live state."""

from collections import defaultdict
from typing import Any

from tests.model.margin import equity, is_guarded
from tests.model.round import Round
from tests.model.state import Market, Unit, World, pay


class Step:
    """What a step knows across its rounds, and the counters of what it did."""

    def __init__(self, world: World, rules: dict[str, Any]) -> None:
        self.world = world
        self.rules = rules
        time, oldest = world.time_ns, rules["max_mark_age_ns"]
        self.guarded = {market.market_id for market in world.all_markets() if is_guarded(market, time, oldest)}
        self.taken_by_backstop: dict[tuple[str, str], int] = defaultdict(int)
        self.paid_to_debts = 0
        self.paid_by_market: dict[str, int] = defaultdict(int)
        self.seen: dict[str, Any] = {"rounds": 0, "fund": [], "deleveraged": [], "socialised": [], "residuals": []}

    def run(self) -> None:
        """Run rounds until one emits nothing or the pace binds, then name what is left."""
        stopped = "pace"
        for number in range(1, self.rules["max_rounds"] + 1):
            if not Round(self, number).run():
                stopped = "quiet"
                break
            self.seen["rounds"] = number
        if stopped == "pace" and not self.could_act():
            stopped = "quiet"
        self.seen["stopped"] = stopped
        self.seen["guarded"] = sorted(self.guarded)
        self.name_residuals(stopped)

    def out_of_reach(self, unit: Unit) -> bool:
        """Return whether a unit has legs and every one of them is guarded."""
        return bool(unit.legs) and all(key in self.guarded for key in unit.legs)

    def open_markets(self) -> list[Market]:
        """Return the markets that are not guarded, by id."""
        return [market for market in self.world.all_markets() if market.market_id not in self.guarded]

    def could_act(self) -> bool:
        """Return whether a bankrupt unit still has unguarded lots or a shortfall."""
        return any(
            unit.bankrupt and (not self.guarded.issuperset(unit.legs) or equity(self.world, unit) < 0)
            for unit in self.world.units.values()
        )

    def name_residuals(self, stopped: str) -> None:
        """Stage 7: move the shortfalls of flat bankrupts into K, name the others, halt if K rose."""
        for unit in self.world.all_units():
            if not unit.bankrupt:
                continue
            shortfall = max(0, -equity(self.world, unit))
            named, reason = 0, "pace" if stopped == "pace" else "capacity"
            if not unit.legs and shortfall:
                named = shortfall
                pay(unit, shortfall)
                self.world.residual += shortfall
                self.world.halted = True
                unit.bankrupt = False
            elif self.guarded.intersection(unit.legs):
                reason = "guard"
            else:
                reason = "pace" if stopped == "pace" else "removal"
            lots = sorted((key, leg.lots) for key, leg in unit.legs.items())
            self.seen["residuals"].append((unit.unit_id, tuple(lots), shortfall, named, reason))
