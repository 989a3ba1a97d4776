"""Bankrupts one by one: the heap gives what the rulebook's stage gives, and what ranking everybody anew gives."""

from dataclasses import replace

import numpy as np
import pytest

from deleverage.engine.kernels.crash import close_bankrupts
from deleverage.engine.kernels.scores import RANKING_OF
from deleverage.engine.kernels.states import maintenance_of, tier_of, tier_row
from deleverage.rulebook.book import Tier
from deleverage.rulebook.margin import leg_maintenance
from tests.properties.stories import open_book

TABLE = (Tier(0, 5_000_000, 10_000_000), Tier(1_500, 40_000_000, 50_000_000, 20), Tier(4_000, 90_000_000, 10**8, 220))
MARGINS = np.array(
    [(one.from_notional_quanta, one.maintenance_rate_ppb, one.maintenance_deduction_quanta) for one in TABLE], np.int64
)
LOW = (1 << 64) - 1


def test_maintenance_when_a_leg_stands_at_a_tier_then_it_is_the_rulebooks() -> None:
    """One lot, the starts of the tiers and their neighbours, the largest leg, factors that reach the notional."""
    for factor_ppb in (10**9, 1, 3 * 10**9 + 1, 1 << 34):
        for value in (1, -1, 1 << 30):
            for lots in (1, 19, 20, 1_499, 1_500, 1_501, 3_999, 4_000, 1 << 24):
                market = open_book({}).markets["BTC"]
                market.terms = replace(market.terms, tiers=TABLE, quanta_per_tick_lot=abs(value))
                market.mark_price_ticks, market.factor_ppb = 1, factor_ppb
                rate, deduction = tier_row(MARGINS, lots * abs(value))
                words = np.uint64(lots * abs(value)), np.uint64(rate), np.uint64(deduction), np.uint64(factor_ppb)
                high, low = maintenance_of(*words)
                assert leg_maintenance(market, lots) == (int(high) << 64) + int(low)


def test_tier_when_collateral_counts_then_health_is_the_margin_balances_and_equity_the_accounts() -> None:
    """Balance at maintenance is healthy, one quantum less is not; without equity no collateral helps."""
    for balance in (1, 7, 1 << 61):
        needed = balance * 10**18
        for above, tier in ((0, 2), (1, 4)):
            high, low = np.uint64((needed + above) >> 64), np.uint64((needed + above) & LOW)
            assert tier == tier_of(2, 1, balance - 1, high, low)
            assert tier_of(0, 1, balance - 1, high, low) == 0
            assert tier_of(4, 1, balance - 1, high, low) == 4
            assert tier_of(2, 0, balance, high, low) == 5


def crowd(seed: int, count: int, debtors: int, equal: bool) -> tuple[np.ndarray, ...]:
    """Return states, lots and shortfalls of candidates and bankrupts of one market whose lot is worth 1,000 quanta."""
    random = np.random.default_rng(seed)
    states = np.zeros((count, 8), np.int64)
    lots = np.full(count, 4) if equal else random.integers(1, 60, count)
    states[:, 0] = -lots
    states[:, 1] = -lots * 1_000 - (0 if equal else random.integers(-9_000, 27_000, count))
    states[:, 2] = 500 * lots if equal else random.integers(-90, 900, count) * lots
    debts = random.integers(1, 25, debtors)
    return states, debts, debts * random.integers(0, 400, debtors)


def brute_force(states: np.ndarray, lots: np.ndarray, shortfalls: np.ndarray) -> list[tuple[int, ...]]:
    """Return debtor, candidate, lots, owed and money of each fill, ranking everybody anew before it (BitMEX)."""
    fills: list[tuple[int, ...]] = []
    held, cost, own = -states[:, 0], states[:, 1].copy(), states[:, 2].copy()
    for debtor in range(lots.size):
        need, debt = int(lots[debtor]), int(shortfalls[debtor])
        while need and held.any():
            value, pnl = held * 1_000, -held * 1_000 - cost
            base = np.maximum(1, np.abs(cost))
            over, under = np.where(pnl >= 0, value, own), np.where(pnl >= 0, own, value)
            with np.errstate(all="ignore"):
                score = pnl.astype(float) * over.astype(float) / (base.astype(float) * under.astype(float))
            unhealthy = own * 10**4 < value * 50
            tier = np.where(held == 0, 9, np.where(own <= 0, 5, np.where(unhealthy, 4, 2)))
            front = np.flatnonzero(tier == tier.min())
            row = int(front[0] if tier[front[0]] == 5 else front[np.argmax(score[front])])
            part = min(need, int(held[row]))
            owed = -(-debt * part // need)
            money = min(owed, max(0, int(own[row])))
            fills.append((debtor, row, part, owed, money))
            share = abs(int(cost[row])) * part // int(held[row])
            cost[row] -= share if cost[row] >= 0 else -share
            held[row] -= part
            own[row] -= money
            need, debt = need - part, debt - owed
    return fills


@pytest.mark.parametrize(
    ("count", "debtors", "equal"), [(1, 5, False), (60, 200, True), (60, 400, False), (700, 500, False)]
)
def test_crash_when_everybody_is_ranked_anew_then_the_fills_are_the_same(count: int, debtors: int, equal: bool) -> None:
    """More bankrupts than candidates hold, all ranks equal, and a large crowd; ranking once gives something else."""
    states, lots, shortfalls = crowd(count, count, debtors, equal)
    expected = brute_force(states, lots, shortfalls)
    found = {reranks: fills_of(states, lots, shortfalls, reranks) for reranks in (True, False)}
    assert expected == found[True]
    assert sum(fill[2] for fill in expected) == sum(fill[2] for fill in found[False])
    assert (count > 1 and not equal) == (expected != found[False])


def fills_of(states: np.ndarray, lots: np.ndarray, shortfalls: np.ndarray, reranks: bool) -> list[tuple[int, ...]]:
    """Return the first five figures of the kernel's fills."""
    own, value = states[:, 2], -states[:, 0] * 1_000
    tiers = np.where(own <= 0, 5, np.where(own * 10**4 < value * 50, 4, 2)).astype(np.int8)
    homes, order = np.full(tiers.size, 2, np.int8), np.arange(tiers.size, dtype=np.uint32)
    table = np.array([[0, 5_000_000, 0]], np.int64)
    columns = states.copy(), homes, tiers, order, lots.copy(), shortfalls.copy()
    price = (10**9, -1, -1)
    fills = close_bankrupts(*columns, RANKING_OF["bitmex"], 1, False, 1_000, 10**9, table, price, False, reranks)
    return [tuple(fill[:5]) for fill in fills.tolist()]
