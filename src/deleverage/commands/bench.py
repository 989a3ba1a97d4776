"""``deleverage bench``: how fast the engine is, as ratios of one run."""

from pathlib import Path

from deleverage.bench.page import figure_rows, page
from deleverage.bench.run import QUICK_SIZES, SIZES, run
from deleverage.bench.subject import Brute, Maker
from deleverage.commands.output import DONE, console, head, print_json, refuse, say
from deleverage.commands.text_table import TextTable


def bench(*, quick: bool, largest: int | None, write: Path | None, as_json: bool) -> int:
    """Measure, and print the figures; ``largest``: no size above it; ``write``: put the page there, too."""
    sizes = [size for size in (QUICK_SIZES if quick else SIZES) if largest is None or size <= largest]
    if not sizes:
        return refuse([f"--largest is {largest}, the smallest size is {min(SIZES):,}"], as_json=as_json)
    if write is not None and not write.parent.is_dir():
        return refuse([f"--write {write}: there is no folder {write.parent}"], as_json=as_json)
    document = {**head("bench"), "quick": quick, **run(_connect, quick=quick, sizes=sizes, say=say)}
    if write is not None:
        write.write_text(page(document), encoding="utf-8")
        say(f"page written to {write}")
    if as_json:
        print_json(document)
    else:
        _print(document)
    return DONE


def _connect() -> tuple[Maker | None, Brute | None]:
    """Load the engine when the rivals are there: one of them has to come before the compiler."""
    from deleverage.bench.connect import connect

    return connect()


def _print(document: dict[str, object]) -> None:
    table = TextTable("", ("figure", "what", "goal", "measured", "at", "met"), left=("figure", "what", "goal", "met"))
    for row in figure_rows(document):
        table.add(*row)
    out = console()
    for line in table.lines()[1:]:
        out.print(line, soft_wrap=True)
    machine = document["machine"]
    assert isinstance(machine, dict)
    out.print("machine: " + ", ".join(f"{name} {value}" for name, value in machine.items() if value), soft_wrap=True)
    left_out = document["left_out"]
    assert isinstance(left_out, dict)
    for name, why in left_out.items():
        out.print(f"left out: {name} ({why})", soft_wrap=True)
