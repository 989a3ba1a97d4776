"""How long the answer to an owner takes in two states that differ only in others: medians, asked in turns.

``python -m tests.service.timing`` prints them; the difference should stay below 1 %, which is what the clock tells of
who is next. A benchmark and no test: other work on the machine is louder than what it looks for.
"""

import argparse
import asyncio
import gc
from statistics import median
from time import perf_counter_ns

import msgspec

from deleverage.service.counter import Counter
from deleverage.service.questions.table import Table, table_of
from deleverage.service.routes.queues import buckets
from tests.service.secrecy import ME, TICK_NS, Writer, counter_of, walk
from tests.service.world import trader

OWNER = trader(ME)


async def ask(counter: Counter, table: Table) -> int:
    """Return how many ns an answer took, as bytes."""
    counter.desk._table = table  # type: ignore[attr-defined]
    started = perf_counter_ns()
    msgspec.json.encode(await buckets.fn(ME, counter, OWNER))
    return perf_counter_ns() - started


async def compare(first: Table, last: Table, count: int) -> tuple[float, float]:
    """Return the median ns of both, asked in turns, each one first as often as the other."""
    taken: dict[bool, list[int]] = {True: [], False: []}
    counter = counter_of(first)
    for at in range(count + 1_000):
        for is_first in (at % 2 == 0, at % 2 == 1):
            spent = await ask(counter, first if is_first else last)
            if at >= 1_000:
                taken[is_first].append(spent)
    return median(taken[True]), median(taken[False])


def main() -> None:
    """Print both medians and by how much they differ, in each of several runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    by_lights: dict[int, Table] = {}
    for domain in walk(1, 400):
        table = table_of(TICK_NS, domain, Writer())  # type: ignore[arg-type]
        ((_, _, lights),) = table.standings.lights_of(ME)
        by_lights.setdefault(lights, table)
    low, high = by_lights[min(by_lights)], by_lights[max(by_lights)]
    print(
        f"an answer from bucket {min(by_lights) - 1} and one from bucket {max(by_lights) - 1}, {given.count:,} of each"
    )
    gc.disable()
    differences = []
    for _ in range(given.runs):
        one, other = asyncio.run(compare(low, high, given.count))
        differences.append(abs(one - other) / min(one, other))
        print(f"  medians {one / 1000:.3f} and {other / 1000:.3f} us: {100 * differences[-1]:.2f} %")
    print(f"  the median of the differences is {100 * median(differences):.2f} %")


if __name__ == "__main__":
    main()
