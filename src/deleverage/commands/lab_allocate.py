"""``deleverage lab allocate``: one policy, one budget, anybody's CSV of winners; exact units in and out.

Exit codes: 0 done, 2 bad input, 3 a residual is left: the winners cannot carry the budget.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from deleverage.adapters.decimals import plain
from deleverage.adapters.tables import TableFault
from deleverage.commands.output import DONE, RESIDUAL_LEFT, head, print_json, progress, refuse, write_csv
from deleverage.domain.show import grouped
from deleverage.lab.policies.catalogue import named
from deleverage.lab.policies.document import allocation
from deleverage.lab.policies.policy import CONTRACTS, Shares, Unfit, ask
from deleverage.lab.policies.winners import Winners
from deleverage.lab.policies.winners_csv import read_winners
from deleverage.rulebook.decimals import BadQuantity, Scale, format_units, parse_units
from deleverage.rulebook.plug import PlugFault

MOST_DECIMALS = 18
ROWS = 20
"""So many of the largest shares are printed; all are in the file of shares."""


def allocate(
    path: Path,
    *,
    policy: str,
    budget: str,
    unit: str,
    columns: Sequence[str],
    parameters: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> int:
    """Split a budget over the winners of a file and print who pays; write the shares to ``out``."""
    faults: list[object] = []
    scale = _unit(unit, faults)
    units = _budget(budget, scale or Scale(1, MOST_DECIMALS), faults)
    chosen = _policy(policy, _pairs("--param", parameters, faults), faults)
    roles = _pairs("--column", columns, faults)
    if faults or scale is None or chosen is None:
        return refuse(faults, as_json=as_json)
    try:
        with progress() as show:
            table = read_winners(path, roles, chosen.about, scale, show)
            show("split", 0, 1)
            shares = ask(chosen, table.winners, units)
            show("split", 1, 1)
    except TableFault as refusal:
        return refuse(refusal.faults, as_json=as_json)
    except Unfit as refusal:
        return refuse([f"{path}: {refusal}"], as_json=as_json)
    if out is not None and (fault := _write(out, table.winners, shares, scale)):
        return refuse([fault], as_json=as_json)
    document = {**head("allocation"), **allocation(policy, chosen, table, shares, units, scale)}
    if as_json:
        print_json(document)
    else:
        _print(document, table.winners, shares, scale)
    return RESIDUAL_LEFT if shares.rest > 0 else DONE


# -- what the command line says ---------------------------------------------------------------------------------------


def _unit(text: str, faults: list[object]) -> Scale | None:
    """Return the unit as a scale."""
    number = plain(text)
    decimals = len(number.partition(".")[2]) if number else 0
    if number is None or number.startswith("-") or number == "0" or decimals > MOST_DECIMALS:
        faults.append(f"--unit is {text[:40]!a}, it is a decimal above 0 with at most {MOST_DECIMALS} places, 0.01 say")
        return None
    return Scale(int(number.replace(".", "")), decimals)


def _budget(text: str, scale: Scale, faults: list[object]) -> int:
    """Return the budget in units."""
    number = plain(text)
    if number is None:
        faults.append(f"--budget is {text[:40]!a}, it is a decimal number")
        return 0
    try:
        units = parse_units(number, scale)
    except BadQuantity as refusal:
        faults.append(f"--budget: {refusal}")
        return 0
    if units < 0:
        faults.append(f"--budget is {text[:40]}, allowed are 0 and more")
    return max(0, units)


def _pairs(option: str, texts: Sequence[str], faults: list[object]) -> dict[str, str]:
    """Return NAME=VALUE pairs as a mapping."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            faults.append(f"{option} {text[:80]!a} is not NAME=VALUE")
        elif name in pairs:
            faults.append(f"{option} {name} is there twice: {pairs[name][:40]!a} and {value[:40]!a}")
        else:
            pairs[name] = value
    return pairs


def _policy(name: str, parameters: dict[str, str], faults: list[object]) -> Any:
    """Return the policy of a name and parameters."""
    try:
        return named(name, parameters)
    except PlugFault as refusal:
        faults.append(str(refusal))
        return None


# -- what came out ----------------------------------------------------------------------------------------------------


def _write(out: Path, winners: Winners, shares: Shares, scale: Scale) -> str:
    """Write ``id,amount`` in the order of the input; return why it could not be written, or ""."""
    amounts = (format_units(part, scale) for part in shares.parts.tolist())
    return write_csv(out, ("id", "amount"), zip(winners.ids, amounts, strict=True), "shares")


def _print(document: dict[str, Any], winners: Winners, shares: Shares, scale: Scale) -> None:
    """Print the same for people, and the largest shares."""
    from deleverage.commands.text_table import TextTable

    money = "lots" if document["numeraire"] == CONTRACTS else document["numeraire"]
    print(f"{document['policy']}: {grouped(document['allocated'])} of {grouped(document['budget'])} {money} allocated")
    print(f"  residual {grouped(document['residual'])}, taken beyond the budget {grouped(document['over'])}")
    if document["parameter"] is not None:
        near = f" (about {float(Fraction(document['parameter'])):.6g})" if "/" in document["parameter"] else ""
        print(f"  {document['meaning']} {document['parameter']}{near}")
    for line in (document["status"], *document["notes"]):
        if line:
            print(f"  {line}")
    counts = {name: f"{document[name]:,}" for name in ("winners", "hit", "wiped", "zero", "remainder_units")}
    print("  " + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items()))
    print(f"  cut by rounding gains down {document['cut']}; negative gains {document['negative_gains']:,}")
    rows = np.argsort(winners.order)
    rows = rows[np.argsort(-shares.parts[rows], kind="stable")][:ROWS]
    table = TextTable("largest shares", ("id", "amount"), left=("id",))
    for row in rows.tolist():
        if shares.parts[row] > 0:
            table.add(winners.ids[row], grouped(format_units(int(shares.parts[row]), scale)))
    print("\n".join(table.lines("  ")))
