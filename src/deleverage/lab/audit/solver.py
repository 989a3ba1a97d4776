"""Did an optimiser find an optimum, or is something else printed in its place?"""

from collections.abc import Iterator
from math import isfinite

from deleverage.lab.audit.finding import ERROR, Check, Consequence, Finding, Unmade
from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.ratios import BEYOND, ByWave
from deleverage.lab.audit.view import View, ratio
from deleverage.lab.events.model import Wave

_SOLVER = "solver-fallback"
OPTIMISERS = ("ilp", "milp", "lp", "minmax", "solver", "optimal", "optimum")
"""Words in a policy's name that say: this is the best there is."""


def not_optimal(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give findings for each optimiser that was scaled, missed its budget, or is less fair than something simpler."""
    names = [policy for policy in view.claimed.get("max_pct", {}) if _claims_optimum(view, policy)]
    if not names:
        yield Unmade(_SOLVER, "optimisers among the policies", "claims of one (by its scale, or by its name)")
    for policy in names:
        reference = _reference(view, policy, limits)
        scale = {at: value for at, value in _scales(view, policy).items() if value > 1 + BEYOND}
        if scale:
            worst = max(scale, key=lambda at: (scale[at], at))
            yield Finding(
                _SOLVER,
                ERROR,
                f"{policy} was scaled by up to {scale[worst]:g} to reach its budget: that is what replaces a solver",
                {"waves": sorted(scale), "table": "claims"},
                {"policy": policy, "wave": worst, "scale": scale[worst]},
                reference,
            )
        yield from _missed(view, policy, reference, limits)
        beaten = _beaten(view, policy, limits)
        if beaten:
            worst = max(beaten, key=lambda at: (beaten[at][1] / max(beaten[at][2], 1e-300), at))
            better, ours, best = beaten[worst]
            yield Finding(
                _SOLVER,
                ERROR,
                f"{policy} is said to be the fairest, yet in {len(beaten)} waves another policy that takes as much is "
                "fairer",
                {"waves": sorted(beaten), "table": "claims"},
                {
                    "policy": policy,
                    "waves_beaten": len(beaten),
                    "wave": worst,
                    "by": better,
                    "max_pct": ours,
                    "max_pct_of_the_fairer": best,
                },
                reference,
            )


def _missed(view: View, policy: str, reference: Consequence, limits: Limits) -> Iterator[Finding]:
    """Give a finding where an optimiser missed a budget that another policy reached."""
    budgets = view.claimed.get("budget", {})
    missed = {}
    for row in view.event.waves:
        ours = budgets.get(policy, {}).get(row.number, float("nan"))
        reached = [other for other in budgets if other != policy and _spends(view, other, row, limits)]
        caps = view.claimed.get("caps", {}).get(policy, {}).get(row.number, float("nan"))
        possible = caps if caps < row.needed_usd else row.needed_usd
        if ours < possible * (1 - limits.lot) and reached:
            missed[row.number] = (ours, row.needed_usd)
    if missed:
        worst = min(missed, key=lambda at: (ratio(*missed[at]) or 0.0, at))
        yield Finding(
            _SOLVER,
            ERROR,
            f"{policy} missed its budget in {len(missed)} waves in which another policy reached it: what is printed is "
            "no solution",
            {"waves": sorted(missed), "table": "claims"},
            {"policy": policy, "wave": worst, "budget_usd": missed[worst][0], "needed_usd": missed[worst][1]},
            reference,
        )


def _beaten(view: View, policy: str, limits: Limits) -> dict[int, tuple[str, float, float]]:
    """Return by wave a policy that spends the same budget and is fairer by more than a lot: its name, ours, its."""
    shares = view.claimed["max_pct"]
    found = {}
    for row in view.event.waves:
        at, ours = row.number, shares[policy].get(row.number, float("nan"))
        rivals = [
            (said[at], other)
            for other, said in shares.items()
            if other != policy and said.get(at, float("nan")) >= 0 and _spends(view, other, row, limits)
        ]
        if rivals and ours > min(rivals)[0] * (1 + limits.lot):
            found[at] = (min(rivals)[1], ours, min(rivals)[0])
    return found


def _spends(view: View, policy: str, row: Wave, limits: Limits) -> bool:
    """Return whether a policy gives exactly what is needed, here and wherever it can: production only happens to."""
    budgets, caps = (view.claimed.get(name, {}).get(policy, {}) for name in ("budget", "caps"))

    def given(wave: Wave, goal: float) -> bool:
        return abs(budgets.get(wave.number, float("nan")) - goal) <= limits.rounding * goal

    waves = view.event.waves
    able = sum(given(wave, wave.needed_usd) or given(wave, caps.get(wave.number, float("nan"))) for wave in waves)
    return given(row, row.needed_usd) and able >= limits.allocates * len(waves)


def _reference(view: View, policy: str, limits: Limits) -> Consequence:
    """Return what fairness is measured against (largest share times budget, over waves): this policy, or the best."""
    ours, best = 0.0, 0.0
    for row in view.event.waves:
        shares = [
            said[row.number]
            for other, said in view.claimed["max_pct"].items()
            if isfinite(said.get(row.number, float("nan"))) and _spends(view, other, row, limits)
        ]
        mine = view.claimed["max_pct"][policy].get(row.number, float("nan"))
        if isfinite(mine) and isfinite(row.needed_usd):
            ours += mine * row.needed_usd
            best += min([mine, *shares]) * row.needed_usd
    return Consequence(f"fairness_reference_of_{policy}_usd", ours, best)


def _claims_optimum(view: View, policy: str) -> bool:
    words = policy.lower().replace("-", "_").split("_")
    return bool(_scales(view, policy)) or any(word in words for word in OPTIMISERS)


def _scales(view: View, policy: str) -> ByWave:
    return view.claimed.get("scale", {}).get(policy, {})


SOLVER = Check(_SOLVER, "Did an optimiser find an optimum?", (not_optimal,))
