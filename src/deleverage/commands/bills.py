"""Who paid, in words, as a document, and several venues side by side."""

from typing import TYPE_CHECKING, Any

from deleverage.commands.text_table import TextTable
from deleverage.domain.bill import Bill, bill_of
from deleverage.domain.player import Run
from deleverage.domain.show import counted, money_text
from deleverage.rulebook.quantities import format_units

if TYPE_CHECKING:
    from rich.console import Console

PAYERS = {
    "takers": ("takers_quanta", "backstops"),
    "fund": ("fund_quanta", "fund"),
    "candidates": ("candidates_quanta", "closed winners"),
    "socialised": ("socialised_quanta", "cut from others"),
    "residual": ("residual_quanta", "residual"),
    "waiting": ("waiting_quanta", "waits with lots"),
}
"""Who carries a shortfall: the key of the document -> the field of a bill, and the words for people."""


def bill_entry(run: Run) -> dict[str, Any]:
    """Return who paid as a document, money as decimals."""
    bill, money = bill_of(run), run.scenario.money
    entry: dict[str, Any] = {key: format_units(getattr(bill, name), money) for key, (name, _) in PAYERS.items()}
    return entry | {
        "closed_units": str(bill.closed_units),
        "closed_value": format_units(bill.closed_quanta, money),
        "loss_closings": str(bill.loss_closings),
    }


def bill_text(run: Run) -> str:
    """Return who paid in one sentence; who paid nothing is not named."""
    bill, scenario = bill_of(run), run.scenario
    parts = [
        f"{words} {money_text(getattr(bill, name), scenario.money)}"
        for name, words in PAYERS.values()
        if getattr(bill, name)
    ]
    closed = counted(bill.closed_units, "position")
    return f"who pays: {', '.join(parts) or 'nobody'} {scenario.currency}; {closed} closed"


def print_side_by_side(runs: dict[str, Run], out: "Console") -> None:
    """Print one line per venue, and what the runs had in common."""
    first = next(iter(runs.values())).scenario
    words = [words for _, words in PAYERS.values()]
    table = TextTable(
        f"{first.name} under {counted(len(runs), 'venue')}, money in {first.currency}",
        ("venue", *words, "closed", "closed value", "at a loss"),
        left=("venue",),
    )
    for label, run in runs.items():
        table.add(label, *_cells(bill_of(run), run))
    print("\n".join(table.lines()))
    for label, run in runs.items():
        rules = run.scenario.rules
        line = f"{label}: policy {rules.policy.name}, rules {rules.hash()}, digest {run.domain.digest()}"
        out.print(line, soft_wrap=True)


def _cells(bill: Bill, run: Run) -> list[str]:
    money = run.scenario.money
    cells = [money_text(getattr(bill, name), money) for name, _ in PAYERS.values()]
    return [*cells, f"{bill.closed_units:,}", money_text(bill.closed_quanta, money), f"{bill.loss_closings:,}"]
