"""Lights and percentiles of all groups at once are those of ``rulebook.places``, group by group."""

from random import Random

import numpy as np
import pytest

from deleverage.engine.kernels.keys import NO_CANDIDATE
from deleverage.engine.kernels.places import light_rows
from deleverage.engine.kernels.standings import stand
from deleverage.rulebook.places import Place, places
from deleverage.rulebook.ranking import Candidate
from tests.engine.test_select import MODES, queue


def expected_places(
    groups: np.ndarray, grades: np.ndarray, keys: np.ndarray, lots: np.ndarray, order: np.ndarray
) -> dict[int, Place]:
    """Return the place of every row that is a candidate."""
    found: dict[int, Place] = {}
    for group in set(groups.tolist()):
        rows = [row for row in range(keys.size) if groups[row] == group and grades[row] != NO_CANDIDATE and lots[row]]
        rows.sort(key=lambda row: (grades[row], -keys[row], order[row]))
        queued = [(Candidate(str(row), 0, abs(int(lots[row])), *[0] * 8), "") for row in rows]
        found |= {int(place.unit_id): place for place in places(queued)}
    return found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("count", "groups"), [(1, 1), (6, 2), (400, 1), (3_000, 7)])
def test_places_when_all_groups_are_asked_then_each_is_the_rulebooks(mode: str, count: int, groups: int) -> None:
    """Negative and equal scores, free rows, bankrupts, one lot beside the largest, codes that share a group."""
    random = Random(f"{mode}{count}")
    grades, keys, lots, order = queue(random, count, mode)
    lots[[random.randrange(count) for _ in range(count // 9)]] = 0
    code = np.array([random.randrange(2 * groups) for _ in range(count)], np.uint16)
    group_of = np.arange(2 * groups, dtype=np.uint16) // np.uint16(2)
    lights = np.empty(count, np.uint8)
    light_rows(code, group_of, groups, grades, keys, mode == "whole", lots, order, lights)
    ranks, ahead, percentiles, all_lights = stand(code, group_of, groups, grades, keys, mode == "whole", lots, order)
    expected = expected_places(group_of[code], grades, keys, lots, order)
    for row in range(count):
        found = (ranks[row], ahead[row], percentiles[row], all_lights[row])
        place = expected.get(row)
        values = (place.rank, place.lots_ahead, place.percentile_ppb, place.lights) if place else (0, 0, 0, 0)
        assert values == found
        assert values[-1] == lights[row]


def test_lights_when_lots_are_at_the_bound_then_nothing_wraps() -> None:
    """Five candidates of a fifth each have five different lights, though five times their lots exceeds 2^62."""
    count = 5
    grades, keys, order = np.full(count, 5, np.uint8), np.arange(count), np.arange(count, dtype=np.uint32)
    lots, code = np.full(count, 1 << 57), np.zeros(count, np.uint16)
    lights = np.empty(count, np.uint8)
    light_rows(code, np.zeros(1, np.uint16), 1, grades, keys, False, lots, order, lights)
    assert lights.tolist() == [1, 2, 3, 4, 5]
    assert stand(code, np.zeros(1, np.uint16), 1, grades, keys, False, lots, order)[2].tolist() == [
        10**9,
        8 * 10**8,
        6 * 10**8,
        4 * 10**8,
        2 * 10**8,
    ]


def test_lights_when_a_cell_begins_with_the_last_lot_of_a_quintile_then_it_is_looked_into() -> None:
    """Ten lots in three tiers, two of them in the second: the first of these still has five lights."""
    keys, order = np.zeros(10, np.int64), np.arange(10, dtype=np.uint32)
    grades = np.array([1, 3, 3, 5, 5, 5, 5, 5, 5, 5], np.uint8)
    lots, code = np.ones(10, np.int64), np.zeros(10, np.uint16)
    lights = np.empty(10, np.uint8)
    light_rows(code, np.zeros(1, np.uint16), 1, grades, keys, True, lots, order, lights)
    assert lights.tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
