"""A drawn crowd for a wave whose winners nobody published: sums of the wave's own, the event's published shape.

Who pays among them is not a fact about the event. One winner a fill, profits in the published rank-size shape, equity
over profit on the published quantiles, leverage and age drawn; then both sums are made the wave's own, to the unit:
what equity has above profit is cash, which nobody owes. Each is closed in one coin of the wave, drawn by the coins'
gaps: one unit of it is a lot, worth the coin's gap.
"""

from math import isnan

import numpy as np

from deleverage.engine.split import apportion
from deleverage.lab.event import equity_over_profit
from deleverage.lab.events.model import Event, Wave
from deleverage.lab.policies.winners import Ratio, Units, Winners
from deleverage.lab.population.crowd import DRAWN, UNITS_A_USD, Crowd, NoCrowd, budget_of, locked, units_of
from deleverage.scenarios.draws import Draws
from deleverage.scenarios.population import LEVERAGES, account_ids
from deleverage.scenarios.shape import MOST_ACCOUNTS, rank_sizes

WITHOUT_FILLS = 1_000
"""So many winners are drawn for a wave that does not say how many fills it had."""

LABEL = "winners are synthetic, drawn from the seed: who paid is not a fact about the event"


def drawn(event: Event, wave: Wave, seed: int) -> Crowd:
    """Return the crowd of a wave; NoCrowd where the wave does not say what its winners had."""
    budget, basis = budget_of(event, wave)
    if isnan(wave.winners_profit_usd):
        raise NoCrowd("the profit of its winners is not known, and neither are they")
    profit_units = units_of(wave.winners_profit_usd)
    wanted = wave.fills or WITHOUT_FILLS
    count = min(wanted, MOST_ACCOUNTS, profit_units)
    if count < 1:
        raise NoCrowd(f"its winners have a profit of {wave.winners_profit_usd:.6g} USD in all: nothing can be taken")
    draws = Draws(seed, f"compare wave {wave.number}")
    sizes = draws.shuffled(list(rank_sizes(count, profit_units, 1)))
    gain = np.array(sizes, np.int64)
    ratio = np.array([equity_over_profit(draws.below(1_000)) for _ in range(count)], np.int64)
    leverage = np.array([LEVERAGES[draws.below(len(LEVERAGES))] for _ in range(count)], np.int64)
    equity, notes = _equity(gain, ratio, profit_units, wave)
    if not wave.fills:
        notes.append(f"how many were closed is not known: {count} winners are drawn")
    elif count < wanted:
        notes.append(f"{count} winners for {wanted} fills")
    score = None if equity is None else np.where(equity > 0, gain / np.maximum(equity, 1) * leverage, 0.0)
    winners = Winners(
        tuple(account_ids(count, f"synthetic-{wave.number}-")),
        gain,
        gain if equity is None else np.minimum(gain, np.maximum(equity, 0)),
        equity,
        Ratio(leverage, np.ones(count, np.int64)),
        score,
        _extra(draws, wave, count),
    )
    cut = wave.winners_profit_usd - profit_units / UNITS_A_USD
    return Crowd(wave.number, DRAWN, locked(winners), budget, basis, max(0.0, cut), tuple(notes))


def _extra(draws: Draws, wave: Wave, count: int) -> dict[str, Units]:
    """Return what only some policies ask for: who came when, and what a lot of each winner's coin is worth."""
    extra = {"arrived": np.array(draws.shuffled(list(range(count))), np.int64)}
    gaps = [gap for gap in wave.coins if gap.gap_usd > 0 and gap.gap_per_unit_usd > 0]
    if gaps:
        ends = np.cumsum([max(1, units_of(gap.gap_usd)) for gap in gaps])
        places = np.searchsorted(ends, [draws.below(int(ends[-1])) for _ in range(count)], side="right")
        worth = np.array([max(1, -units_of(-gap.gap_per_unit_usd)) for gap in gaps], np.int64)
        extra["lots"] = worth[places]
    return extra


def _equity(gain: Units, ratio: Units, profit_units: int, wave: Wave) -> tuple[Units | None, list[str]]:
    """Return equities that sum to the wave's own, and what has to be said about them."""
    if isnan(wave.winners_equity_usd):
        return None, ["the equity of the winners is not known"]
    equity_units = units_of(wave.winners_equity_usd)
    order = np.arange(len(gain), dtype=np.int32)
    if equity_units < 0:
        raise NoCrowd(f"its winners have an equity of {wave.winners_equity_usd:.6g} USD in all")
    if equity_units >= profit_units:
        weights = _light(gain, ratio - 1_000)
        return gain + apportion(equity_units - profit_units, weights, order)[0], []
    said = f"equity {wave.winners_equity_usd:.2f} USD below profit {wave.winners_profit_usd:.2f}: some owe cash"
    return apportion(equity_units, _light(gain, ratio), order)[0], [said]


def _light(gain: Units, factor: Units) -> Units:
    """Return gain x factor, of large gains their leading digits, so that the weights stay within 64 bits."""
    shift = max(0, int(gain.max()).bit_length() - 40)
    weights: Units = np.maximum(gain >> shift, 1) * factor
    return weights
