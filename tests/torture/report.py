"""The table of a torture: a row for each family, and below it what must not have happened."""

from collections import Counter
from collections.abc import Iterator, Sequence
from subprocess import run
from typing import NamedTuple

from tests.torture.families import Family
from tests.torture.tally import SHOWN, Tally


class Ended(NamedTuple):
    """A family that was run, and the seconds that it took; no tally: there is nothing that runs it."""

    family: Family
    tally: Tally | None
    seconds: float

    @property
    def wrong(self) -> str:
        """What is wrong with it as a whole, in a word; empty: nothing."""
        if self.tally is None:
            return "missing"
        if self.tally.failures:
            return "FAILED"
        return "" if self.tally.runs or self.tally.skipped else "NO RUNS"


def lines(ended: Sequence[Ended]) -> Iterator[str]:
    """Yield the table and the failures, line by line."""
    rows = [("family", "runs", "failures", "seconds", "outcomes"), *map(_cells, ended)]
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for name, *numbers, told in rows:
        cells = [number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *cells, told]).rstrip()
    for one in ended:
        for failure in () if one.tally is None else one.tally.failures[:SHOWN]:
            yield f"\n{one.family.name}: {failure.sentence}"
            yield f"  seed {failure.seed}, commit {commit()}; again: {failure.again}"
    wrong = [f"{one.family.name} ({one.wrong})" for one in ended if one.wrong]
    skipped = [f"{one.family.name} ({one.tally.skipped})" for one in ended if one.tally and one.tally.skipped]
    yield f"\n{len(skipped)} skipped{': ' if skipped else ''}{', '.join(skipped)}"
    yield f"not passed: {', '.join(wrong)}" if wrong else "passed"


def _cells(one: Ended) -> tuple[str, str, str, str, str]:
    if one.tally is None:
        return (
            one.family.name,
            "-",
            "-",
            "-",
            f"missing: no {one.family.function}() in tests/torture/{one.family.module}.py",
        )
    told = [_counts(one.tally.outcomes), *(f"{kind}: {_counts(each)}" for kind, each in one.tally.kinds.items())]
    words = f"skipped: {one.tally.skipped}" if one.tally.skipped else "; ".join(told)
    return one.family.name, f"{one.tally.runs:,}", f"{len(one.tally.failures):,}", f"{one.seconds:.1f}", words


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))


def commit() -> str:
    """Return the commit that was tortured, and whether there are changes on top of it."""
    found = run(["git", "describe", "--always", "--dirty=, changed"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
