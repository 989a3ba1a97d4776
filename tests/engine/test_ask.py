"""Fronts and lights straight from columns are those of candidates that were gathered and scored one after the other."""

from random import Random
from typing import NamedTuple

import numpy as np
import pytest

from deleverage.engine.kernels.ask import ask, light_columns
from deleverage.engine.kernels.keys import NOBODY
from deleverage.engine.kernels.scores import RANKING_OF, WHOLE, score_rows
from deleverage.engine.kernels.select import choose
from tests.engine.test_places import expected_places
from tests.engine.test_select import asked

ROWS, MARKETS = 9_000, 3
RANKINGS = ("bitmex", "profit", "size", "hyperliquid", "lexicographic")


class Legs(NamedTuple):
    """Legs by row, units by number, the value of a lot by code: of each market two tiers, longs and shorts."""

    lots: np.ndarray
    owner: np.ndarray
    code: np.ndarray
    cost: np.ndarray
    equity: np.ndarray
    flags: np.ndarray
    value_of: np.ndarray
    order: np.ndarray


def drawn(seed: str) -> Legs:
    """Return blocks in which all, most, few or no rows are of the first market; some rows are free."""
    random, units = Random(seed), ROWS // 2
    chances = (1.0, 0.7, 0.02, 0.0, 0.45)
    market = [0 if random.random() < chances[row // 2048] else random.randint(1, 2) for row in range(ROWS)]
    lots = [random.choice((1, -1)) * random.choice((0, 1, 2, random.randint(1, 1 << 20))) for _ in range(ROWS)]
    code = [4 * of + 2 * random.randint(0, 1) + (held < 0) for of, held in zip(market, lots, strict=True)]
    value_of = [value for value in (7, 100, -31) for _ in range(4)]
    cost = [
        random.choice((0, held * value_of[of], held * value_of[of] + random.randint(-(10**5), 10**5)))
        for held, of in zip(lots, code, strict=True)
    ]
    owner = sorted(random.randrange(units) for _ in range(ROWS))
    seen: set[tuple[int, int, int]] = set()
    for row, of in enumerate(code):  # A unit has one leg on a side of a market.
        leg = owner[row], of // 4, of % 2
        lots[row] = 0 if leg in seen else lots[row]
        seen.add(leg)
    equity = [random.choice((-1, 0, 1, (1 << 60) - 1, random.randint(1, 1 << 30))) for _ in range(units)]
    flags = [random.choice((0, 0, 0, 0, 1, 1, 2, 3)) for _ in range(units)]
    kinds = (np.int64, np.uint32, np.uint16, np.int64, np.int64, np.uint8, np.int64, np.uint32)
    columns = lots, owner, code, cost, equity, flags, value_of, random.sample(range(units), units)
    return Legs(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))


def graded(legs: Legs, ranking: int) -> tuple[np.ndarray, np.ndarray]:
    """Return grades and keys of all rows, one after the other."""
    own, flags = legs.equity[legs.owner], legs.flags[legs.owner]
    tiers = np.where(flags & 2, -1, np.where(own <= 0, 5, np.where(flags & 1, 4, 2))).astype(np.int8)
    keys, grades, none = np.empty(ROWS, np.int64), np.empty(ROWS, np.uint8), np.empty((0, 6), np.int64)
    score_rows(ranking, 1, tiers, legs.lots, legs.code, legs.value_of, legs.cost, own, none, keys, grades)
    return grades, keys


@pytest.mark.parametrize("name", RANKINGS)
@pytest.mark.parametrize(("market", "odds"), [(0, 1), (0, 2), (1, 2)])
def test_front_when_blocks_are_full_or_sparse_then_it_is_that_of_the_sorted_queue(
    name: str, market: int, odds: int
) -> None:
    """Nothing, one lot, half, all but one, all and more; longs and shorts."""
    legs, ranking = drawn(name), RANKING_OF[name]
    grades, keys = graded(legs, ranking)
    code, first = legs.code.astype(int), 4 * market
    of = (code >= first) & (code < first + 4) & (odds >> (code & 1) & 1 == 1)
    rows = np.flatnonzero(of)
    candidates = grades[rows], keys[rows], legs.lots[rows], legs.order[legs.owner[rows]]
    total = sum(asked(*candidates, 1 << 62).values())
    room = [np.empty(ROWS + 1, kind) for kind in (np.uint16, np.uint32, np.uint32, np.uint32, np.int64)]
    for need in (0, 1, total // 2, total - 1, total, total + 9):
        how = ranking, 1, ranking in WHOLE
        count = ask(*how, first, first + 4, odds, ROWS, *legs, need, *room)
        expected = {int(legs.owner[rows[row]]): lots for row, lots in asked(*candidates, need).items()}
        assert expected == dict(zip(room[3][:count].tolist(), room[4][:count].tolist(), strict=True))


@pytest.mark.parametrize("name", RANKINGS)
def test_lights_when_all_markets_are_asked_then_they_are_those_of_each_queue(name: str) -> None:
    """Six groups of two codes each, of units with legs in several."""
    legs, ranking = drawn(name), RANKING_OF[name]
    grades, keys = graded(legs, ranking)
    group_of = 2 * (np.arange(4 * MARKETS) // 4) + np.arange(4 * MARKETS) % 2
    lights = np.empty(ROWS, np.uint8)
    light_columns(ranking, 1, ranking in WHOLE, ROWS, *legs, group_of, 2 * MARKETS, lights)
    expected = expected_places(group_of[legs.code], grades, keys, legs.lots, legs.order[legs.owner])
    assert lights.tolist() == [expected[row].lights if row in expected else 0 for row in range(ROWS)]


def test_choice_when_more_is_needed_than_there_is_then_nobody_who_is_no_candidate_is_asked() -> None:
    """Rows without lots lie behind all candidates, in the first of those places too."""
    grades, keys = np.array([5, 5], np.uint8), np.array([(1 << 63) - 1, 3])
    chosen, taken = np.empty(3, np.uint32), np.empty(3, np.int64)
    assert NOBODY == 15 * 4096
    assert choose(grades, keys, False, np.array([0, 4]), np.arange(2, dtype=np.uint32), 9, chosen, taken) == 1
    assert (chosen[0], taken[0]) == (1, 4)
