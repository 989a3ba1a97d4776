"""Throttles: how much one step may sell or close, the less the more of the book is in distress.

A table is published: from such a stress on, at most so much notional per step. Stress is an exact integer, measured on
the book as the step finds it (``stages.stress``). What a throttle keeps back waits for the next step, and is named.
A limit slows a step down and never stops it: one lot always passes, and a limit of 0 is refused.
Who does it: dYdX v4 bounds notional per block, Synthetix the liquidation rate; tables by stress are this law's own.

Deliberately absent: takeovers and fund money - they sell nothing and have bounds of their own.
"""

from typing import NamedTuple

from deleverage.rulebook.plug import Trouble
from deleverage.rulebook.quantities import div_floor

Table = tuple["Limit", ...]
"""Limits with ascending stress, the first from 0; empty: no throttle."""


class Limit(NamedTuple):
    """From this stress on (ppb, included), a step moves at most so much notional (quanta)."""

    stress_from_ppb: int
    most_quanta: int


def most_at(table: Table, stress_ppb: int) -> int | None:
    """Return the most notional per step at a stress; ``None``: nothing is bounded."""
    reached = [limit.most_quanta for limit in table if limit.stress_from_ppb <= stress_ppb]
    return reached[-1] if reached else None


def lots_held(room_quanta: int, done_quanta: int, value_quanta: int) -> int:
    """Return how many lots worth ``value_quanta`` each a bound on the notional of a step holds that leaves a room.

    At least one while the step has done nothing: lots worth more than the bound would wait for ever. One per step and
    not per pool, so that no step does more than its bound or one lot, however many markets there are.
    """
    held = div_floor(max(0, room_quanta), value_quanta)
    return max(1, held) if done_quanta == 0 < room_quanta else held


def faults_of(name: str, table: Table) -> list[Trouble]:
    """Return what is wrong with a table."""
    starts = [limit.stress_from_ppb for limit in table]
    bounds = [limit.most_quanta for limit in table]
    faults = []
    if starts and (starts[0] != 0 or starts != sorted(set(starts))):
        faults.append(Trouble(name, "has limits from {}, they start at 0 and ascend", (str(starts),)))
    if bounds != sorted(bounds, reverse=True) or min(bounds, default=1) < 1:
        faults.append(Trouble(name, "has limits of {}, they are 1 or more and never loosen", (str(bounds),)))
    return faults
