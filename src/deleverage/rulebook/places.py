"""The queue as people see it: rank, lots ahead, percentile and lights."""

from collections.abc import Iterable
from typing import NamedTuple

from deleverage.rulebook.quantities import div_ceil
from deleverage.rulebook.ranking import Candidate


class Place(NamedTuple):
    """A candidate's place in the queue: rank from 1, lots ahead of it, percentile, and five lights (5 = next)."""

    unit_id: str
    rank: int
    tier: int
    score: str
    lots: int
    lots_ahead: int
    percentile_ppb: int
    lights: int


class Part(NamedTuple):
    """Which places of a queue are asked for: the first ``most``, and those of some units."""

    most: int
    unit_ids: frozenset[str] = frozenset()


def part_of(queue: list[Place], part: Part | None) -> list[Place]:
    """Return a part of a queue, in its order; None: all of it."""
    if part is None:
        return queue
    return [place for place in queue if place.rank <= part.most or place.unit_id in part.unit_ids]


def places(ordered: Iterable[tuple[Candidate, str]]) -> list[Place]:
    """Return everybody's place in an ordered queue; percentile and lights count lots, not accounts.

    ``percentile`` is the share of lots up to and including oneself, rounded up; ``lights = 6 - ceil(5 x share)``
    (BitMEX: quintiles by quantity).
    """
    queue = list(ordered)
    total = sum(candidate.lots for candidate, _ in queue)
    result = []
    ahead = 0
    for rank, (candidate, score) in enumerate(queue, start=1):
        through = ahead + candidate.lots
        percentile_ppb = div_ceil(through * 1_000_000_000, total)
        lights = 6 - div_ceil(5 * through, total)
        result.append(
            Place(candidate.unit_id, rank, candidate.tier, score, candidate.lots, ahead, percentile_ppb, lights)
        )
        ahead = through
    return result
