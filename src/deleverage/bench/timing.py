"""Interleaved timing: every case once a round, medians, and no sample in which somebody else had the processor.

A sample is dropped where the process had the processor for less than 90 % of the time that passed. What has to be made
ready (a fresh book, cold caches) is made ready outside of the measured time.
"""

import gc
import math
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

Clock = Callable[[], int]
Name = TypeVar("Name", bound=Hashable)

LEAST_SHARE = 0.9
"""The share of the time that passed for which a sample must have had the processor."""


class Clocks(NamedTuple):
    """Two clocks in ns: the time that passed, and the processor time of this process."""

    wall: Clock = time.perf_counter_ns
    processor: Clock = time.process_time_ns


REAL = Clocks()


@dataclass(frozen=True, slots=True)
class Case:
    """Something to measure; ``most`` bounds its samples (slow rivals), ``prepare`` runs before each, unmeasured."""

    run: Callable[[], object]
    prepare: Callable[[], object] = lambda: None
    most: int = 1_000_000


@dataclass(slots=True)
class Samples:
    """Times in ns: what passed in undisturbed samples, and the processor time of those that were pre-empted.

    Where every sample was pre-empted (long ones on a crowded machine) the processor time counts: the time that passed
    would make slow rivals look slower than they are.
    """

    kept: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)

    def add(self, wall_ns: int, processor_ns: int) -> None:
        """Keep a sample, or drop it."""
        if processor_ns >= LEAST_SHARE * wall_ns:
            self.kept.append(wall_ns)
        else:
            self.dropped.append(processor_ns)

    @property
    def used(self) -> list[int]:
        """Return the samples that count, in ascending order."""
        return sorted(self.kept or self.dropped)

    @property
    def median_ns(self) -> float:
        """Return the median: between the two in the middle where their number is even."""
        used = self.used
        half = len(used) // 2
        return used[half] if len(used) % 2 else (used[half - 1] + used[half]) / 2

    def percentile_ns(self, per_mille: int) -> int:
        """Return the smallest sample that so many thousandths of all do not exceed."""
        used = self.used
        return used[max(0, math.ceil(per_mille * len(used) / 1_000) - 1)]


def interleaved(
    cases: Mapping[Name, Case],
    rounds: int,
    *,
    before: Callable[[], object] = lambda: None,
    clocks: Clocks = REAL,
) -> dict[Name, Samples]:
    """Return the samples of each case after so many rounds; ``before`` runs ahead of each sample, behind ``prepare``.

    The first call of each is not measured: it compiles. Cases with fewer samples are spread over the rounds.
    """
    samples = {name: Samples() for name in cases}
    was_on = gc.isenabled()
    gc.disable()
    try:
        for case in cases.values():
            case.prepare()
            case.run()
        for number in range(rounds):
            for name, case in cases.items():
                if _is_due(number, rounds, case.most):
                    case.prepare()
                    before()
                    samples[name].add(*timed(case.run, clocks))
    finally:
        if was_on:
            gc.enable()
    return samples


def timed(run: Callable[[], object], clocks: Clocks = REAL) -> tuple[int, int]:
    """Return the ns that passed during a call, and those of the processor."""
    processor, wall = clocks.processor(), clocks.wall()
    run()
    wall_ns = clocks.wall() - wall
    return wall_ns, clocks.processor() - processor


def _is_due(number: int, rounds: int, most: int) -> bool:
    """Return whether a case with at most ``most`` samples has one in this round."""
    stride = max(1, -(-rounds // max(1, most)))
    return number % stride == 0


def growth_exponent(points: Iterable[tuple[float, float]]) -> float:
    """Return the slope of time over size in logarithms, by least squares; 1 is linear. At least two sizes."""
    logs = [(math.log(size), math.log(duration)) for size, duration in points]
    mean_x, mean_y = (sum(column) / len(logs) for column in zip(*logs, strict=True))
    spread: float = sum((x - mean_x) ** 2 for x, _ in logs)
    if spread == 0:
        raise ValueError(f"{len(logs)} points of one size have no slope")
    together: float = sum((x - mean_x) * (y - mean_y) for x, y in logs)
    return together / spread
