"""Who pays which pool when several markets close at once: one collection over all pools, under caps on each unit.

With one market it is one split: the money that is asked, equally per lot, at most each equity.
"""

from deleverage.rulebook.apportion import Share, apportion, round_to_total
from deleverage.rulebook.quantities import div_ceil, div_floor

Lots = dict[str, dict[str, int]]
"""Closed lots per unit and market."""


GRID = 2**64
"""Grid points per quantum, on which the ideal parts of a joint collection lie: far finer than any number of units."""


def collect(needs: dict[str, int], lots: Lots, caps: dict[str, int | None]) -> dict[str, dict[str, int]]:
    """Return what each unit pays each pool (keyed by market): equal per lot until a cap binds, over all pools at once.

    ``needs`` is the money per pool, ``caps`` each unit's equity (``None``: unbounded), all in quanta. The ideal parts
    lie on a grid of 2^-64 quantum and are rounded once: first each unit's, so that they sum to at most its cap, then
    each pool's under these bounds. What rounding leaves open is asked of those with equity left, pool by pool, so a
    pool collects less than it needs only if every unit closed in it has paid its whole cap.
    """
    ideals = _ideal_parts(needs, lots, caps)
    bounds: dict[str, dict[str, int]] = {}
    for unit_id, parts in ideals.items():
        ceilings = {market_id: div_ceil(part, GRID) for market_id, part in parts.items()}
        cap = caps[unit_id]
        budget = sum(ceilings.values()) if cap is None else min(cap, sum(ceilings.values()))
        bounds[unit_id] = round_to_total(budget, parts, ceilings, GRID)
    paid: dict[str, dict[str, int]] = {unit_id: {} for unit_id in lots}
    for market_id, need in needs.items():
        pool = {unit_id: parts[market_id] for unit_id, parts in ideals.items() if market_id in parts}
        limits = {unit_id: bounds[unit_id][market_id] for unit_id in pool}
        for unit_id, part in round_to_total(min(need, sum(limits.values())), pool, limits, GRID).items():
            paid[unit_id][market_id] = part
    for market_id, need in sorted(needs.items()):
        members = [unit_id for unit_id in sorted(paid) if market_id in paid[unit_id]]
        missing = need - sum(paid[unit_id][market_id] for unit_id in members)
        spare = {u: None if (cap := caps[u]) is None else cap - sum(paid[u].values()) for u in members}
        rest = apportion(missing, [Share(u, lots[u][market_id], spare[u]) for u in members])
        for unit_id, part in rest.parts.items():
            paid[unit_id][market_id] += part
    return paid


def _ideal_parts(needs: dict[str, int], lots: Lots, caps: dict[str, int | None]) -> dict[str, dict[str, int]]:
    """Fill the pools in passes: each spreads what it still needs equally per lot over its units with equity left.

    A unit asked for more than it has pays its pools in proportion to what they ask, and leaves; passes end when nobody
    left. All numbers count grid points, every division rounds down. (As exact rationals they would grow with every
    pass: 40 units in 2 pools reached denominators of 300,000 bits.)
    """
    parts = {unit_id: dict.fromkeys(closed, 0) for unit_id, closed in lots.items()}
    left = {unit_id: None if (cap := caps[unit_id]) is None else cap * GRID for unit_id in sorted(lots)}
    open_needs = {market_id: need * GRID for market_id, need in needs.items()}
    somebody_left = True
    while somebody_left:
        somebody_left = False
        active = [unit_id for unit_id, rest in left.items() if rest is None or rest > 0]
        active_lots = dict.fromkeys(needs, 0)
        for unit_id in active:
            for market_id, closed in lots[unit_id].items():
                active_lots[market_id] += closed
        asked_now = {m: (need, active_lots[m]) for m, need in open_needs.items() if need > 0 and active_lots[m] > 0}
        for unit_id in active:
            asks = {}
            for market_id, closed in lots[unit_id].items():
                if market_id in asked_now:
                    need, total_lots = asked_now[market_id]
                    asks[market_id] = div_floor(need * closed, total_lots)
            asked, rest = sum(asks.values()), left[unit_id]
            if rest is not None and asked > rest:
                asks = {market_id: div_floor(ask * rest, asked) for market_id, ask in asks.items()}
                left[unit_id] = 0
                somebody_left = True
            elif rest is not None:
                left[unit_id] = rest - asked
            for market_id, ask in asks.items():
                parts[unit_id][market_id] += ask
                open_needs[market_id] -= ask
    return parts
