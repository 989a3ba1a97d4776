"""Faults of what is published about an event: its waves and the claims of policies. ``faults.plant`` is the way in."""

from dataclasses import replace

import numpy as np

from deleverage.lab.events.edit import parts, wave_of, with_claims, with_states
from deleverage.lab.events.model import Event

_HALF, _THIRD = 2, 3


def above_notional(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """Production is said to have taken 40 %, 130 % or 500 % of what was traded in one wave."""
    fills, _ = parts(event)
    at = int(rng.integers(len(event.waves)))
    mine = wave_of(event) == at
    usd = (0.4, 1.3, 5.0)[magnitude] * float((fills.size * fills.price)[mine].sum())
    row = event.waves[at]
    times = usd / max(row.taken_usd[min(row.taken_usd)], 1e-9)
    wrong = replace(
        row,
        taken_usd={horizon: money * times for horizon, money in row.taken_usd.items()},
        largest_taken_usd={horizon: money * times for horizon, money in row.largest_taken_usd.items()},
    )
    return replace(event, waves=(*event.waves[:at], wrong, *event.waves[at + 1 :]))


def budget_above_deficit(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """Deficits are read too low in 1, 2 or half of the waves: the budget is 1.02, 1.5 or 5 times what was missing."""
    _, states = parts(event)
    count = (1, 2, max(2, len(event.waves) // _HALF))[magnitude]
    chosen = rng.permutation(len(event.waves))[:count]
    waves, equity = list(event.waves), states.equity.copy()
    where = wave_of(event)[np.maximum(states.fill, 0)]
    shocks = list(event.shocks)
    for at in chosen:
        row = waves[at]
        part = row.needed_usd / (1.02, 1.5, 5.0)[magnitude] / row.deficit_usd
        waves[at] = replace(row, deficit_usd=row.deficit_usd * part, max_loss_usd=row.max_loss_usd * part)
        equity[(where == at) & states.is_loser] *= part
        shocks = [
            replace(shock, deficit_usd=shock.deficit_usd * part)
            if row.start_ms <= shock.start_ms <= row.end_ms
            else shock
            for shock in shocks
        ]
    return with_states(replace(event, waves=tuple(waves), shocks=tuple(shocks)), equity=equity)


def undefined_metric(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """Cells are empty for one policy and not for others: one, a third, all; at worst ratios leave their range too."""
    policies = sorted({claim.policy for claim in event.claims if claim.name == "ptsr"})
    policy = policies[int(rng.integers(len(policies)))]
    full = sorted({claim.wave for claim in event.claims if claim.name == "ptsr" and not np.isnan(claim.value)})
    if not full:  # the other way round: a number where everybody else has none
        return with_claims(event, lambda _: 1.5, [event.waves[0].number], policy, ("ptsr",))
    count = (1, max(1, len(full) // _THIRD), len(full))[magnitude]
    chosen = [int(number) for number in rng.permutation(full)[:count]]
    event = with_claims(event, lambda _: float("nan"), chosen, policy, ("ptsr", "pmr") if magnitude else ("ptsr",))
    if magnitude == len(("faint", "plain")):
        event = with_claims(event, lambda _: 1.4, chosen, policy, ("rd_nse",))
        event = with_claims(event, lambda _: 1.0, chosen, policy, ("max_pct",))
    return event


def solver_fallback(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """An optimiser gives up and its replacement is printed: scaled by 1 %; twice as unfair; 64 times, budget missed."""
    policy = next(claim.policy for claim in event.claims if claim.name == "scale")
    numbers = [row.number for row in event.waves if row.needed_usd > 0]
    count = (1, max(1, len(numbers) // _THIRD), max(1, len(numbers) // _HALF))[magnitude]
    chosen = [int(number) for number in rng.permutation(numbers)[:count]]
    if magnitude == 0:
        return with_claims(event, lambda _: 1.01, chosen, policy, ("scale",))
    event = with_claims(event, lambda share: max(2 * share, 1e-6), chosen, policy, ("max_pct",))
    if magnitude == 1:
        return event
    event = with_claims(event, lambda _: 64.0, chosen, policy, ("scale",))
    return with_claims(event, lambda usd: 0.1 * usd, chosen, policy, ("budget",))


def coverage(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """Tables leave out 2 %, 10 % or 40 % of the fills: coins of waves, and waves that nothing is left of."""
    fills, _ = parts(event)
    place, missing = wave_of(event), 0
    goal = (0.02, 0.10, 0.40)[magnitude] * len(fills)
    cells = [(at, gap.coin) for at, row in enumerate(event.waves) for gap in row.coins]
    waves = list(event.waves)
    for at, coin in (cells[int(cell)] for cell in rng.permutation(len(cells))):
        if missing >= goal:
            break
        row = waves[at]
        gone = int(((place == at) & (fills.coin == coin)).sum())
        kept = tuple(gap for gap in row.coins if gap.coin != coin)
        needed = float(sum(gap.gap_usd for gap in kept))
        part = needed / row.needed_usd if row.needed_usd > 0 else 0.0
        waves[at] = replace(
            row,
            fills=row.fills - gone,
            coins=kept,
            needed_usd=needed,
            taken_usd={horizon: usd * part for horizon, usd in row.taken_usd.items()},
        )
        missing += gone
    left = tuple(row for row in waves if row.fills)
    numbers = {row.number for row in left}
    said = tuple(claim for claim in event.claims if claim.wave in numbers)
    return replace(event, waves=left, claims=said)
