"""The checklist that a report answers line by line, each answer computed from the event; or why it has none."""

import re
from collections import Counter
from collections.abc import Callable
from math import isnan
from typing import Any

from deleverage.lab.events.model import Event
from deleverage.lab.report import checklist_data as of_data
from deleverage.lab.report import physical
from deleverage.lab.report.parts import Line, Parts
from deleverage.lab.report.words import listed, percent, sentences, usd, waves

Json = dict[str, Any]

_CENT = 0.01


Answer = tuple[bool, str, bool]


def checklist(parts: Parts) -> tuple[Line, ...]:
    """Return the lines in their order."""
    return tuple(Line(at, asks, *answer(parts)) for at, (asks, answer) in enumerate(_LINES, start=1))


def _labels(parts: Parts) -> Answer:
    told = (
        "deficit, largest loss: equity-USD. Needed, taken, over, under, regret: profit-USD; what is taken at a horizon "
        "above 0 ms has opportunity-USD in it. Stylised queue: profit-paid-USD. Coverage: notional-USD. "
        "Quantities: base units"
    )
    return True, told, False


def _both_sides(parts: Parts) -> Answer:
    rows = parts.regret["policies"]
    if not rows:
        return False, "no table says what any policy took", False
    told = "; ".join(f"{row['policy']}: over {usd(row['over_usd'])}, under {usd(row['under_usd'])}" for row in rows)
    hidden = [
        row["policy"] for row in rows if min(row["over_usd"], row["under_usd"]) > max(_CENT, 0.01 * abs(row["net_usd"]))
    ]
    tail = f". A signed net alone would hide one side of {listed(hidden)}" if hidden else ""
    return True, told + tail, bool(hidden)


def _bounds(parts: Parts) -> Answer:
    event = parts.event
    if not event.waves:
        return False, "there are no waves", False
    told, alarm = [], False
    if any(wave.coins and wave.taken_usd for wave in event.waves) and event.marks:
        above = physical.above_notional(event)
        places = "; ".join(f"wave {wave} at {horizon} ms: {percent(share)}" for wave, horizon, share in above)
        highest = sorted(physical.shares_of_notional(event), key=lambda found: -found[2])[:3]
        tops = ", ".join(f"{percent(share)} in wave {wave} at {horizon} ms" for wave, horizon, share in highest)
        told.append(f"taken above the notional at average prices: {places or 'nowhere'} (highest: {tops})")
        alarm |= bool(above)
    else:
        told.append("taken against notional: the source lacks what was taken, coins or prices")
    if any(not isnan(wave.needed_usd - wave.deficit_usd) for wave in event.waves):
        above_d = physical.above_deficit(event)
        told.append(f"needed above the deficit: {waves(above_d)}")
        alarm |= bool(above_d)
    outside = physical.out_of_range(event)
    if any(claim.name == "rd_nse" for claim in event.claims):
        places = ", ".join(f"{policy} in {count}" for policy, count in outside.items())
        told.append(f"survivor endowment outside 0 to 1 (waves by policy): {places or 'nowhere'}")
        alarm |= bool(outside)
    told.append("taken against size x change of price: needs the path of prices, which the source has not")
    return True, sentences(told), alarm


def _information(parts: Parts) -> Answer:
    rows = parts.regret["policies"]
    if not rows:
        return False, "there are no policies", False
    needed = parts.regret["horizons"][0]["needed_usd"] if parts.regret["horizons"] else 0.0
    oracle = [row["policy"] for row in rows if row["waves"] and row["overshoot_regret_usd"] <= 1e-9 * max(1.0, needed)]
    told = "the budget that is needed is known after the wave only: whoever aims at it is ex post"
    if oracle:
        told += f". These meet it exactly in every wave, so their budget is an oracle's: {listed(oracle)}"
    told += f". Of {listed(row['policy'] for row in rows if row['policy'] not in oracle)} the source does not say more"
    if parts.compared is not None:
        kinds: dict[str, list[str]] = {}
        for row in parts.compared["policies"]:
            if not row["published"]:
                kinds.setdefault(row["information"], []).append(row["policy"])
        told += ". Of ours: " + "; ".join(f"{kind}: {listed(names)}" for kind, names in kinds.items())
        told += f". {parts.compared['budget'].capitalize()}"
    return True, told, bool(oracle)


def _solver(parts: Parts) -> Answer:
    scales: dict[str, list[tuple[int, float]]] = {}
    for claim in parts.event.claims:
        if claim.name == "scale":
            scales.setdefault(claim.policy, []).append((claim.wave, claim.value))
    told, alarm = [], False
    for policy, found in scales.items():
        odd = [(wave, value) for wave, value in found if value != 1]
        places = ", ".join(f"wave {wave}: {value:g}" for wave, value in odd)
        told.append(
            f"{policy}: a scale other than 1 in {len(odd)} of {len(found)} waves ({places or 'none'}), which is a "
            "scaled heuristic and no optimum; status, gap, time limit and bound are not in the source"
        )
        alarm |= bool(odd)
    for policy, statuses in _statuses(parts.compared).items():
        counts = ", ".join(f"{status} in {count} waves" for status, count in sorted(statuses.items()))
        told.append(f"of ours, {policy}: {counts}")
    if not told:
        return False, "no table holds the status, gap or bound of a solver", False
    return True, sentences(told), alarm


def _statuses(compared: Json | None) -> dict[str, Counter[str]]:
    """Return how solvers of the policies that were asked ended, by policy."""
    found: dict[str, Counter[str]] = {}
    for row in [] if compared is None else compared["policies"]:
        counts = Counter(cell["status"] for cell in row["waves"] if cell["status"])
        if counts:
            found[row["policy"]] = counts
    return found


def _fairness(parts: Parts) -> Answer:
    rows = parts.regret["policies"]
    clipped = {row["policy"]: row["waves_clipped_at_1"] for row in rows if row["waves_clipped_at_1"]}
    has = "the source has the largest share of one winner, not what each gave (x), of profit (x/w), of equity (x/e)"
    none = "the source does not say what any policy took of anybody"
    told = [has if any(claim.name == "max_pct" for claim in parts.event.claims) else none]
    if clipped:
        told.append("at 1 or more: " + "; ".join(f"{policy} in {waves(found)}" for policy, found in clipped.items()))
    if parts.compared is None:
        return False, sentences(told), bool(clipped)
    told.append(
        f"{parts.compared['winners']}; ties fall by id, units of {parts.compared['unit']} USD, largest remainder"
    )
    for name, what in _DENOMINATORS.items():
        means: dict[str, float] = next((row["means"] for row in parts.compared["common"] if row["name"] == name), {})
        if means:
            least, most = min(means, key=lambda key: means[key]), max(means, key=lambda key: means[key])
            told.append(f"{what}: from {means[least]:.4g} ({least}) to {means[most]:.4g} ({most})")
    return True, sentences(told), True


_DENOMINATORS = {
    "gini_x": "Gini of dollars x",
    "gini_h": "Gini of x/w",
    "gini_e": "Gini of x/e",
    "wiped": "winners wiped out, a wave on average",
    "counted_h": "n of x/w, a wave on average",
}
"""Means that the line on fairness names, least and most."""


def _undefined(parts: Parts) -> Answer:
    event = parts.event
    missing: dict[str, dict[str, set[int]]] = {}
    for claim in event.claims:
        if isnan(claim.value):
            missing.setdefault(claim.name, {}).setdefault(claim.policy, set()).add(claim.wave)
    if not event.claims:
        return False, "the source has no ratios that could be undefined", False
    if not missing:
        return True, "no ratio of the source is empty", False
    numbers = {wave.number for wave in event.waves} or {claim.wave for claim in event.claims}
    told = []
    for name, by_policy in missing.items():
        common = sorted(numbers - set().union(*by_policy.values()))
        places = "; ".join(f"{policy} in {len(found)}" for policy, found in by_policy.items())
        told.append(f"{name} has no value for {places}; an average over policies is one of {waves(common)} only")
    return True, sentences(told), True


def _waves(parts: Parts) -> Answer:
    return of_data.rule_of_waves(parts.event, parts.regret, _gap_named(parts.event))


def _gap_named(event: Event) -> int | None:
    found = {int(gap) for source in event.sources for gap in re.findall(r"gap_ms=([0-9]{1,9})", source.file)}
    return found.pop() if len(found) == 1 else None


def _provenance(parts: Parts) -> Answer:
    return of_data.provenance(parts.event, parts.regret, parts.folder)


_LINES: tuple[tuple[str, Callable[[Parts], Answer]], ...] = (
    ("In which numeraire is each number?", _labels),
    ("How much was taken too much, and how much too little, apart?", _both_sides),
    ("Whose deficit is it, and is one loss counted more than once?", lambda parts: of_data.deficit(parts.event)),
    ("Which mark, at which horizon, with deleveraging prints in it?", lambda parts: of_data.marks(parts.event)),
    ("What hangs on the rule of waves, and what do they cover?", _waves),
    ("Is every state of an account as old as its event?", lambda parts: of_data.freshness(parts.event, parts.findings)),
    ("What did each policy have to know, and when?", _information),
    ("How did solvers end?", _solver),
    ("Is anything physically impossible?", _bounds),
    ("How fair, on three denominators, and who was wiped out?", _fairness),
    ("Which measures are undefined, and on which waves can be compared?", _undefined),
    ("What would holding on have been worth?", lambda parts: of_data.markout(parts.event, parts.regret)),
    ("What did the fund and the backstops gain or lose?", lambda parts: of_data.fund(parts.event)),
    ("Where does every number come from, and does what is published come out?", _provenance),
)
