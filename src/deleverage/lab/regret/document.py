"""The JSON document of ``lab regret``: measures as numbers, what has no value as null with its reason beside it."""

from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any

from deleverage.lab.events.model import Event, Wave
from deleverage.lab.events.waves import sweep
from deleverage.lab.metrics.against import Regret, Round
from deleverage.lab.published import others
from deleverage.lab.published.figures import Figure
from deleverage.lab.published.horizons import Horizon, discounted, horizons
from deleverage.lab.published.rounds import rounds
from deleverage.lab.regret.bound import Envelope, envelope
from deleverage.lab.regret.figures import figures
from deleverage.lab.regret.fund import Plan, as_json, fund_of
from deleverage.lab.regret.parts import decomposed
from deleverage.lab.regret.table import regrets

Json = dict[str, Any]

DEFINITIONS = {
    "taken": "H, what a policy took of winners in a wave; of production: sum over winners of (equity without the "
    "deleveraging fills - equity with them)+, one-sided, at prices of the horizon",
    "needed": "B, sum over deleveraging fills of |mark - price| x size; the sign of each fill is lost in it",
    "deficit": "D, sum over losers of (-equity)+; of tables of waves as they say it, where one below zero in two waves "
    "may count twice; of waves made here from fills each loser once, when he is first stated to be below zero",
    "over": "sum over waves of (H - B)+",
    "under": "sum over waves of (B - H)+, the ex post severity error V of arXiv 2602.15182 (21)",
    "net": "over - under; published as overshoot, though in it one hides the other",
    "overshoot_regret": "sum over waves of |H - B| = over + under, the tracking component of arXiv 2602.15182 (23)",
    "fairness_regret": "sum over waves of |m - m of the reference| x B, m the largest share taken of one winner; "
    "a policy fairer than the reference is charged as well, which milder_than_reference is",
    "total_regret": "overshoot regret + fairness regret, in USD of the same numeraire: profit-USD taken",
    "tracking_above_best": "overshoot regret minus the least among these policies, arXiv 2602.15182 (15)",
    "total_above_best": "total regret minus the least among these policies, (14) on these losses",
    "envelope": "sqrt((1 + 2 P) sum D^2), P the path length of min(1, B / D): arXiv 2602.15182, Proposition 1",
    "parts": "severity: sum D |theta - theta*|, theta = H / D and theta* = B / D in 0..1; allocation: fairness regret; "
    "estimation: V = under; beyond deficit: what H and B exceed D by, which arXiv 2602.15182 (22) leaves out; static "
    "and dynamic regret: severity losses beyond those of the best fixed severity, and of the best of each wave",
    "fund": "K*: what a fund of cost r a dollar and penalty k a dollar short should hold against these waves, each "
    "as likely; carried: min(fund, deficit); remaining: what of a deficit would have been left for deleveraging",
    "discounted": "mean of the net over time after the wave with a weight that halves in the half-life, trapezoid rule",
    "queue": "of each coin's clusters, what a queue by closed profit would take against the cluster's deficit",
    "transfer": "of fills with side b and mark: worse = sum (b (mark - price) q)+, better = sum (b (price - mark) q)+",
    "reproduced": "the found number, rounded to the places that are printed, is the print",
}


def document(event: Event, source: Path, reference: str | None = None, plan: Plan | None = None) -> Json:
    """Return the document of an event at a folder or file, without its head; NoReference for one that is no policy.

    ``plan`` says what a fund would cost; left out, as in the paper's example.
    """
    chosen, rows = regrets(event, reference)
    bound = envelope(event)
    by_policy = rounds(event)
    at_horizons = horizons(event)
    fund = fund_of(event, plan or Plan())
    return {
        "event": event.name,
        "reference": chosen or None,
        "reference_is": "given" if reference is not None else "the min-max column, else the least hardest hit",
        "policies": [
            {**_policy(row, rows, bound), "parts": _parts(event, by_policy, row.policy, chosen)} for row in rows
        ],
        "horizons": [_horizon(row) for row in at_horizons],
        "discounted": [_numbers(row, "half_life_ms") for row in discounted(at_horizons)],
        "envelope": _envelope(bound),
        "fund": None if fund is None else as_json(fund),
        "queue": None if (queue := others.queue(event)) is None else _numbers(queue, "clusters", "coins"),
        "accounts": _accounts(event),
        "transfer": _transfer(event),
        "coverage": _coverage(event),
        "waves": [_wave(wave) for wave in event.waves],
        "sweep": [vars_of(row) for row in sweep(event)],
        "undefined": _undefined(event, chosen, bound),
        "figures": [_figure(figure) for figure in figures(event, source)],
        "definitions": DEFINITIONS,
        "notes": list(event.notes),
        "sources": [vars_of(file) for file in event.sources],
    }


def _undefined(event: Event, reference: str, bound: Envelope | None) -> dict[str, str]:
    """Return why whole parts of the document are null or empty."""
    lacks = {
        "reference": None if reference else "the event has no policies and nothing that production took",
        "horizons": None if horizons(event) else "no table says what production took",
        "envelope": None if bound else "no wave has both a deficit and a need",
        "fund": None if any(not isnan(wave.deficit_usd) for wave in event.waves) else "no wave has a known deficit",
        "queue": None if event.shocks else "no table has clusters of coins",
        "accounts": None if event.reactions else "no table says what accounts did afterwards",
        "transfer": None if others.transfer(event) else "there are no fills with a side and a mark",
        "sweep": None
        if event.fills is not None and len(event.fills)
        else "there are no fills that could be clustered anew",
    }
    return {name: why for name, why in lacks.items() if why is not None}


def vars_of(record: Any) -> Json:
    """Return a record's fields by name."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def _numbers(record: Any, *plain: str) -> Json:
    """Return a record of amounts: all fields are USD but the ``plain`` ones."""
    return {name if name in plain else f"{name}_usd": value for name, value in vars_of(record).items()}


def _horizon(row: Horizon) -> Json:
    why = {} if row.deficit is not None else {"deficit_usd": "the source does not say the deficit of every wave"}
    return {**_numbers(row, "horizon_ms", "waves"), "undefined": why}


def _policy(row: Regret, rows: tuple[Regret, ...], bound: Envelope | None) -> Json:
    totals = [one.total for one in rows if one.total is not None]
    why = (
        {}
        if row.fairness is not None
        else {"fairness_regret_usd": "no wave has a largest share, or none of the reference"}
    )
    if row.total is None:
        why["total_regret_usd"] = why["total_above_best_usd"] = "fairness regret is undefined"
    if bound is None or row.total is None:
        why["share_of_envelope"] = "total regret or the envelope is undefined"
    return {
        "policy": row.policy,
        "waves": row.waves,
        "overshoot_regret_usd": row.overshoot,
        "fairness_regret_usd": row.fairness,
        "total_regret_usd": row.total,
        "over_usd": row.over,
        "under_usd": row.under,
        "net_usd": row.net,
        "harder_than_reference_usd": row.harder,
        "milder_than_reference_usd": row.milder,
        "tracking_above_best_usd": row.overshoot - min(one.overshoot for one in rows),
        "total_above_best_usd": None if row.total is None else row.total - min(totals),
        "share_of_envelope": None if bound is None or row.total is None else row.total / bound.bound,
        "waves_without_fairness": list(row.without_fairness),
        "waves_clipped_at_1": list(row.clipped),
        "waves_undefined": {name: list(waves) for name, waves in row.undefined.items()},
        "undefined": why,
    }


def _parts(event: Event, by_policy: dict[str, list[Round]], policy: str, reference: str) -> Json | None:
    """Return where a policy's regret comes from; None where no wave has a deficit beside what was taken and needed."""
    shares = {row.wave: row.largest_share for row in by_policy[reference]}
    found = decomposed(event, by_policy[policy], shares)
    return None if found is None else {f"{name}_usd": amount for name, amount in found.items()}


def _envelope(bound: Envelope | None) -> Json | None:
    if bound is None:
        return None
    return {
        "waves": bound.waves,
        "path_length": bound.path_length,
        "sum_squared_deficits_usd2": bound.sum_squared_deficits,
        "bound_usd": bound.bound,
        "step_per_usd": bound.step,
        "information": "ex post",
    }


def _accounts(event: Event) -> Json | None:
    if not event.reactions:
        return None
    classes = {"strategic": others.is_strategic, "passive": others.is_passive}
    return {
        "deleveraged": len(event.reactions),
        **{name: sum(map(belongs, event.reactions)) for name, belongs in classes.items()},
        "least_fills": others.LEAST_FILLS,
    }


def _transfer(event: Event) -> Json | None:
    found = others.transfer(event)
    return None if found is None else {**_numbers(found, "fills"), "net_usd": found.net}


def _coverage(event: Event) -> Json:
    found = others.coverage(event)
    share = None if not found.fills_in_all else found.fills / found.fills_in_all
    lacks = {
        "fills_in_all": "the source does not say how many fills there were",
        "share_of_fills": "the source does not say how many fills there were",
        "notional_at_average_price_usd": "the waves have no coins, or a coin has no price",
        "notional_in_all_usd": "no table has the notional of the event's coins",
    }
    numbers = {
        "fills_in_all": found.fills_in_all,
        "share_of_fills": share,
        "notional_at_average_price_usd": found.notional,
        "notional_in_all_usd": found.notional_in_all,
    }
    undefined = {name: lacks[name] for name, value in numbers.items() if value is None}
    return {"fills": found.fills, **numbers, "undefined": undefined}


def _wave(wave: Wave) -> Json:
    amounts = ("deficit_usd", "max_loss_usd", "needed_usd")
    return {
        "wave": wave.number,
        "start_ms": wave.start_ms,
        "end_ms": wave.end_ms,
        "duration_ms": wave.end_ms - wave.start_ms,
        "fills": wave.fills,
        "losers": wave.losers,
        **{name: known(getattr(wave, name)) for name in amounts},
        "taken_usd": {str(horizon): amount for horizon, amount in sorted(wave.taken_usd.items())},
        "coins": len(wave.coins),
        "undefined": {name: "the source does not say it" for name in amounts if isnan(getattr(wave, name))},
    }


def _figure(figure: Figure) -> Json:
    return {
        "figure": figure.key,
        "found": figure.found,
        "printed": figure.printed or None,
        "difference": figure.difference,
        "reproduced": figure.reproduced,
        "printed_in": figure.place or None,
        "why": figure.why,
    }


def known(value: float) -> float | None:
    """Return a number, None for NaN."""
    return None if isnan(value) else value


def counts(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int, int]:
    """Return how many prints are reproduced, how many are not, and how many nothing here can recompute."""
    printed = [row for row in rows if row["printed"] is not None]
    same = sum(row["reproduced"] is True for row in printed)
    other = sum(row["reproduced"] is False for row in printed)
    return same, other, len(printed) - same - other
