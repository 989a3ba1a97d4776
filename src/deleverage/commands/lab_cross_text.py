"""The document of ``deleverage lab cross`` for people: what is to be closed, rule by rule, whose lots."""

from fractions import Fraction
from typing import Any

from deleverage.commands.text_table import TextTable
from deleverage.domain.show import counted, grouped
from deleverage.lab.cross.document import NOTHING
from deleverage.lab.metrics.measure import cents

ROWS = 20
"""So many holdings are printed, those of which most is closed; all are in --out and --json."""


def lines(body: dict[str, Any]) -> list[str]:
    """Return the lines."""
    gone = body["left_out"]
    told = f"{body['book']}: {counted(body['units'], 'account')} with equity {grouped(body['equity'])}"
    if gone:
        told += f"; without equity and not asked: {', '.join(gone[:9])}{' ...' if len(gone) > 9 else ''}"
    return [
        told,
        "",
        *_legs(body),
        "",
        *_rules(body),
        "",
        *_reductions(body),
        *(f"note: {note}" for note in body["notes"]),
    ]


def _legs(body: dict[str, Any]) -> list[str]:
    """Return what has to be closed, and what one lot more would add to the shortfall."""
    names = ("coin", "side", "beta", "lot", "held", "asked", "closed", "residual", "shadow price of a lot")
    table = TextTable(f"to close: {body['required']}", names, ("coin", "side"))
    for leg in body["legs"]:
        if leg["asked"] == "0":
            continue
        price = leg["shadow_price_of_a_lot"]
        sizes = (grouped(leg[name]) for name in names[3:8])
        table.add(leg["coin"], leg["side"], leg["beta"], *sizes, "-" if price is None else f"{price:,.6f}")
    return table.lines()


def _rules(body: dict[str, Any]) -> list[str]:
    """Return the rules side by side, and the programme they are measured by."""
    drawn, best = body["scenarios"], body["programme"]
    title = (
        f"expected shortfall, the mean over {drawn['count']:,} moves from seed {drawn['seed']} of what all owe beyond "
        f"their equity; on others: seed {drawn['held_out_seed']}"
    )
    measured = ("rule", "shortfall", "above the bound", "share", "on others")
    table = TextTable(title, (*measured, "leverage", "to the factor", "touched", "hedges broken"), ("rule",))
    for row in body["rules"]:
        share = row["gap_share"]
        table.add(
            row["rule"],
            cents(row["expected_shortfall"]),
            "-" if row["gap"] is None else cents(row["gap"]),
            "-" if share is None else f"{100 * share:.2f} %",
            cents(row["held_out_shortfall"]),
            f"{float(Fraction(row['largest_gross_leverage'])):.4g}",
            f"{float(Fraction(row['largest_factor_leverage'])):.4g}",
            f"{row['touched']:,}",
            f"{row['hedges_broken']:,}",
        )
    found = f"bound {cents(best['bound'])}, by {best['method']}: {best['status']}; gap {best['gap']:.6g}"
    moved = f"moves: Student's t with 4 degrees of freedom, scale {drawn['factor']:g} x beta in common"
    rules = [f"{row['rule']}: {row['status']}" for row in body["rules"] if row["status"] and row["rule"] == "factor"]
    return [*table.lines(), found, f"{moved}, {drawn['own']:g} of each coin's own", *rules]


def _reductions(body: dict[str, Any]) -> list[str]:
    """Return whose lots are closed, the largest parts of a holding first."""
    names = [row["rule"] for row in body["rules"] if row["rule"] != NOTHING]
    rows = body["reductions"]
    worth = {(leg["coin"], leg["side"]): Fraction(leg["lot_value"]) / Fraction(leg["lot"]) for leg in body["legs"]}

    def most(row: dict[str, Any]) -> Fraction:
        return max(map(Fraction, row["closed"].values())) * worth[row["coin"], row["side"]]

    table = TextTable("closed, by rule", ("account", "coin", "side", "held", *names), ("account", "coin", "side"))
    for row in sorted(rows, key=most, reverse=True)[:ROWS]:
        table.add(row["unit"], row["coin"], row["side"], grouped(row["held"]), *map(grouped, row["closed"].values()))
    if not rows:
        return ["nobody holds any of it"]
    rest = len(rows) - ROWS
    return [*table.lines(), *([f"and {rest:,} more, all in --json and --out"] if rest > 0 else [])]
