"""Rank correlations against their definitions, pair by pair."""

from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.metrics.ranks import inversions, kendall, spearman, stability

PAIRS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=14)


def sign(number: float) -> int:
    """Return -1, 0 or 1."""
    return (number > 0) - (number < 0)


@given(PAIRS)
def test_kendall_when_pairs_are_counted_one_by_one_then_it_is_the_same(pairs: list[tuple[int, int]]) -> None:
    """Tau-b with ties in either column."""
    signs = [(sign(a - c), sign(b - d)) for (a, b), (c, d) in combinations(pairs, 2)]
    in_a, in_b = (sum(s[at] != 0 for s in signs) for at in (0, 1))
    expected = sum(a * b for a, b in signs) / sqrt(in_a * in_b) if in_a and in_b else None
    columns = np.array(pairs, float).T
    assert kendall(*columns) == (None if expected is None else pytest.approx(expected))


@given(PAIRS)
def test_spearman_when_ranks_are_means_then_it_is_their_correlation(pairs: list[tuple[int, int]]) -> None:
    """Mean ranks counted one by one, then Pearson."""
    columns = np.array(pairs, float).T
    ranks = [[sum(x < y for x in column) + (sum(x == y for x in column) + 1) / 2 for y in column] for column in columns]
    flat = [len(set(row)) == 1 for row in ranks]
    expected = None if any(flat) else float(np.corrcoef(ranks)[0, 1])
    assert spearman(*columns) == (None if expected is None else pytest.approx(expected))


@given(st.permutations(range(11)))
def test_inversions_when_counted_pair_by_pair_then_they_are_the_same(order: list[int]) -> None:
    """Any permutation, also one whose length is no power of two."""
    assert inversions(np.array(order)) == sum(a > b for a, b in combinations(order, 2))


def test_stability_when_the_order_stays_then_it_is_one_and_reversed_minus_one() -> None:
    """A cut in proportion moves nobody; a mirror turns everybody."""
    w = np.array([5.0, 4.0, 2.0])
    assert [item.value for item in stability(w, 0.9 * w)] == [1.0, 1.0]
    assert [item.value for item in stability(w, -w)] == [-1.0, -1.0]
    assert [item.value for item in stability(w[:1], w[:1])] == [None, None]


def test_stability_when_there_are_many_rows_then_it_is_done_in_seconds() -> None:
    """300,000 rows (9 x 10^10 / 2 pairs) in two columns without a trend: near 0, and the test does not time out."""
    rng = np.random.Generator(np.random.PCG64(5))
    tau = kendall(rng.random(300_000), rng.random(300_000))
    assert tau is not None
    assert abs(tau) < 0.01
