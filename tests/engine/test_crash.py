"""Bankrupts one by one: the heap gives what the rulebook's stage gives, and what ranking everybody anew gives."""

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from deleverage.engine.kernels.crash import EQUITY_BEFORE, GRADE, HELD_LOTS, KEY, close_bankrupts
from deleverage.engine.kernels.keys import score_of
from deleverage.engine.kernels.scores import RANKING_OF, WHOLE
from deleverage.engine.kernels.states import maintenance_of, tier_of, tier_row, tier_rows
from deleverage.rulebook.book import Book, Leg, Market, Tier, Unit, market_of
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity, leg_maintenance, leg_value, maintenance_numerator, price_pnl
from deleverage.rulebook.messages import RunStep
from deleverage.rulebook.price import Bankruptcy, Mark, PreviousMark
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages import deleveraging
from deleverage.rulebook.stages.candidates import eligible
from deleverage.rulebook.stages.one_by_one import close_one_by_one, distress
from tests.properties.stories import mark, open_book

TABLE = (Tier(0, 5_000_000, 10_000_000), Tier(1_500, 40_000_000, 50_000_000, 20), Tier(4_000, 90_000_000, 10**8, 220))
MARGINS = np.array(
    [(one.from_notional_quanta, one.maintenance_rate_ppb, one.maintenance_deduction_quanta) for one in TABLE], np.int64
)
LOW = (1 << 64) - 1


def stressed(random: Random) -> Book:
    """Return a book of two markets after random trades and a jump, in which some are bankrupt and some unhealthy."""
    deposits = {f"u{number:02}": random.choice((1, 60, 200, 900, 2_500)) for number in range(14)}
    book = open_book(deposits, 0, ("BTC", "ETH"))
    for market in book.markets.values():
        market.terms = replace(market.terms, tiers=TABLE)
    for _ in range(40):
        one, other = random.sample(sorted(deposits), 2)
        lots, market_id = random.choice((1, 1, 2, 7, 20)), random.choice(("BTC", "BTC", "ETH"))
        amount = lots * 100 + random.randint(-9, 9)
        for unit_id, side in ((one, 1), (other, -1)):
            settle_unit(book.units[unit_id], book.markets[market_id], side * lots, -side * amount, "")
        book.markets[market_id].open_interest_lots = sum(
            max(0, unit.legs[market_id].lots) for unit in book.units.values() if market_id in unit.legs
        )
    if random.random() < 0.3:
        book.accounts["u05"] = replace(book.accounts["u05"], role="fund")
    for market_id in ("BTC", "ETH"):
        mark(book, random.choice((70, 85, 101, 115, 140)), market_id)
    return book


def state_of(book: Book, unit: Unit, market: Market, leg: Leg) -> list[int]:
    """Return the eight numbers of a candidate."""
    others = [(one, book.markets[market_of(leg_id)]) for leg_id, one in unit.legs.items() if one is not leg]
    rest = maintenance_numerator(book, unit) - leg_maintenance(market, leg.lots)
    pnl, value = sum(price_pnl(*one) for one in others), sum(abs(leg_value(*one)) for one in others)
    low = rest & LOW
    words = [rest >> 64, low - (1 << 64) if low >> 63 else low]
    return [leg.lots, leg.cost, equity(book, unit), 0, pnl, value, *words]


def kernel_closings(book: Book, rules: Rules, pool: Any, bankrupts: list[str], shortfalls: dict[str, int]) -> list[Any]:
    """Return what the kernel closes in one pool, as closings, and settle it on the book; ``pool`` is left alone."""
    market = book.markets[pool.market_id]
    accounts = frozenset(book.units[unit_id].account_id for unit_id in pool.lots)
    candidates = eligible(book, rules, pool.market_id, pool.side, accounts).candidates
    units = [book.units[candidate.unit_id] for candidate in candidates]
    legs = [unit.leg_on(pool.market_id, -pool.side) for unit in units]
    states = [state_of(book, unit, market, leg[1]) for unit, leg in zip(units, legs, strict=True) if leg]
    homes = [0 if book.role(unit) == "fund" else 4 if unit.account_id in accounts else 2 for unit in units]
    previous = market.terms.value_at(market.previous_mark_price_ticks)
    prices = {"bankruptcy": -1, "mark": 0, "previous-mark": max(0, pool.side * (previous - market.value_quanta))}
    assert isinstance(rules.policy, Queue)
    ranking = RANKING_OF[rules.policy.ranking]
    rows, home_tiers = np.array(states, np.int64).reshape(-1, 8), np.array(homes, np.int8)
    tiers = np.empty(len(states), np.int8)
    tier_rows(rows, home_tiers, market.value_quanta, market.factor_ppb, MARGINS, tiers)
    assert [candidate.tier for candidate in candidates] == tiers.tolist()
    fills = close_bankrupts(
        rows,
        home_tiers,
        tiers,
        np.arange(len(units), dtype=np.uint32),
        np.array([pool.lots[unit_id] for unit_id in bankrupts], np.int64),
        np.array([shortfalls[unit_id] for unit_id in bankrupts], np.int64),
        ranking,
        rules.policy.wallet_floor_quanta,
        ranking in WHOLE,
        market.value_quanta,
        market.factor_ppb,
        MARGINS,
        prices[rules.price.kind],
        True,
    )
    closings = []
    for fill in fills.tolist():
        debtor, row, lots, owed, money = fill[:5]
        score = fill[KEY] if ranking in WHOLE else float(score_of(fill[KEY]))
        text = repr(score) if fill[GRADE] % 2 else ""
        figures = (fill[GRADE] // 2, text, fill[HELD_LOTS], lots, fill[EQUITY_BEFORE], money)
        closings.append((bankrupts[debtor], owed, units[row].unit_id, *figures))
        for unit_id, side, paid in ((bankrupts[debtor], -pool.side, money), (units[row].unit_id, pool.side, -money)):
            settle_unit(book.units[unit_id], market, side * lots, -side * lots * market.value_quanta + paid, "")
    return closings


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


@pytest.mark.parametrize("ranking", sorted(RANKING_OF))
def test_crash_when_the_queue_is_asked_before_each_fill_then_it_is_the_rulebooks(
    ranking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random small books of two markets, several pools one after the other, three prices; every figure of a closing."""
    compared: list[int] = []

    def both(scratch: Any, pools: Any, plan: Any) -> None:
        view = scratch.book.copy()
        for fill in plan.fills:
            settle_unit(view.units[fill.unit_id], view.markets[fill.market_id], fill.lots, fill.amount_quanta, "")
        units = scratch.book.units
        queues = [
            sorted((key for key, lots in pool.lots.items() if lots), key=lambda key: distress(scratch.book, units[key]))
            for pool in pools
        ]
        expected = []
        for pool, queue in zip(pools, queues, strict=True):
            expected += kernel_closings(view, scratch.rules, pool, queue, dict(pool.shortfalls))
        owed_before = {(pool.market_id, u): pool.shortfalls[u] for pool in pools for u in pool.lots}
        start = len(plan.fills)
        close_one_by_one(scratch, pools, plan)
        debtors = [fill for fill in plan.fills[start:] if fill.part == "bankrupt"]
        found = [
            (
                fill.unit_id,
                c.unit_id,
                c.tier,
                c.score,
                c.lots_before,
                c.closed_lots,
                c.equity_before_quanta,
                c.money_quanta,
            )
            for fill, c in zip(debtors, plan.closings, strict=True)
        ]
        assert found == [(one[0], *one[2:]) for one in expected]
        owed_after = {(pool.market_id, u): pool.shortfalls[u] for pool in pools for u in pool.lots}
        assert sum(owed_before.values()) - sum(owed_after.values()) == sum(one[1] for one in expected)
        compared.append(len(found))

    monkeypatch.setattr(deleveraging, "close_one_by_one", both)
    random = Random(ranking)
    for _ in range(25):
        price = random.choice((Bankruptcy(), Bankruptcy(), Mark(), PreviousMark()))
        decide(stressed(random), RunStep(time_ns=2), Rules(rerank="each_fill", policy=Queue(ranking), price=price))
    assert sum(compared) > 100


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
    fills = close_bankrupts(*columns, RANKING_OF["bitmex"], 1, False, 1_000, 10**9, table, -1, reranks)
    return [tuple(fill[:5]) for fill in fills.tolist()]
