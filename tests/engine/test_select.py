"""Who is chosen is who stands in front in the order of the law, whatever the ranks are."""

from random import Random
from typing import Any

import numpy as np
import pytest

from deleverage.engine.kernels.keys import NO_CANDIDATE, key_of
from deleverage.engine.kernels.select import choose

MODES = ("spread", "equal", "few", "whole", "near", "geometric")


def queue(random: Random, count: int, mode: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return grades, keys, lots and the order of ids of some candidates."""
    grades = np.array([random.choice((0, 5, 5, 5, 8, 9, 10, NO_CANDIDATE)) for _ in range(count)], np.uint8)
    if mode == "equal":
        grades[:] = 5
    scores = {
        "spread": lambda: random.gauss(0, 1) * 10.0 ** random.randint(-9, 9),
        "equal": lambda: 0.5,
        "few": lambda: float(random.randint(-2, 2)),
        "near": lambda: 1 + random.randint(0, 40) * 2.0**-50,
        "geometric": lambda: random.choice((1, -1)) * 2.0 ** -random.randint(0, 900),
    }
    keys = [random.randint(-(1 << 50), 1 << 50) if mode == "whole" else key_of(scores[mode]()) for _ in range(count)]
    lots = [random.choice((1, 2, 3, 1 << 40)) * random.choice((1, -1)) for _ in range(count)]
    order = random.sample(range(count), count)
    return grades, np.array(keys, np.int64), np.array(lots, np.int64), np.array(order, np.uint32)


def asked(grades: np.ndarray, keys: np.ndarray, lots: np.ndarray, order: np.ndarray, need: int) -> dict[int, int]:
    """Return the lots of each row that a sorted queue gives."""
    rows = [row for row in range(keys.size) if grades[row] != NO_CANDIDATE and lots[row]]
    taken = {}
    for row in sorted(rows, key=lambda row: (grades[row], -keys[row], order[row])):
        if need == 0:
            break
        taken[row] = min(need, abs(int(lots[row])))
        need -= taken[row]
    return taken


def chosen_of(*arguments: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that ``choose`` writes, and the lots that are taken of each."""
    rows, taken = np.empty(arguments[1].size + 1, np.uint32), np.empty(arguments[1].size + 1, np.int64)
    grades, keys, whole, lots, order, need = arguments
    count = choose(grades, keys, whole, lots, order, need, rows, taken)
    return rows[:count], taken[:count]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("count", [1, 2, 30, 3_000])
def test_choice_when_lots_are_needed_then_it_is_the_front_of_the_queue(mode: str, count: int) -> None:
    """Need of nothing, one lot, everything, one less, more than there is, and something between."""
    random = Random(f"{mode}{count}")
    grades, keys, lots, order = queue(random, count, mode)
    total = sum(asked(grades, keys, lots, order, 1 << 62).values())
    for need in {0, 1, total, max(0, total - 1), total + 5, random.randint(0, total), random.randint(0, total)}:
        expected = asked(grades, keys, lots, order, need)
        rows, taken = chosen_of(grades, keys, mode == "whole", lots, order, need)
        assert expected == dict(zip(rows.tolist(), taken.tolist(), strict=True))


def test_choice_when_nobody_has_lots_then_nobody_is_chosen() -> None:
    """No candidates at all, and candidates without capacity."""
    none = (np.empty(0, np.uint8), np.empty(0, np.int64), False, np.empty(0, np.int64), np.empty(0, np.uint32))
    empty = (
        np.full(2, 5, np.uint8),
        np.zeros(2, np.int64),
        False,
        np.zeros(2, np.int64),
        np.arange(2, dtype=np.uint32),
    )
    for candidates in (none, empty):
        rows, taken = chosen_of(*candidates, 10)
        assert (rows.size, taken.size) == (0, 0)


def test_choice_when_one_place_holds_everybody_then_ids_decide() -> None:
    """100,000 equal ranks, ids against the order of the rows, half of the lots needed."""
    count = 100_000
    order = np.arange(count, dtype=np.uint32)[::-1].copy()
    grades, keys, lots = np.full(count, 5, np.uint8), np.zeros(count, np.int64), np.ones(count, np.int64)
    rows, _ = chosen_of(grades, keys, False, lots, order, count // 2)
    assert list(range(count // 2, count)) == sorted(rows.tolist())
