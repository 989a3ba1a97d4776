"""One step of the waterfall: rounds of stages 0 to 6, then stage 7. Each round works on the live state."""

from collections import defaultdict
from typing import Any

from tests.model.assets import brought_in, guarded_assets
from tests.model.auctions import end_auctions
from tests.model.conversion import convert
from tests.model.envelopes import end_expired, end_over, waits_for_approval
from tests.model.losses import BY_POOL, bearers, gains_of, rules_of, would_bear_unguarded
from tests.model.margin import equity, gain, is_guarded, is_unhealthy, period_profit
from tests.model.numbers import sign
from tests.model.order import candidates
from tests.model.pace import Pace
from tests.model.relieve import Sale
from tests.model.round import Round
from tests.model.state import Debt, Market, Unit, World, market_of, move, pay, units_with_opening_orders
from tests.model.throttle import Throttle, stress_of
from tests.model.trigger import is_held_back


class Step:
    """What a step knows across its rounds, and the counters of what it did."""

    def __init__(self, world: World, rules: dict[str, Any]) -> None:
        self.world = world
        self.rules = rules
        time, oldest = world.time_ns, rules["max_mark_age_ns"]
        self.guarded = {market.market_id for market in world.all_markets() if is_guarded(market, time, oldest)}
        self.guarded |= set(world.halts) - {""}
        self.guarded_assets = guarded_assets(world, time, rules)
        self.taken_by_backstop: dict[tuple[str, str], int] = defaultdict(int)
        self.passed: dict[tuple[str, str], dict[str, str]] = {}
        self.unsold: list[Sale] = []
        self.paid_to_debts = 0
        self.paid_by_market: dict[str, int] = defaultdict(int)
        self.paid_by_leg: dict[Debt, int] = defaultdict(int)
        self.notionals: dict[Debt, int] = {
            (unit.unit_id, key): abs(leg.lots * world.markets[market_of(key)].lot_value)
            for unit in world.all_units()
            for key, leg in unit.legs.items()
        }
        self.taken: dict[str, int] = defaultdict(int)
        stress = stress_of(self)
        self.reducing = Throttle(rules["reduce_throttle"], stress)
        self.pace = Pace(rules["pace"], Throttle(rules["close_throttle"], stress))
        self.held = [unit for unit in world.all_units() if unit.isolated and unit.legs]
        self.gains = {
            unit.unit_id: gains_of(world, unit, self.guarded) for unit in world.all_units() if not unit.bankrupt
        }
        self.seen: dict[str, Any] = {"rounds": 0, "switches": [], "converted": [], "reduced": [], "taken_over": []}
        self.seen |= {"fund": [], "rules_hashes": [rules["hash"]]}
        self.seen |= {"ended": [], "auctions_opened": [], "auctions_ended": []}
        self.seen |= {"deleveraged": [], "socialised": [], "residuals": []}

    def run(self) -> None:
        """Run rounds until one emits nothing or the pace binds, then name what is left."""
        end_expired(self)
        stopped = "pace"
        for number in range(1, self.pace.rounds + 1):
            one = Round(self, number)
            if not one.run():
                stopped = "pace" if one.paced else "quiet"
                break
            self.seen["rounds"] = number
        last = Round(self, 0)
        convert(last)
        last.declare()
        self.seen["stopped"] = stopped
        self.seen["guarded"] = sorted(self.guarded)
        self.seen["unsold"] = self.unsold
        # By market, long before short as in the alphabet, and unit.
        places = sorted(self.passed.items())
        self.seen["passed"] = [(*place, *passed) for place, aside in places for passed in sorted(aside.items())]
        self.release()
        last.close()
        self.name_residuals(stopped)
        end_over(self)
        end_auctions(self)
        self.world.waiting = any(unit.bankrupt and not unit.legs for unit in self.world.units.values())
        self.tell_graces_and_throttles()

    def release(self) -> bool:
        """Give what is left of isolated units that became flat in this step to their accounts' cross units."""
        moved = False
        with_orders = units_with_opening_orders(self.world)
        for unit in self.held:
            if not unit.legs and not unit.bankrupt and unit.unit_id not in with_orders and unit.quote > 0:
                move(unit, self.world.units[unit.account_id], unit.quote, period_profit(self.world, unit))
                moved = True
        return moved

    def out_of_reach(self, unit: Unit) -> bool:
        """Return whether a unit has legs and every one of them is guarded."""
        return bool(unit.legs) and all(self.is_guarded(key) for key in unit.legs)

    def is_spared(self, unit: Unit, leg_id: str) -> bool:
        """Return whether a grace keeps stages 1 to 3 from a leg."""
        return self.world.markets[market_of(leg_id)].spares(unit, self.world.time_ns)

    def can_be_liquidated(self, unit: Unit) -> bool:
        """Return whether a unit that is not bankrupt has a leg that is neither guarded nor spared."""
        return any(not self.is_guarded(key) and not self.is_spared(unit, key) for key in unit.legs)

    def is_guarded(self, leg_id: str) -> bool:
        """Return whether a leg's market is guarded."""
        return market_of(leg_id) in self.guarded

    def waits_for_price(self, unit: Unit) -> bool:
        """Return whether a unit below zero could be above it if it could sell its guarded assets."""
        if unit.bankrupt or equity(self.world, unit) >= 0:
            return False
        waiting = [key for key in unit.assets if key in self.guarded_assets]
        worth = sum(brought_in(self.world.assets[key], unit.assets[key]) for key in waiting)
        return equity(self.world, unit) + worth >= 0

    def open_markets(self) -> list[Market]:
        """Return the markets that are not guarded, by id."""
        return [market for market in self.world.all_markets() if market.market_id not in self.guarded]

    def name_residuals(self, stopped: str) -> None:
        """Stage 7: move the shortfalls of flat bankrupts into K where nothing can carry them, name the others."""
        waits = self.waits_for(stopped)
        for unit in self.world.all_units():
            if not unit.bankrupt:
                continue
            shortfall = max(0, -equity(self.world, unit))
            named, reason = 0, waits or "capacity"
            lots = sorted((key, leg.lots) for key, leg in unit.legs.items())
            if unit.legs:
                reason = self.why_lots_stay(unit)
            elif not waits:
                named = shortfall
                pay(unit, shortfall)
                self.world.residual += shortfall
                self.world.halted = True
                unit.bankrupt = False
            self.seen["residuals"].append((unit.unit_id, tuple(lots), shortfall, named, reason))

    def waits_for(self, stopped: str) -> str:
        """Return what a shortfall without lots still waits for, or nothing."""
        for unit in self.world.all_units():
            if self.waits_for_price(unit):
                return "guard"
            if unit.legs and (unit.bankrupt or equity(self.world, unit) < 0):
                return self.why_lots_stay(unit)
            guarded = [(market_of(key), leg) for key, leg in unit.legs.items() if self.is_guarded(key)]
            if any(gain(self.world.markets[key], leg) > 0 for key, leg in guarded):
                return "guard"
        rules = [rule for rule in rules_of(self.rules["loss_rule"]) if rule["name"] not in BY_POOL]
        if stopped == "pace" and any(cap > 0 for rule in rules for _, _, cap in bearers(self, rule)):
            return "pace"
        return "guard" if any(would_bear_unguarded(self, rule) for rule in rules) else ""

    def why_lots_stay(self, unit: Unit) -> str:
        """Return why a bankrupt unit still has lots."""
        if any(self.is_guarded(key) for key in unit.legs):
            return "guard"
        pools = [(self.world.markets[market_of(key)], sign(leg.lots)) for key, leg in unit.legs.items()]
        if any(is_held_back(self.world, *pool, self.rules["trigger"]) for pool in pools):
            return "trigger"
        if any(waits_for_approval(self.world, *pool, self.rules) for pool in pools):
            return "approval"
        for market, side in pools:
            sharing = [one for one in self.world.all_units() if one.bankrupt and one.lots_on(market.market_id, side)]
            owners = {one.account_id for one in (unit, *sharing)}
            if candidates(self.world, market, side, owners, self.rules)[1]:
                return "removal"
        return "pace"

    def tell_graces_and_throttles(self) -> None:
        """Note which legs a grace spared, and what the throttles allowed, did and kept back."""
        ill = [unit for unit in self.world.all_units() if not unit.bankrupt and is_unhealthy(self.world, unit)]
        bankrupt = [unit for unit in self.world.all_units() if unit.bankrupt]
        spared, selling = [], []
        for unit in ill:
            for market_id in sorted({market_of(key) for key in unit.legs} - self.guarded):
                market = self.world.markets[market_id]
                if market.spares(unit, self.world.time_ns):
                    spared.append((unit.unit_id, market_id, market.grace_until))
                else:
                    selling.append(market.lot_value)
        closing = {market_of(key) for unit in bankrupt for key in unit.legs} - self.guarded
        self.seen["spared"] = spared
        self.seen["throttles"] = self.reducing.told(2, selling)
        self.seen["throttles"] += self.pace.throttle.told(5, [self.world.markets[key].lot_value for key in closing])
