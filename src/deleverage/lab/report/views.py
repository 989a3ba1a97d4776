"""What each page of a report shows: texts, tables and charts, made from the documents."""

from math import isnan
from typing import Any

import numpy as np

from deleverage.lab.audit.document import for_people
from deleverage.lab.audit.labels import label
from deleverage.lab.published.rounds import rounds
from deleverage.lab.regret.document import counts
from deleverage.lab.report import by_policy, charts, tables
from deleverage.lab.report.checklist_data import repeats
from deleverage.lab.report.parts import Parts
from deleverage.lab.report.who_paid import amounts
from deleverage.lab.report.words import percent, usd, waves

Json = dict[str, Any]

_CURVES = 8


def index(parts: Parts) -> Json:
    body, event = parts.regret, parts.event
    first = body["horizons"][0] if body["horizons"] else None
    errors = sum(finding["severity"] == "error" for finding in parts.audit["findings"])
    found = len(parts.audit["findings"])
    same, other, unknown = counts(body["figures"])
    lead = "What is wrong with the tables that these numbers come from stands beside them."
    if first is None:
        headline = f"{event.name}: nobody says what was taken"
    else:
        headline = f"{usd(first['over_usd'])} taken too much, {usd(first['under_usd'])} too little"
        lead = f"Of production, wave by wave against {usd(first['needed_usd'])} needed at the marks; profit-USD. {lead}"
    return {
        "headline": headline,
        "lead": lead,
        "facts": [
            ("Waves", f"{len(event.waves):,}"),
            ("Fills in waves", f"{body['coverage']['fills']:,}"),
            ("Policies", f"{len(body['policies']):,}"),
            ("Published figures that come out", f"{same} of {same + other + unknown}"),
        ],
        "verdict": f"{found} finding{'s' if found != 1 else ''}, {errors} of them errors." if found else "",
        "headlines": tables.headline_table(parts.audit),
        "repeated": repeats(event),
        "horizon": None if first is None else first["horizon_ms"],
        "waterfall": None if first is None else charts.waterfall(body),
        "horizons": None if first is None else charts.horizons(body),
        "horizon_table": tables.horizon_table(body),
        "discounted": tables.discounted_table(body),
        "checklist": parts.lines,
        "answered": sum(line.answered for line in parts.lines),
    }


def wave_page(parts: Parts) -> Json:
    event = parts.event
    known = any(not isnan(number) for wave in event.waves for number in (wave.deficit_usd, wave.needed_usd))
    taken = any(wave.taken_usd for wave in event.waves)
    what = "lacked, needed and taken" if taken else "lacked and needed"
    return {
        "lead": f"{len(event.waves):,} waves; what each of them is said to have {what}.",
        "shown": "Deficit, needed and taken" if taken else "Deficit and needed",
        "taken": taken,
        "chart": charts.waves(event) if known else None,
        "table": tables.wave_table(parts.regret),
        "sweep": tables.sweep_table(parts.regret),
        "fund": _fund(parts.regret["fund"]),
    }


def _fund(fund: Json | None) -> Json | None:
    """Return a fund's size in a sentence, and its course; None where no deficit is known."""
    if fund is None:
        return None
    place = f"rank {fund['rank']} of {fund['sample']} deficits" if fund["rank"] else "r >= k, no fund is worth its cost"
    told = (
        f"Keeping a dollar costs r = {fund['rate']}, lacking one k = {fund['penalty']}: the deficits ask for a fund of "
        f"{usd(fund['size_usd'])} (quantile {fund['quantile']}, {place}). With {usd(fund['start_usd'])} at the start "
        f"it carries {usd(fund['carried_usd'])} and leaves {usd(fund['remaining_usd'])} to deleveraging"
    )
    return {"told": told, "rule": fund["rule"], "table": tables.fund_table(fund)}


def policies(parts: Parts) -> Json:
    body, compared = parts.regret, parts.compared
    taken = rounds(parts.event)
    bound = body["envelope"]
    told = None
    if bound is not None:
        path = f"P = {bound['path_length']:.4f}"
        told = f"Envelope sqrt((1 + 2 P) sum D^2): {usd(bound['bound_usd'])}, {path}; known ex post."
    view: Json = {
        "lead": "What each policy took of winners against what was needed, too much and too little apart.",
        "cumulative": charts.cumulative(taken) if taken else None,
        "regret": tables.regret_table(body),
        "parts": tables.parts_table(body),
        "envelope": told,
        "compared": compared,
        "why_not": parts.why_not,
    }
    if compared is not None:
        common: list[int] = next((row["waves"] for row in compared["common"] if row["name"].startswith("gini")), [])
        view |= {"compared_table": tables.compared_table(compared), "left_out": tables.left_out_table(compared)}
        view["not_asked"] = tables.not_asked_table(compared)
        view["shared"] = waves(common)
        view["held_against"] = _held_against(compared)
    return view


def _held_against(compared: Json) -> str:
    """Return whom fairness regret is measured against."""
    theirs = compared["reference_of_published"]
    return f"Fairness regret is against {compared['reference']}" + (f", of published rows {theirs}" if theirs else "")


def paid(parts: Parts) -> Json:
    found = amounts(parts.event)
    rows = []
    for one in found:
        values = np.sort(np.asarray(one.values))[::-1]
        shares = values / values.sum()
        gini = charts.lorenz_curve(values)[2]
        cells = (percent(float(shares[:top].sum())) for top in (1, 10, 100))
        rows.append((one.title, one.unit, f"{len(values):,}", f"{gini:.4f}", f"{float(shares @ shares):.4f}", *cells))
    names = ("what", "numeraire", "of how many", "Gini", "HHI", "top 1", "top 10", "top 100")
    return {
        "lead": "First by policy, of the winners that each was asked about; then as far as the source says it. Sums "
        "over coins and waves say nothing about a single winner.",
        "lorenz": charts.lorenz((one.title, one.values) for one in found[:_CURVES]) if found else None,
        "concentration": tables.Table("Concentration", names, rows, frozenset({0, 1})),
        "bars": [(one.title, one.unit, charts.bars(one.rows, f"bars-{at}", one.unit)) for at, one in enumerate(found)],
        "most": charts.MOST_BARS,
        "by_policy": by_policy.view(parts.compared),
        **_hedges(parts.compared),
        "why_not": parts.why_not,
    }


def _hedges(compared: Json | None) -> Json:
    """Return hedges that broke, or why nobody knows."""
    if compared is None:
        return {"hedges": None, "no_hedges": "nobody was asked"}
    table = tables.hedges_table(compared)
    reasons = sorted({row["undefined"]["broken"] for row in compared["hedges"] if "broken" in row["undefined"]})
    return {"hedges": table if table.rows else None, "no_hedges": "; ".join(reasons)}


def audit(parts: Parts) -> Json:
    findings = []
    first, more = for_people(parts.audit["findings"])
    for finding in first:
        headline, before, after = (finding["consequence"][key] for key in ("headline", "before", "after"))
        told = f"{label(headline)}: {tables.number(before)} as it stands, {tables.number(after)} without it"
        findings.append({**finding, "consequence": told, "proof": tables.proof(finding)})
    lead = "Found by comparing the event's own numbers with each other and with what is possible."
    return {
        "lead": lead if findings else f"Nothing was found. {lead}",
        "findings": findings,
        "more": [f"{count:,} more {code}" for code, count in more.items()],
        "headlines": tables.headline_table(parts.audit),
        "unmade": tables.unmade_table(parts.audit["unmade"]),
    }


def sources(parts: Parts) -> Json:
    body, compared = parts.regret, parts.compared
    same, other, unknown = counts(body["figures"])
    more = (
        []
        if compared is None
        else [(row["name"].replace("_", " "), _definition(row)) for row in compared["definitions"]]
    )
    return {
        "lead": f"Published figures: {same} come out, {other} not, {unknown} cannot be recomputed from this source.",
        "unlike": tables.unlike_table(body["figures"]),
        "printed": tables.printed_table(body["figures"]),
        "alone": tables.alone_table(body["figures"]),
        "files": tables.files_table(body),
        "notes": [*body["notes"], *([] if compared is None else compared["notes"])],
        "more_words": more,
        "result_hash": None if compared is None else compared["result_hash"]["sha256"],
    }


def _definition(row: Json) -> str:
    parts = [row["formula"], f"unit {row['unit'] or '-'}", row["numeraire"], row["source"], row["trap"]]
    return "; ".join(part for part in parts if part)
