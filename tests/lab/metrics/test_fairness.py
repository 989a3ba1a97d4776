"""Indices of inequality on three denominators, Lorenz dominance, envy and the wiped out."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.metrics.catalogue import CATALOGUE
from deleverage.lab.metrics.fairness import (
    A_IS_FAIRER,
    B_IS_FAIRER,
    CROSSING,
    EQUAL,
    dominance,
    envy,
    fairness,
    gini,
    indices,
    lorenz,
)

AMOUNTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=12)


def by_name(taken: list[float], endowment: list[float], equity: list[float] | None = None) -> dict[str, float | None]:
    """Return all indices by name."""
    rows = fairness(np.array(taken), np.array(endowment), None if equity is None else np.array(equity))
    return {item.name: item.value for item in rows}


@given(AMOUNTS)
def test_indices_when_amounts_are_whole_then_they_are_those_of_the_definitions(amounts: list[int]) -> None:
    """Gini as half the mean absolute difference over the mean, Jain and HHI as printed, in exact fractions."""
    found = {item.name: item.value for item in indices(np.array(amounts, float), "x")}
    n, total = len(amounts), sum(amounts)
    if total == 0:
        assert found["gini_x"] is None
        return
    difference = sum(abs(a - b) for a in amounts for b in amounts)
    assert found["gini_x"] == pytest.approx(float(Fraction(difference, 2 * n * total)), abs=1e-12)
    squares = sum(a * a for a in amounts)
    assert found["jain_x"] == pytest.approx(float(Fraction(total * total, n * squares)))
    assert found["hhi_x"] == pytest.approx(float(Fraction(squares, total * total)))
    assert found["top_1_x"] == pytest.approx(max(amounts) / total)
    assert found["counted_x"] == n


def test_fairness_when_pro_rata_then_it_is_equal_in_shares_and_as_unequal_as_wealth_in_dollars() -> None:
    """G(h) = 0 and G(x) = G(w): one allocation, two verdicts."""
    wealth = [600.0, 300.0, 100.0]
    found = by_name([150.0, 75.0, 25.0], wealth, [700.0, 350.0, 1000.0])
    assert found["gini_h"] == pytest.approx(0, abs=1e-15)
    assert found["gini_x"] == pytest.approx(gini(np.array(wealth)))
    assert found["envy_ratio"] == 1.0
    assert found["gini_e"] is not None
    assert found["gini_e"] > 0.2


def test_fairness_when_equity_is_unknown_or_not_positive_then_its_indices_say_so() -> None:
    """Unknown: undefined with a reason. Accounts without equity have no share of it: they are not counted."""
    assert by_name([1.0], [2.0])["gini_e"] is None
    found = by_name([1.0, 1.0, 0.0], [2.0, 2.0, 2.0], [4.0, 0.0, -3.0])
    assert (found["counted_e"], found["counted_x"], found["largest_e"]) == (1.0, 3.0, 0.25)


@pytest.mark.parametrize(("taken", "endowment"), [([], []), ([0.0], [5.0]), ([0.0, 0.0], [0.0, 0.0]), ([3.0], [3.0])])
def test_fairness_when_there_is_little_to_measure_then_no_number_is_made_up(
    taken: list[float], endowment: list[float]
) -> None:
    """Nobody, nothing taken, no endowment, one account: every measure is finite or has a reason (Measure checks it)."""
    found = by_name(taken, endowment, endowment)
    assert set(found) == {name for name, row in CATALOGUE.items() if row.group == "fairness"}
    assert found["wiped"] == (1.0 if taken == [3.0] else 0.0)


def test_envy_when_one_of_two_comparable_accounts_is_spared_then_it_is_undefined() -> None:
    """Twins of 100: one pays a half, one nothing. An account of another size makes nobody envious."""
    endowment = np.array([100.0, 100.0, 1000.0])
    assert envy(np.array([0.5, 0.0, 0.0]), endowment).value is None
    assert envy(np.array([0.5, 0.25, 0.0]), endowment).value == 2.0


@given(AMOUNTS, AMOUNTS)
def test_dominance_when_compared_then_it_is_that_of_the_partial_sums(a: list[int], b: list[int]) -> None:
    """Against the definition, sum by sum; and swapping the sides swaps the verdict."""
    width = max(len(a), len(b))
    tops = [[sum(sorted(x, reverse=True)[:k]) for k in range(1, width + 1)] for x in (a, b)]
    less = all(x <= y for x, y in zip(*tops, strict=True))
    more = all(x >= y for x, y in zip(*tops, strict=True))
    expected = EQUAL if less and more else A_IS_FAIRER if less else B_IS_FAIRER if more else CROSSING
    assert dominance(np.array(a), np.array(b)) == expected
    swapped = {A_IS_FAIRER: B_IS_FAIRER, B_IS_FAIRER: A_IS_FAIRER}.get(expected, expected)
    assert dominance(np.array(b), np.array(a)) == swapped


@given(AMOUNTS)
def test_lorenz_when_read_then_it_rises_below_the_diagonal_to_one(amounts: list[int]) -> None:
    """A curve of shares; nobody's burden has none."""
    curve = lorenz(np.array(amounts, float), (0.0, 0.25, 0.5, 1.0))
    if sum(amounts) == 0:
        assert curve is None
        return
    assert curve is not None
    assert curve == sorted(curve)
    assert curve[0] == 0.0
    assert curve[-1] == pytest.approx(1.0)
    assert all(share <= at + 1e-12 for share, at in zip(curve, (0.0, 0.25, 0.5, 1.0), strict=True))


def test_indices_when_amounts_are_huge_then_squares_stay_in_range() -> None:
    """10^200 USD squared is beyond binary64; the indices are scale-free and stay the same."""
    small, huge = ({m.name: m.value for m in indices(np.array([1.0, 3.0]) * scale, "x")} for scale in (1.0, 1e200))
    assert [small[name] for name in ("gini_x", "jain_x", "hhi_x")] == pytest.approx(
        [huge[name] for name in ("gini_x", "jain_x", "hhi_x")]
    )
