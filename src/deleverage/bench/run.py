"""One run of the benchmark, from the rivals that are there to a document."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from deleverage.bench.figures import figures
from deleverage.bench.machine import machine, peak_memory_bytes
from deleverage.bench.readings import LRVX, PANDAS, Bench, Readings
from deleverage.bench.subject import Brute, Maker

Connect = Callable[[], tuple[Maker | None, Brute | None]]
"""Loads the engine: what makes a subject, and the plainest crash to compare it with."""

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000, 10_000_000), (10_000, 100_000)
ROUNDS, QUICK_ROUNDS = 21, 7


def run(
    connect: Connect | None = None,
    *,
    quick: bool = False,
    sizes: Sequence[int] = (),
    rounds: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Measure everything and return the document; without an engine only rivals and floors.

    Rivals are loaded first, and only then what is compiled: ``lrvx`` has to come before Numba.
    """
    readings = Readings()
    from deleverage.bench.with_lrvx import engine

    lrvx, why = engine()
    if lrvx is None:
        readings.left_out[LRVX] = why
    pandas: Any = None
    try:
        from deleverage.bench import with_pandas as pandas
    except ImportError as error:
        readings.left_out[PANDAS] = f"{error}"
    chosen = tuple(sizes or (QUICK_SIZES if quick else SIZES))
    turns = rounds or (QUICK_ROUNDS if quick else ROUNDS)
    make, brute = (None, None) if connect is None else connect()
    measure_all(Bench(make, brute, chosen, turns, pandas, lrvx, readings, say))
    return document(readings, chosen)


def measure_all(bench: Bench) -> None:
    """Measure one task after the other."""
    from deleverage.bench import choices, crashes, replays, revaluations, splits, starts, ticks

    for task in (revaluations, ticks, choices, crashes, splits, replays, starts):
        task.measure(bench)


def document(readings: Readings, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Return figures, times (ns) and facts of a run as plain values."""
    times = [
        {
            "task": key.task,
            "who": key.who,
            "positions": key.positions,
            "column": key.column,
            "median_ns": samples.median_ns,
            "p99_ns": samples.percentile_ns(990),
            "p999_ns": samples.percentile_ns(999),
            "samples": len(samples.kept),
            "dropped": len(samples.dropped),
        }
        for key, samples in readings.times.items()
    ]
    facts = [
        {"name": name, "positions": positions, "value": value} for (name, positions), value in readings.facts.items()
    ]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "peak_memory_bytes": peak_memory_bytes(),
        "left_out": readings.left_out,
        "figures": [figure.as_json() for figure in figures(readings, sizes)],
        "times": times,
        "facts": facts,
    }
