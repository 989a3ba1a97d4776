"""Are ratios printed where they exist, and nowhere else?"""

from collections.abc import Iterator, Mapping
from math import isnan

from deleverage.lab.audit.finding import ERROR, INFO, WARNING, Check, Consequence, Finding, Unmade
from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.view import View, number
from deleverage.lab.events.model import NoNumber

_UNDEFINED = "undefined-metric"
RATIOS = ("ptsr", "pmr", "rd_nse")
BEYOND = 1e-9  # relative: a ratio beyond its range by less is one in it
ByWave = Mapping[int, float]


def other_waves(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding for each ratio that some policies have in waves where others have none."""
    del limits
    if not any(name in view.claimed for name in RATIOS):
        yield Unmade(_UNDEFINED, "where ratios are defined", f"claims of {', '.join(RATIOS)}")
    for name in RATIOS:
        policies = view.claimed.get(name, {})
        defined = {policy: {at for at, value in said.items() if not isnan(value)} for policy, said in policies.items()}
        if len({frozenset(waves) for waves in defined.values()}) <= 1:
            continue
        common = set.intersection(*defined.values())
        before = {policy: _mean(policies[policy], waves) for policy, waves in defined.items()}
        after = {policy: _mean(policies[policy], common) for policy in defined}
        most = max(before, key=lambda policy: (_change(before[policy], after[policy]), policy))
        some = sorted(set.union(*defined.values()) - common)
        yield Finding(
            _UNDEFINED,
            WARNING,
            f"{name} is empty for some policies in {len(some)} waves in which others have it: averages over policies "
            f"are averages over different waves",
            {"waves": list(some), "table": "claims"},
            {
                "defined_waves": {policy: len(waves) for policy, waves in defined.items()},
                "common_waves": len(common),
                "means": {policy: before[policy] for policy in defined},
                "means_on_common_waves": {policy: after[policy] for policy in defined},
            },
            Consequence(f"mean_{name}_of_{most}", before[most], after[most]),
        )


def out_of_range(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where a share is no share: an endowment ratio outside 0 to 1, a fraction above 1 or cut at 1."""
    del limits
    for name, severity, wrong, told in (
        ("rd_nse", ERROR, lambda value: not -BEYOND <= value <= 1 + BEYOND, "lies outside 0 to 1"),
        ("max_pct", ERROR, lambda value: not -BEYOND <= value <= 1 + BEYOND, "lies outside 0 to 1"),
        ("ptsr", ERROR, lambda value: value < 0, "lies below 0: it is defined where something of a deficit is left"),
        ("pmr", ERROR, lambda value: value < 0, "lies below 0: it is defined where something of a deficit is left"),
        ("max_pct", WARNING, lambda value: value == 1.0, "is exactly 1: cut off there, what it was is unknown"),
    ):
        policies = view.claimed.get(name, {})
        cells = {
            (policy, at): value
            for policy, said in policies.items()
            for at, value in said.items()
            if not isnan(value) and wrong(value)
        }
        if not cells or (severity == WARNING and len(cells) == 1):  # one account may truly have lost everything
            continue
        count = {policy: sum(of == policy for of, _ in cells) for policy in policies}
        most = max(count, key=lambda policy: (count[policy], policy))
        said = policies[most]
        right = {at for at, value in said.items() if not isnan(value) and (most, at) not in cells}
        worst = max(cells, key=lambda cell: (abs(cells[cell] - 0.5), cell))
        yield Finding(
            _UNDEFINED,
            severity,
            f"{name} {told}, in {len(cells)} cells",
            {"waves": sorted({at for _, at in cells}), "table": "claims"},
            {
                "cells": len(cells),
                "by_policy": {policy: number for policy, number in count.items() if number},
                "policy": worst[0],
                "wave": worst[1],
                "value": number(cells[worst]),
            },
            Consequence(f"mean_{name}_of_{most}", _mean(said, set(said)), _mean(said, right)),
        )


def nothing_left(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where a ratio to the remaining deficit is printed although none remains."""
    budgets, deficit = view.claimed.get("budget", {}), {row.number: row.deficit_usd for row in view.event.waves}
    cells = {
        (policy, at)
        for policy, said in view.claimed.get("ptsr", {}).items()
        for at, value in said.items()
        if at in deficit
        and not isnan(value)
        and budgets.get(policy, {}).get(at, float("nan")) > deficit[at] * (1 + limits.rounding)
    }
    if cells:
        policy, wave = min(cells)
        said = view.claimed["ptsr"][policy]
        yield Finding(
            _UNDEFINED,
            ERROR,
            f"ptsr is printed in {len(cells)} cells whose budget is above the deficit: there is nothing to divide by",
            {"waves": sorted({at for _, at in cells}), "table": "claims"},
            {
                "cells": len(cells),
                "policy": policy,
                "wave": wave,
                "budget_usd": budgets[policy][wave],
                "deficit_usd": deficit[wave],
            },
            Consequence(
                f"mean_ptsr_of_{policy}",
                _mean(said, set(said)),
                _mean(said, {at for at in said if (policy, at) not in cells}),
            ),
        )


def in_words(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding for each ratio of a policy whose cells say infinity or nan instead of a number or nothing.

    An infinity is a division by nothing that was printed; nan may be how a program writes an empty cell.
    """
    del limits
    found: dict[tuple[str, str, bool], list[NoNumber]] = {}
    for one in view.event.no_numbers:
        endless = "nan" not in one.text.lower()
        found.setdefault((one.claim.name, one.claim.policy, endless), []).append(one)
    for (name, policy, endless), cells in found.items():
        said = view.claimed[name][policy]
        yield Finding(
            _UNDEFINED,
            WARNING if endless else INFO,
            f"{name} of {policy} is {cells[0].text} in {len(cells)} rows, which is no number: read as undefined",
            {
                "table": cells[0].file,
                "column": cells[0].column,
                "lines": [cell.line for cell in cells],
                "waves": [cell.claim.wave for cell in cells],
            },
            {"cells": len(cells), "of": len(said), "text": cells[0].text},
            Consequence(f"mean_{name}_of_{policy}", None, _mean(said, set(said))),
        )


def _mean(said: ByWave, waves: set[int]) -> float | None:
    values = [said[at] for at in sorted(waves) if not isnan(said[at])]
    return number(sum(values) / len(values)) if values else None


def _change(before: float | None, after: float | None) -> float:
    """Return how much a number changes, relative; one that is lost changes most."""
    if before is None:
        return 0.0
    return float("inf") if after is None else abs(after - before) / max(abs(before), 1e-300)


UNDEFINED = Check(
    _UNDEFINED, "Are ratios printed where they exist?", (other_waves, out_of_range, nothing_left, in_words)
)
