"""Who pays under each policy: Lorenz curves with their Gini, and what each tenth of the winners gives, in one wave."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from deleverage.lab.compare.deciles import TENTHS
from deleverage.lab.report import charts
from deleverage.lab.report.tables import Table
from deleverage.lab.report.words import percent, usd

Json = dict[str, Any]

LEAST_A_TENTH = 3
"""With fewer winners in a tenth its share says something of accounts, nothing of ranks."""


def view(compared: Json | None) -> Json | None:
    """Return chart and table of the wave with the largest budget; None where nobody was asked there."""
    if compared is None or not compared["waves"]:
        return None
    wave = max(compared["waves"], key=lambda row: Fraction(row["budget"]))
    cells = [
        (row["policy"], cell)
        for row in compared["policies"]
        for cell in row["waves"]
        if cell["wave"] == wave["wave"] and cell["lorenz"] is not None
    ]
    if not cells:
        return None
    whose = "synthetic winners" if compared["synthetic"] else "winners of the event"
    where = f"wave {wave['wave']}, {wave['winners']:,} {whose}"
    cells.sort(key=lambda item: (-_gini(item[1]), item[0]))
    few = wave["winners"] < TENTHS * LEAST_A_TENTH
    return {
        "title": f"Lorenz curves by policy: {where}",
        "about": f"{compared['winners']}. The wave with the largest budget, {usd(float(wave['budget']))}",
        "chart": charts.curves(compared["lorenz_at"], [(_named(name, cell), cell["lorenz"]) for name, cell in cells]),
        "deciles": [] if few else [table for table in _deciles(wave, cells, where) if table.rows],
        "few": f"Tenths of {wave['winners']:,} winners hold fewer than {LEAST_A_TENTH} accounts, and are left out"
        if few
        else "",
    }


def _gini(cell: Json) -> float:
    found = cell["measures"].get("gini_x")
    return -1.0 if found is None else float(found)


def _named(name: str, cell: Json) -> str:
    return f"{name} (Gini {_gini(cell):.3f})" if _gini(cell) >= 0 else name


_TENTHS = ("1, least", *map(str, range(2, 10)), "10, most")


def _deciles(wave: Json, cells: list[tuple[str, Json]], where: str) -> tuple[Table, Table]:
    """Return whose money it is, of all that a policy takes, and how hard it is: of what each tenth has."""
    has = [Fraction(amount) for amount in wave["endowment_by_decile"] or ()]
    found = [(name, cell, _amounts(cell["taken_by_decile"])) for name, cell in cells if cell["taken_by_decile"]]
    found = [(name, cell, gives) for name, cell, gives in found if any(gives)]
    whose = [(name, f"{_gini(cell):.3f}", *_parts(gives, [sum(gives)] * len(gives))) for name, cell, gives in found]
    hard = [(name, *(part.removesuffix(" %") for part in _parts(gives, has))) for name, _, gives in found]
    if found:
        whose.insert(0, ("what they have", "", *_parts(has, [sum(has)] * len(has))))
    return (
        Table(f"Share of what is taken, by decile of endowment: {where}", ("policy", "Gini", *_TENTHS), whose),
        Table(f"Taken of what each decile has, in percent: {where}", ("policy", *_TENTHS), hard),
    )


def _amounts(texts: list[str]) -> list[Fraction]:
    return [Fraction(text) for text in texts]


def _parts(amounts: Sequence[Fraction], wholes: Sequence[Fraction | int]) -> list[str]:
    return [percent(float(amount / whole) if whole else None) for amount, whole in zip(amounts, wholes, strict=True)]
