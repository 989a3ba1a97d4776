"""All figures of an event under one roof: found from rows, beside what is printed about them."""

from math import fsum, isnan
from pathlib import Path

from deleverage.lab.events.model import Event
from deleverage.lab.published import others
from deleverage.lab.published.figures import Figure, Found, compared
from deleverage.lab.published.horizons import discounted, horizons
from deleverage.lab.published.prints import papers_on, prints_in
from deleverage.lab.regret.bound import envelope
from deleverage.lab.regret.table import regrets


def figures(event: Event, source: Path) -> tuple[Figure, ...]:
    """Return every figure of the event; ``source`` is its folder or file, where files of totals may lie."""
    return compared(found(event), [*prints_in(source, event), *papers_on(event)])


def found(event: Event) -> dict[str, Found]:
    """Return what can be recomputed from the event's rows, by key."""
    numbers: dict[str, float | None] = {**_waves(event), **_horizons(event), **_others(event), **_regrets(event)}
    return {key: Found(value) for key, value in numbers.items() if value is not None}


def _waves(event: Event) -> dict[str, float | None]:
    deficit, largest, loss = others.deficit(event)
    gaps = [gap.gap_usd for wave in event.waves for gap in wave.coins]
    covered = others.coverage(event)
    return {
        "waves": float(len(event.waves)) if event.waves else None,
        "deficit_usd": deficit,
        "largest_wave_deficit_usd": largest,
        "largest_loss_usd": loss,
        "needed_from_gaps_usd": fsum(gaps) if gaps and not any(map(isnan, gaps)) else None,
        "fills_in_waves": float(covered.fills) or None,
        "fills_in_all": None if covered.fills_in_all is None else float(covered.fills_in_all),
        "notional_in_waves_at_average_price_usd": covered.notional,
        "notional_in_all_usd": covered.notional_in_all,
    }


def _horizons(event: Event) -> dict[str, float | None]:
    rows = horizons(event)
    numbers: dict[str, float | None] = {}
    for row in rows:
        names = ("waves", "deficit", "needed", "taken", "over", "under", "net")
        for name in names:
            value = getattr(row, name)
            unit = "" if name == "waves" else "_usd"
            numbers[f"horizon_{row.horizon_ms}.{name}{unit}"] = None if value is None else float(value)
    for mean in discounted(rows):
        numbers[f"discounted_{mean.half_life_ms}.net_usd"] = mean.net
        numbers[f"discounted_{mean.half_life_ms}.above_first_usd"] = mean.above_first
    if rows:
        first = rows[0]
        numbers |= {"needed_usd": first.needed, "taken_usd": first.taken}
        numbers |= {"over_usd": first.over, "under_usd": first.under, "net_usd": first.net}
        numbers["band.least_usd"] = min(row.net for row in rows)
        numbers["band.most_usd"] = max(row.net for row in rows)
    return numbers


def _others(event: Event) -> dict[str, float | None]:
    numbers: dict[str, float | None] = {}
    if queue := others.queue(event):
        numbers |= {"queue.clusters": float(queue.clusters), "queue.deficit_usd": queue.deficit}
        numbers |= {"queue.over_usd": queue.over, "queue.residual_usd": queue.residual}
    if event.reactions:
        numbers["accounts.strategic"] = float(sum(map(others.is_strategic, event.reactions)))
        numbers["accounts.passive"] = float(sum(map(others.is_passive, event.reactions)))
    for name, value in others.equity_over_profit(event).items():
        numbers[f"winners.equity_over_profit.{name}"] = value
    return numbers


def _regrets(event: Event) -> dict[str, float | None]:
    numbers: dict[str, float | None] = {}
    bound = envelope(event)
    if bound is not None:
        numbers |= {"envelope.path_length": bound.path_length, "envelope.bound_usd": bound.bound}
        numbers["envelope.sum_squared_deficits_usd2"] = bound.sum_squared_deficits
    reference, rows = regrets(event)
    for row in rows:
        numbers[f"regret.{row.policy}.overshoot_usd"] = row.overshoot
        numbers[f"regret.{row.policy}.fairness_usd"] = row.fairness
        numbers[f"regret.{row.policy}.total_usd"] = row.total
        if bound is not None and row.total is not None:
            numbers[f"regret.{row.policy}.share_of_envelope"] = row.total / bound.bound
    for other in rows:
        if other.policy != reference:
            for row in regrets(event, other.policy)[1]:
                numbers[f"regret_against_{other.policy}.{row.policy}.fairness_usd"] = row.fairness
    return numbers
