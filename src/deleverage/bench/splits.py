"""Splitting a sum over many winners: by weight, and by weight under caps."""

import numpy as np

from deleverage.bench.books import Ints
from deleverage.bench.floors import WINNER_BYTES, floor
from deleverage.bench.readings import ENGINE, FLOOR, Bench, Key
from deleverage.bench.timing import Case
from deleverage.rulebook.apportion import Share, apportion

PRO_RATA, CAPPED = "pro-rata split", "capped split"
CHECKED = 10_000
"""Up to so many winners the parts are compared with the law's own function, one by one."""


def measure(bench: Bench) -> None:
    """Measure every size: half of what the caps could hold is split."""
    if bench.make is None:
        return
    for winners in bench.sizes:
        weights, caps = drawn_winners(winners)
        amount = int(caps.sum()) // 2
        _split(bench, PRO_RATA, amount, weights, None)
        _split(bench, CAPPED, amount, weights, caps)


def _split(bench: Bench, task: str, amount: int, weights: Ints, caps: Ints | None) -> None:
    """Time one split and check it: the sum, and where there is time for it every part."""
    assert bench.make is not None
    subject, winners = bench.make(), len(weights)
    splits = Case(lambda: subject.split(amount, weights, caps))
    reads = Case(floor(WINNER_BYTES * winners))
    bench.time({Key(task, FLOOR, winners): reads, Key(task, ENGINE, winners): splits})
    parts = subject.split(amount, weights, caps)
    facts = bench.readings.facts
    facts[f"{task}: missing from the sum", winners] = abs(amount - int(parts.sum()))
    if winners <= CHECKED:
        differing = int((parts != by_law(amount, weights, caps)).sum())
        facts[f"{task}: parts that differ from the law's", winners] = differing


def drawn_winners(winners: int, seed: int = 1) -> tuple[Ints, Ints]:
    """Return weights and caps with heavy tails, independent of each other."""
    random = np.random.default_rng(seed)
    weights, caps = (np.ceil(1e6 * random.lognormal(0, 1.5, winners)).astype(np.int64) for _ in range(2))
    return weights, caps


def by_law(amount: int, weights: Ints, caps: Ints | None) -> Ints:
    """Return the parts as the law splits; keys are padded, so that their order is that of the numbers."""
    bounds = [None] * len(weights) if caps is None else caps.tolist()
    shares = [
        Share(f"{at:09}", weight, cap) for at, (weight, cap) in enumerate(zip(weights.tolist(), bounds, strict=True))
    ]
    return np.array(list(apportion(amount, shares).parts.values()), np.int64)
