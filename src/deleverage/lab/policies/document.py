"""An allocation as a document: money as exact decimal strings in the money of the file, counts as numbers."""

from fractions import Fraction
from typing import Any

from deleverage.lab.policies.policy import EQUITY, Policy, Shares, limits
from deleverage.lab.policies.whole import total
from deleverage.lab.policies.winners import Winners
from deleverage.lab.policies.winners_csv import WinnersTable
from deleverage.rulebook.decimals import Scale, format_units
from deleverage.rulebook.plug import spec_of


def allocation(
    asked_for: str, policy: Policy, table: WinnersTable, shares: Shares, budget: int, scale: Scale
) -> dict[str, Any]:
    """Return the document: money as decimal strings, counts as numbers, the parameter as an exact fraction."""
    winners, parts = table.winners, shares.parts
    owned = _endowment(policy, winners)
    taken = total(parts)
    paying = parts > 0
    return {
        "policy": asked_for,
        "spec": {name: str(value) for name, value in spec_of(policy).items()},
        "numeraire": policy.about.numeraire,
        "information": policy.about.information,
        "unit": format_units(1, scale),
        "budget": format_units(budget, scale),
        "allocated": format_units(taken, scale),
        "residual": format_units(max(0, shares.rest), scale),
        "over": format_units(max(0, -shares.rest), scale),
        "parameter": _fraction(shares.parameter, scale, shares.power),
        "meaning": shares.meaning,
        "bound": _fraction(shares.bound, scale, shares.power),
        "status": shares.status,
        "notes": list(shares.notes),
        "winners": len(winners),
        "hit": int(paying.sum()),
        "wiped": int((paying & (parts >= owned)).sum()),
        "zero": int((~paying).sum()),
        "remainder_units": shares.remainder_units,
        "capacity": format_units(total(limits(policy, winners)[0]), scale),
        "cut": _decimal(table.cut),
        "negative_gains": table.negative,
        "lowered_caps": table.lowered,
        "columns": dict(table.columns),
        "source": {
            "file": table.source.file,
            "sha256": table.source.sha256,
            "size_bytes": str(table.source.size_bytes),
        },
    }


def _endowment(policy: Policy, winners: Winners) -> Any:
    """Return what each has of what is taken: whoever gives all of it is wiped out."""
    if policy.about.numeraire == EQUITY and winners.equity is not None:
        return winners.equity
    return winners.gain


def _fraction(number: Fraction | None, scale: Scale, power: int) -> str | None:
    """Return an exact fraction in the money of the file, not in its units."""
    if number is None:
        return None
    return str(number * Fraction(scale.units, 10**scale.decimals) ** power)


def _decimal(number: Fraction) -> str:
    """Return a finite decimal exactly."""
    digits, under = 0, number.denominator
    while under % 10 == 0 or under % 2 == 0 or under % 5 == 0:
        under = under // 10 if under % 10 == 0 else under // 2 if under % 2 == 0 else under // 5
        digits += 1
    return format_units(int(number * 10**digits), Scale(1, digits))
