"""The tables beside the waves: what policies are said to have done, clusters by coin, reactions, totals of coins."""

from pathlib import Path

from deleverage.adapters.tables import Fault, Row, Source
from deleverage.lab.events.cells import above_zero, count, label, least_zero, maybe, moment_ms, number, read_once
from deleverage.lab.events.model import Claim, CoinTotal, NoNumber, Reaction, Repeat, Shock

POLICIES = "policy_per_wave_metrics.csv"
SHOCKS = "per_shock_metrics_queue.csv"
REACTIONS = "per_user_reaction_metrics.csv"
COINS = "_coins.csv"

_NAMES = ("budget", "overshoot", "max_pct", "ptsr", "pmr", "rd_nse")
_CAPS = "total_cap"
_UNDEFINED_IF = ("ptsr", "pmr", "rd_nse", "max_pct")
"""Measures that have no value in some waves: their empty cells are no faults."""

_NO_NUMBERS = ("inf", "infinity", "nan")

_SHOCK_COLUMNS = ("coin", "cluster_id", "t_start", "t_end", "deficit_usd", "total_capacity_usd", "budget_queue_usd")
_REACTION_COLUMNS = (
    "user",
    "n_adl_events",
    "share_any_nonadl_fill_60000ms",
    "share_any_nonadl_fill_300000ms",
    "mean_undo_frac_60000ms",
)


def policies_of(columns: list[str]) -> list[str]:
    """Return the policies that a table speaks of: whoever has a column of overshoot."""
    return [column.removeprefix("overshoot_") for column in columns if column.startswith("overshoot_")]


def read_claims(
    root: Path, path: Path, faults: list[Fault], repeats: list[Repeat], no_numbers: list[NoNumber]
) -> tuple[Source, list[Claim]]:
    """Return what a table says of policies by wave: a claim for each policy and measure that has a column.

    Cells of ratios that say inf or nan are undefined, and go to ``no_numbers``; money that does is a fault.
    """
    source, rows = read_once(root, path, ("wave", "budget_needed"), faults, repeats, "budget_needed")
    policies = policies_of(list(rows[0].cells)) if rows else []
    if rows and not policies:
        rows[0].fault("", "no column overshoot_<policy>: of which policies does the table speak?")
    claims: list[Claim] = []
    seen = set()
    for row in rows:
        wave, needed = count(row, "wave", 1), least_zero(row, "budget_needed")
        if wave in seen:
            row.fault("wave", f"wave {wave} has a row already")
        seen.add(wave)
        for policy in policies:
            claims.append(Claim(wave, policy, "needed", needed))
            if _CAPS in row.cells:
                claims.append(Claim(wave, policy, "caps", maybe(row, _CAPS)))
            for name in _NAMES:
                if (column := f"{name}_{policy}") not in row.cells:
                    continue
                text = row.cells[column]
                if name in _UNDEFINED_IF and text.lower().lstrip("+-") in _NO_NUMBERS:
                    claims.append(Claim(wave, policy, name, float("nan")))
                    no_numbers.append(NoNumber(row.file, row.line, column, text, claims[-1]))
                    continue
                read_cell = maybe if name in _UNDEFINED_IF else number
                claims.append(Claim(wave, policy, name, read_cell(row, column)))
            if scale := _scale(row, policy):
                claims.append(Claim(wave, policy, "scale", maybe(row, scale)))
    return source, sorted(claims, key=lambda claim: claim.wave)


def _scale(row: Row, policy: str) -> str:
    """Return the column of a policy's scale; it may leave out the end of the policy's name."""
    found = [
        column for column in row.cells if column.endswith("_scale") and policy.startswith(column[: -len("_scale")])
    ]
    return max(found, key=len, default="")


def read_shocks(root: Path, path: Path, faults: list[Fault], repeats: list[Repeat]) -> tuple[Source, list[Shock]]:
    """Return the clusters by coin of the stylised queue."""
    source, rows = read_once(root, path, _SHOCK_COLUMNS, faults, repeats, "budget_queue_usd")
    seen = set()
    shocks = []
    for row in rows:
        shock = Shock(
            label(row, "coin"),
            count(row, "cluster_id", 1),
            moment_ms(row, "t_start"),
            moment_ms(row, "t_end"),
            least_zero(row, "deficit_usd"),
            least_zero(row, "total_capacity_usd"),
            least_zero(row, "budget_queue_usd"),
        )
        if (shock.coin, shock.number) in seen:
            row.fault("cluster_id", f"{shock.coin} has a cluster {shock.number} already")
        seen.add((shock.coin, shock.number))
        shocks.append(shock)
    return source, shocks


def read_reactions(root: Path, path: Path, faults: list[Fault], repeats: list[Repeat]) -> tuple[Source, list[Reaction]]:
    """Return what each deleveraged account did afterwards."""
    source, rows = read_once(root, path, _REACTION_COLUMNS, faults, repeats, "n_adl_events")
    seen = set()
    reactions = []
    for row in rows:
        user = label(row, "user")
        if user in seen:
            row.fault("user", f"{user[:50]} has a row already")
        seen.add(user)
        shares = [_share(row, column) for column in _REACTION_COLUMNS[2:]]
        reactions.append(Reaction(user, count(row, "n_adl_events"), *shares))
    return source, reactions


def _share(row: Row, column: str) -> float:
    found = least_zero(row, column)
    if found > 1:
        row.fault(column, f"{row.cells[column][:40]} is above 1: it is a share")
    return found


def read_coins(root: Path, path: Path, faults: list[Fault], repeats: list[Repeat]) -> tuple[Source, list[CoinTotal]]:
    """Return the totals of the event's coins; their average prices are reference marks."""
    source, rows = read_once(root, path, ("coin", "average_adl_price_usd"), faults, repeats, "adl_notional_usd")
    seen = set()
    totals = []
    for row in rows:
        coin = label(row, "coin")
        if coin in seen:
            row.fault("coin", f"{coin} has a row already")
        seen.add(coin)
        price = above_zero(row, "average_adl_price_usd")
        fills = count(row, "adl_fills") if "adl_fills" in row.cells else 0
        totals.append(CoinTotal(coin, maybe(row, "adl_quantity"), price, maybe(row, "adl_notional_usd"), fills))
    return source, totals
