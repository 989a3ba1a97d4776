"""Who bears a debt without lots: the loss rules of stage 6, each as weights and caps of units."""

from typing import TYPE_CHECKING, Any

from tests.model.margin import equity, gain, period_profit
from tests.model.state import Unit, World, market_of

if TYPE_CHECKING:
    from tests.model.step import Step

Bearer = tuple[str, int, int]
"""A unit, its weight and its cap."""

BY_POOL = ("funding-index",)
"""Rules that are asked pool by pool; all others about all debts together."""


def rules_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the single rules of a spec in the order in which they are asked."""
    if spec["name"] == "in-order":
        return [rule for part in spec["of"] for rule in rules_of(part)]
    return [spec]


def gains_of(world: World, unit: Unit, guarded: set[str]) -> dict[str, int]:
    """Return a unit's net gain, the sum of its positive leg gains, and its variation; guarded gains do not count."""
    gains = {key: gain(world.markets[market_of(key)], leg) for key, leg in unit.legs.items()}
    moved = {}
    for key, leg in unit.legs.items():
        market = world.markets[market_of(key)]
        moved[key] = min(gains[key], leg.lots * (market.lot_value - market.value_at(market.previous)))
    free = [key for key in gains if market_of(key) not in guarded]
    return {
        "net": min(sum(gains[key] for key in free), sum(gains.values())),
        "legs": sum(max(0, gains[key]) for key in free),
        "variation": min(sum(moved[key] for key in free), sum(moved.values())),
    }


def bearers(step: "Step", rule: dict[str, Any], pool: tuple[str, str] = ("", "")) -> list[Bearer]:
    """Return who bears something now under a rule, asked about one pool or (no market) about all debts."""
    found = []
    for unit in step.world.all_units():
        if not unit.bankrupt and not step.out_of_reach(unit):
            gains = step.gains.get(unit.unit_id, dict.fromkeys(("net", "legs", "variation"), 0))
            found.append(_bearer(step.world, unit, rule, pool, gains, step.taken[unit.unit_id], step.guarded))
    return [one for one in found if one[1] > 0]


def would_bear_unguarded(step: "Step", rule: dict[str, Any]) -> bool:
    """Return whether a unit that is out of reach would bear something if no mark were guarded."""
    for unit in step.world.all_units():
        if not unit.bankrupt and step.out_of_reach(unit):
            _, weight, cap = _bearer(step.world, unit, rule, ("", ""), gains_of(step.world, unit, set()), 0, set())
            if weight > 0 and cap > 0:
                return True
    return False


def _bearer(
    world: World,
    unit: Unit,
    rule: dict[str, Any],
    pool: tuple[str, str],
    gains: dict[str, int],
    taken: int,
    guarded: set[str],
) -> Bearer:
    name, own, u = rule["name"], equity(world, unit), unit.unit_id
    uncertain = sum(
        max(0, gain(world.markets[market_of(key)], leg)) for key, leg in unit.legs.items() if market_of(key) in guarded
    )
    certain, profit = own - uncertain, period_profit(world, unit) - uncertain
    if name == "nobody":
        return u, 0, 0
    if not unit.legs and name not in ("flat-too", "exchange-rate", "clawback"):
        return u, 0, 0
    if unit.legs and name == "flat-too":
        return u, 0, 0
    if name == "clawback":
        return u, max(0, profit), max(0, min(profit, own))
    if name == "funding-index":
        market_id, side = pool
        theirs = 1 if side == "long" else -1
        sides = {"both": (1, -1), "opposite": (-theirs,), "own": (theirs,)}[rule.get("side", "both")]
        return u, sum(unit.lots_on(market_id, one) for one in sides), max(0, own)
    floor = rule.get("floor_quanta", 0)
    both = {
        "winners-pro-rata": min(own, gains["legs" if rule.get("base") == "leg" else "net"] - taken),
        "vmgh": min(own, gains["variation"] - taken),
        "payout": min(own, certain) - floor,
        "flat-too": own - floor,
        "exchange-rate": min(own, certain),
    }[name]
    return u, max(0, both), max(0, both)
