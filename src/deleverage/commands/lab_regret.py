"""``deleverage lab regret EVENT``: regret of policies as published, split into its parts, beside what is printed.

Exit codes: 0 done, 2 bad input.
"""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from deleverage.adapters.decimals import is_beyond_use, plain
from deleverage.adapters.tables import TableFault
from deleverage.commands.output import DONE, head, print_json, progress, refuse, shown
from deleverage.commands.text_table import TextTable
from deleverage.lab.events.load import load
from deleverage.lab.metrics.measure import cents, written
from deleverage.lab.regret.document import counts, document
from deleverage.lab.regret.fund import UNITS_A_USD, Plan
from deleverage.lab.regret.table import NoReference

_PRINTED_ROWS = 40


def regret(
    event: Path,
    *,
    reference: str | None = None,
    fund: Mapping[str, str | None] | None = None,
    as_json: bool = False,
) -> int:
    """Print every policy's regret against a reference policy, and a fund's course; return the exit code.

    ``fund`` holds what was given of rate, penalty, start and fee-share, as text.
    """
    faults: list[str] = []
    plan = _plan(fund or {}, faults)
    if faults:
        return refuse(faults, as_json=as_json)
    try:
        with progress() as show:
            show("read", 0, 2)
            found = load(event)
            show("read", 1, 2)
            body = document(found, event, reference, plan)
            show("read", 2, 2)
    except TableFault as refusal:
        return refuse(refusal.faults, as_json=as_json)
    except NoReference as refusal:
        return refuse([f"--reference: {refusal}"], as_json=as_json)
    if as_json:
        print_json({**head("lab-regret"), **body})
    else:
        print("\n".join(map(shown, _lines(body))))
    return DONE


def _plan(given: Mapping[str, str | None], faults: list[str]) -> Plan:
    """Return what a fund costs, adding to ``faults`` what is no decimal of 0 and more; the penalty is above 0."""
    found: dict[str, Fraction] = {}
    for name, text in given.items():
        if text is None:
            continue
        number = plain(text)
        least = "above 0" if name == "penalty" else "of 0 and more"
        if number is None or number.startswith("-") or (name == "penalty" and number == "0") or is_beyond_use(number):
            faults.append(f"--fund-{name} is {text[:40]!a}, expected is a decimal {least}")
        else:
            found[name] = Fraction(number)
    start = found.pop("start", None)
    named = {name.replace("-", "_"): number for name, number in found.items()}
    return Plan(**named, start=None if start is None else round(start * UNITS_A_USD))


def _lines(body: dict[str, Any]) -> list[str]:
    lines = [
        f"event {body['event']}: {len(body['waves'])} waves; USD, binary64; reference {body['reference'] or 'none'}"
    ]
    if body["policies"]:
        lines += ["", *_policies(body)]
    if body["horizons"]:
        lines += ["", *_horizons(body)]
    if body["fund"]:
        lines += ["", *_fund(body["fund"])]
    if queue := body["queue"]:
        told = (
            f"stylised queue: {queue['clusters']:,} clusters of {queue['coins']} coins, over {cents(queue['over_usd'])}"
        )
        lines += ["", f"{told}, residual {cents(queue['residual_usd'])}"]
    if accounts := body["accounts"]:
        told = f"accounts: {accounts['deleveraged']:,} deleveraged, {accounts['strategic']} strategic"
        lines.append(f"{told}, {accounts['passive']} passive")
    return [*lines, "", *_figures(body["figures"]), *(f"note: {note}" for note in body["notes"])]


def _policies(body: dict[str, Any]) -> list[str]:
    title = "regret by policy: overshoot |H - B| = over + under; fairness against the reference, milder: of it for less"
    keys = ("overshoot_regret", "fairness_regret", "milder_than_reference", "total_regret", "over", "under", "net")
    names = ("policy", *(key.partition("_")[0] for key in keys), "no ratio in waves")
    table = TextTable(title, names, ("policy", names[-1]))
    for row in body["policies"]:
        waves = sorted({wave for found in row["waves_undefined"].values() for wave in found})
        table.add(row["policy"], *(cents(row[f"{key}_usd"]) for key in keys), " ".join(map(str, waves)) or "-")
    lines = table.lines()
    if bound := body["envelope"]:
        lines.append(
            f"envelope sqrt((1 + 2 P) sum D^2) {cents(bound['bound_usd'])}, P {bound['path_length']:.6f}, ex post"
        )
    return lines


def _horizons(body: dict[str, Any]) -> list[str]:
    names = ("ms after the wave", "waves", "needed", "taken", "over", "under", "net")
    table = TextTable("production at each horizon", names)
    for row in body["horizons"]:
        cells = (cents(row[f"{name}_usd"]) for name in names[2:])
        table.add(str(row["horizon_ms"]), str(row["waves"]), *cells)
    lines = table.lines()
    for row in body["discounted"]:
        lines.append(f"discounted, half-life {row['half_life_ms']} ms: net {cents(row['net_usd'])}")
    return lines


def _fund(fund: dict[str, Any]) -> list[str]:
    names = ("before", "deficit", "carried", "remaining", "inflow", "after")
    start = f"{cents(fund['start_usd'])} at the start ({fund['start_is']}), fee share {fund['fee_share']}"
    table = TextTable(f"a fund before deleveraging: {start}", ("wave", *names))
    for row in fund["waves"][:_PRINTED_ROWS]:
        table.add(str(row["wave"]), *(cents(row[f"{name}_usd"]) for name in names))
    more = len(fund["waves"]) - _PRINTED_ROWS
    for_rates = f"r {fund['rate']} and k {fund['penalty']}"
    place = f"rank {fund['rank']} of {fund['sample']} deficits" if fund["rank"] else "r >= k: no fund is worth its cost"
    return [
        *table.lines(),
        *([f"and {more} more waves"] if more > 0 else []),
        f"carried {cents(fund['carried_usd'])}, remaining for deleveraging {cents(fund['remaining_usd'])}",
        f"K* {cents(fund['size_usd'])}: quantile 1 - r / k = {fund['quantile']} for {for_rates}, {place}",
        f"above K* {fund['breach_frequency']:.4g} of the waves",
    ]


def _figures(rows: list[dict[str, Any]]) -> list[str]:
    same, other, unknown = counts(rows)
    lines = [f"published figures: {same} reproduced, {other} not, {unknown} that nothing here can recompute"]
    printed = [row for row in rows if row["printed"] is not None]
    unlike = [row for row in printed if row["reproduced"] is False]
    lines += [
        f"  {row['figure']}: found {written(row['found'])}, "
        f"printed {row['printed']} ({row['printed_in']}); {row['why']}"
        for row in unlike[:_PRINTED_ROWS]
    ]
    if len(unlike) > _PRINTED_ROWS:
        lines.append(f"  and {len(unlike) - _PRINTED_ROWS} more that come out otherwise")
    lacking: dict[str, list[str]] = {}
    for row in printed:
        if row["reproduced"] is None:
            lacking.setdefault(row["why"], []).append(row["figure"])
    lines += [f"  not recomputed: {_together(keys)}: {why}" for why, keys in lacking.items()]
    return (
        [*lines, "  each print beside what is found: --json, or the page of sources in lab report"]
        if printed
        else lines
    )


def _together(keys: list[str]) -> str:
    """Return figures that share a reason, what their names begin with once."""
    starts = {key.rpartition(".")[0] for key in keys}
    if len(keys) == 1 or len(starts) > 1 or starts == {""}:
        return ", ".join(keys)
    return f"{starts.pop()}.({', '.join(key.rpartition('.')[2] for key in keys)})"
