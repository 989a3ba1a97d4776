"""``deleverage lab cross BOOK``: close lots of accounts that hold several coins, by every rule, and say the gap.

Exit codes: 0 done, 2 bad input, 3 a residual is left: nobody holds enough of what has to be closed.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

from deleverage.adapters.tables import TableFault
from deleverage.commands.lab_cross_input import Asked, betas_of, scenarios_of, wanted_of
from deleverage.commands.lab_cross_text import lines
from deleverage.commands.output import DONE, RESIDUAL_LEFT, head, print_json, progress, refuse, shown, write_csv
from deleverage.commands.queue_input import Lacking, read_book
from deleverage.lab.cross.document import NOTHING, document
from deleverage.lab.cross.positions import study_of
from deleverage.lab.policies.policy import Unfit

MOST_CELLS = 60_000_000
"""Accounts x scenarios x legs to close: beyond it a programme's columns would not fit a small machine."""


def cross(path: Path, asked: Asked, *, lacking: Lacking, out: Path | None, as_json: bool) -> int:
    """Print what each rule closes and leaves; write the lots to ``out``."""
    faults: list[object] = []
    drawn = scenarios_of(asked, faults)
    supplied = lacking.supplied(faults)
    try:
        found = read_book(path, supplied)
    except TableFault as refusal:
        return refuse([*faults, *refusal.faults], as_json=as_json)
    wanted, betas = wanted_of(asked.reduce, found, faults), betas_of(asked.beta, found, faults)
    if faults:
        return refuse(faults, as_json=as_json)
    try:
        study = study_of(found, wanted, betas)
        if not any(study.required):
            told = "nobody is without equity in this book: say what has to be closed, --reduce COIN=SIZE"
            return refuse([told], as_json=as_json)
        if fault := _too_large(len(study.book.ids), drawn.count, sum(map(bool, study.required))):
            return refuse([fault], as_json=as_json)
        with progress() as show:
            body = document(study, drawn, show)
    except Unfit as refusal:
        return refuse([f"{path}: {refusal}"], as_json=as_json)
    body = {"book": path.name, "shape": found.shape, **body, "notes": list(found.notes)}
    if out is not None and (fault := _write(out, body)):
        return refuse([fault], as_json=as_json)
    if as_json:
        print_json({**head("lab-cross"), **body})
    else:
        print("\n".join(map(shown, lines(body))))
    return RESIDUAL_LEFT if any(Fraction(leg["residual"]) for leg in body["legs"]) else DONE


def _too_large(accounts: int, scenarios: int, legs: int) -> str:
    """Return why a programme would be too large, or ""."""
    if accounts * scenarios * legs <= MOST_CELLS:
        return ""
    told = f"{accounts:,} accounts x {scenarios:,} x {legs:,} legs to close are more than {MOST_CELLS:,}"
    return f"--scenarios: {told}: draw fewer, or close fewer legs with --reduce"


def _write(out: Path, body: dict[str, Any]) -> str:
    """Write a row a holding and a column a rule; return why it could not be written, or ""."""
    names = [rule["rule"] for rule in body["rules"] if rule["rule"] != NOTHING]
    held = ("unit", "coin", "side", "held")
    rows = ([*(row[name] for name in held), *(row["closed"][name] for name in names)] for row in body["reductions"])
    return write_csv(out, (*held, *names), rows, "reductions")
