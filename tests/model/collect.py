"""The money of stage 5: what each unit pays each pool, all pools together, in rational numbers and then in quanta."""

from collections import defaultdict
from fractions import Fraction
from math import ceil, floor

from tests.model.numbers import split

Place = tuple[str, str]
"""A unit and a pool."""


def collect(
    asked: dict[str, int], closed: dict[str, dict[str, int]], caps: dict[str, int] | None
) -> tuple[dict[Place, int], dict[str, int]]:
    """Return what each (unit, pool) pays, and for each unit that was asked for more than it had, how many pools asked.

    ``asked`` is the money each pool needs, ``closed`` the lots of each pool's units, ``caps`` what each unit has (None:
    no caps). Pools are ordered by their ids.
    """
    exact, capped = _passes(asked, closed, caps)
    unit_caps = _unit_caps(exact, caps)
    money: dict[Place, int] = {}
    for pool in sorted(asked):
        members = sorted(place for place in exact if place[1] == pool)
        target = min(asked[pool], sum(unit_caps[place] for place in members))
        for place in members:
            money[place] = floor(exact[place])
        missing = target - sum(money[place] for place in members)
        for place in sorted(members, key=lambda place: (floor(exact[place]) - exact[place], place)):
            if missing > 0 and money[place] < unit_caps[place]:
                money[place] += 1
                missing -= 1
        assert missing <= 0, "a pool missed its target"
    for pool in sorted(asked):
        _ask_again(pool, asked[pool], closed[pool], money, caps)
    return money, capped


def _ask_again(
    pool: str, asked: int, lots: dict[str, int], money: dict[Place, int], caps: dict[str, int] | None
) -> None:
    """Split what rounding left open in a pool over its units, by lots, as far as they have equity left."""
    missing = asked - sum(money[unit, pool] for unit in lots)
    left: dict[str, int | None] = dict.fromkeys(lots)
    if caps is not None:
        left = {unit: caps[unit] - sum(quanta for (u, _), quanta in money.items() if u == unit) for unit in lots}
    for unit, part in split(missing, [(unit, lots[unit], left[unit]) for unit in sorted(lots)]).items():
        money[unit, pool] += part


def _passes(
    asked: dict[str, int], closed: dict[str, dict[str, int]], caps: dict[str, int] | None
) -> tuple[dict[Place, Fraction], dict[str, int]]:
    need = {pool: Fraction(quanta) for pool, quanta in asked.items()}
    paid = {(unit, pool): Fraction(0) for pool in closed for unit in closed[pool]}
    units = sorted({unit for unit, _ in paid})
    rest = {unit: Fraction(caps[unit]) for unit in units} if caps is not None else None
    capped: dict[str, int] = {}
    gone = 0
    while True:
        active = [unit for unit in units if rest is None or rest[unit] > 0]
        weight = {pool: sum(closed[pool].get(unit, 0) for unit in active) for pool in need}
        now: dict[Place, Fraction] = {}
        for unit in active:
            asks = {
                p: on_grid(need[p] * closed[p][unit] / weight[p]) for p in need if unit in closed[p] and need[p] > 0
            }
            total = sum(asks.values(), Fraction(0))
            if rest is not None and total > rest[unit]:
                asks = {pool: on_grid(ask * rest[unit] / total) for pool, ask in asks.items()}
                capped[unit] = len(asks)
                rest[unit] = Fraction(0)
            elif rest is not None:
                rest[unit] -= total
            for pool, ask in asks.items():
                now[unit, pool] = ask
        for (unit, pool), quanta in now.items():
            paid[unit, pool] += quanta
            need[pool] -= quanta
        if len(capped) == gone:
            break
        gone = len(capped)
    return paid, capped


def on_grid(quanta: Fraction) -> Fraction:
    """Return an amount rounded down to the grid of 2^-64 quantum on which the passes are made."""
    return Fraction(floor(quanta * 2**64), 2**64)


def _unit_caps(exact: dict[Place, Fraction], caps: dict[str, int] | None) -> dict[Place, int]:
    """Return each unit's whole caps: floors, and one more for its largest fractions while its equity lasts."""
    result = {place: floor(quanta) for place, quanta in exact.items()}
    by_unit: dict[str, list[Place]] = defaultdict(list)
    for place in exact:
        by_unit[place[0]].append(place)
    for unit, places in by_unit.items():
        most = sum(ceil(exact[place]) for place in places)
        if caps is not None:
            most = min(most, caps[unit])
        spare = most - sum(result[place] for place in places)
        fractions = [place for place in places if exact[place] != floor(exact[place])]
        for place in sorted(fractions, key=lambda place: (floor(exact[place]) - exact[place], place))[:spare]:
            result[place] += 1
    return result
