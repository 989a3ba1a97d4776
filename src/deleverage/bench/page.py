"""The document of a run as text: the table of figures, and the page of the reference."""

from collections.abc import Iterator
from typing import Any

HEAD = """# Performance

Written by `deleverage bench --write`, on {date}: ratios of one run, medians, one thread, every variant of a row
interleaved with the others. Absolute times belong to this machine; ratios travel better.

{machine}

*floor*: the time to add up a buffer of exactly the bytes that the computation must touch: revaluation 10 a position and
29 an account, selection and lights 28 a row, splits 24 a winner. Before each sample, the floor's included, 64 MiB of
something else are read, so that nobody starts with warm caches of the core's own. Streams (ticks) run warm.

*pandas*: tables joined, grouped and sorted. *objects*: plain Python, an object a position; for the replay the fastest
plain Python that we could write. *lrvx*: a C++ engine with Python bindings, on the same one-market book.

{left_out}## What must hold

| figure | what | goal | measured | at | met |
|---|---|---|---:|---:|---|
"""
TIMES = """
## Times

Medians in milliseconds; a sample during which another process had the processor is dropped. Where none is left, the
processor time of those that were dropped stands.

| task | column | positions | who | median | ns a position | p99 | samples | dropped |
|---|---|---:|---|---:|---:|---:|---:|---:|
"""
FACTS = """
## Beside the times

| what | positions | value |
|---|---:|---:|
"""


def goal_text(figure: dict[str, Any]) -> str:
    """Return a goal in words: sense, bound, unit."""
    bound = figure["bound"]
    number = f"1/{round(1 / bound)}" if 0 < bound < 1 and figure["unit"].startswith("of a full") else f"{bound:g}"
    return f"{figure['sense']} {number} {figure['unit']}".rstrip()


def value_text(figure: dict[str, Any]) -> str:
    """Return a measured value, three digits of it; where there is none, say so."""
    value = figure["value"]
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def met_text(figure: dict[str, Any]) -> str:
    """Return yes or no; in brackets where the goal is for another size."""
    if figure["met"] is None:
        return "-"
    word = "yes" if figure["met"] else "no"
    return word if figure["binds"] else f"({word})"


def page(document: dict[str, Any]) -> str:
    """Return the page of the reference."""
    machine = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in document["machine"].items() if value)
    missing = "".join(f"Left out: {name} ({why}).\n\n" for name, why in document["left_out"].items())
    peak = f" Peak memory {document['peak_memory_bytes'] / 2**30:.1f} GiB."
    lines = [HEAD.format(date=document["date"], machine=f"Machine: {machine}.{peak}", left_out=missing)]
    lines += [_row(*cells) for cells in figure_rows(document)]
    lines += [TIMES, *(_row(*cells) for cells in _time_rows(document))]
    lines += [FACTS, *(_row(f["name"], f"{f['positions']:,}", f"{f['value']:,.6g}") for f in document["facts"])]
    return "".join(lines)


def figure_rows(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield a row of text for each figure: name, what, goal, measured, at which size, met."""
    for one in document["figures"]:
        at = f"{one['measured_at']:,}" if one["value"] is not None else ""
        yield one["name"], one["goal"], goal_text(one), value_text(one), at, met_text(one)


def _time_rows(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for one in document["times"]:
        median, positions = one["median_ns"], one["positions"]
        numbers = (f"{median / 1e6:,.4g}", f"{median / positions:,.3g}", f"{one['p99_ns'] / 1e6:,.4g}")
        counts = (f"{one['samples']}", f"{one['dropped']}")
        yield one["task"], one["column"], f"{positions:,}", one["who"], *numbers, *counts


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"
