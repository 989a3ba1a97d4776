"""Rules by risk and by level: shares, orders, benchmarks, and what splitting an account does."""

import random
from fractions import Fraction
from itertools import pairwise, permutations
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.lab.policies.books import GAINS, lawful, parts, split, winners

LEVERED = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 12)), min_size=2, max_size=6)


@given(book=LEVERED)
def test_risk_aware_when_shares_are_compared_then_they_follow_the_weighted_mean(book: list[tuple[int, int]]) -> None:
    """T27: less than pro rata exactly where L g(L) is below its mean weighted by gains."""
    gains, levers = [gain for gain, _ in book], [lever for _, lever in book]
    found = split("rap", winners([gain * 10**9 for gain in gains], leverage=levers), 10**6)
    assume(found.parameter is not None)
    assert found.parameter is not None
    budget, mean = 10**6, Fraction(sum(g * one * one for g, one in book), sum(gains))
    for gain, lever in book:
        ideal = found.parameter * gain * 10**9 * lever * lever
        assert (ideal <= Fraction(budget * gain, sum(gains))) is (lever * lever <= mean)


@given(book=LEVERED, data=st.data())
def test_risk_aware_when_leverage_rises_then_the_share_of_the_gain_does(book: list[tuple[int, int]], data: Any) -> None:
    """T29, uncapped: the same gain, more leverage, not less taken."""
    gain = book[0][0]
    levers = sorted(lever for _, lever in book)
    name = data.draw(st.sampled_from(["rap-linear", "rap-power", "rap-cvar", "levered"]))
    found = split(name, winners([gain * 10**6] * len(book), leverage=levers), gain).parts.tolist()
    assert all(one <= other + 1 for one, other in pairwise(found))  # A unit for a fraction.


def deficit(equities: list[int], taken: list[Any], density: list[Fraction]) -> Fraction:
    """Return the linear next deficit: the sum of (1 - h) rho e, h of the equity."""
    return sum(
        ((1 - Fraction(x) / e) * rho * e for e, x, rho in zip(equities, taken, density, strict=True)), Fraction(0)
    )


def test_risk_aware_when_the_deficit_is_measured_then_a_greedy_knapsack_is_better_and_pro_rata_worse() -> None:
    """T28: knapsack <= risk-aware <= pro rata where the endowment is equity; strictly better in nearly all books."""
    source = random.Random(28)
    strictly = 0
    for _ in range(200):
        equities = [source.randrange(100, 5_000) for _ in range(8)]
        levers = [source.randrange(1, 12) for _ in range(8)]
        density = [Fraction(lever * lever) for lever in levers]
        budget = source.randrange(1, sum(equities))
        book = winners(equities, leverage=levers, score=levers)
        found = {
            name: deficit(equities, split(name, book, budget).parts.tolist(), density)
            for name in ("queue", "rap", "pro-rata")
        }
        slack = 2 * max(density) * 8  # Whole units: each part lies within one of its ideal.
        assert found["queue"] <= found["rap"]
        assert found["rap"] <= found["pro-rata"] + slack
        strictly += found["queue"] < found["rap"] - slack
    assert strictly > 150


def test_risk_aware_when_the_endowment_is_profit_then_it_can_leave_a_larger_deficit_than_pro_rata() -> None:
    """T28 needs equity as the endowment: profits of 10 and 10, equities of 100 and 1, leverage of 1 and 2, B = 10.

    With h of the profit, the linear next deficit is 52 under pro rata and 80.8 by risk, who take 2 and 8.
    """
    unit, equities, levers = 10, [100, 1], [1, 2]
    book = winners([10, 10], unit=unit, leverage=levers)
    left = {}
    for name in ("pro-rata", "rap"):
        taken = parts(split(name, book, 10 * unit), unit)
        left[name] = sum((1 - x / 10) * lev**2 * e for x, lev, e in zip(taken, levers, equities, strict=True))
    assert left == {"pro-rata": 52, "rap": Fraction("80.8")}


def test_risk_aware_when_nobody_else_can_pay_then_the_rest_is_a_residual() -> None:
    """A weight of zero pays nothing: no NaN, and the residual is said."""
    book = winners([10, 20], leverage=[0, 2])
    found = split("rap", book, 25)
    assert (found.parts.tolist(), found.rest) == ([0, 20], 5)
    nobody = split("rap", winners([10, 20], leverage=[0, 0]), 25)
    assert (nobody.parts.tolist(), nobody.rest, nobody.parameter) == ([0, 0], 25, None)


def test_top_levelling_when_the_first_splits_then_it_escapes() -> None:
    """Twenty in one account, or in two below the level."""
    assert split("top-levelling", winners([20, 10]), 8).parts.tolist() == [8, 0]
    assert sum(split("top-levelling", winners([10, 10, 10]), 8).parts.tolist()[:2]) < 8


def test_projection_when_the_largest_splits_then_it_pays_less() -> None:
    """By the square of the gain: two halves weigh half."""
    assert split("projection", winners([100, 100]), 60).parts.tolist() == [30, 30]
    assert sum(split("projection", winners([50, 50, 100]), 60).parts.tolist()[:2]) == 20


@given(gains=GAINS, data=st.data())
def test_talmud_when_two_claim_then_each_pair_is_shared_as_a_contested_garment(gains: list[int], data: Any) -> None:
    """Aumann and Maschler: consistent with the contested garment for every pair."""
    unit = 64
    budget = data.draw(st.integers(0, sum(gains)))
    found = parts(split("talmud", winners(gains, unit=unit), budget * unit), unit)
    for one in range(len(gains)):
        for other in range(one):
            both = found[one] + found[other]
            conceded = max(Fraction(0), both - gains[other]), max(Fraction(0), both - gains[one])
            fair = conceded[0] + (both - sum(conceded)) / 2
            assert abs(found[one] - fair) < Fraction(3, unit)


def test_talmud_when_the_three_estates_are_split_then_they_are_the_talmuds() -> None:
    """100, 200, 300 and estates of 100, 200, 300."""
    book = winners([100, 200, 300], unit=3)
    expected = {
        100: [Fraction(100, 3)] * 3,
        200: [50, 75, 75],
        300: [50, 100, 150],
        500: [Fraction(200, 3), Fraction(500, 3), Fraction(800, 3)],
    }
    for estate, wanted in expected.items():
        assert parts(split("talmud", winners([100, 200, 300], unit=6), estate * 6), 6) == wanted
    assert book.gain.tolist() == [300, 600, 900]


@given(gains=st.lists(st.integers(1, 30), min_size=1, max_size=5), data=st.data())
def test_random_arrival_when_few_then_it_is_the_mean_over_all_orders(gains: list[int], data: Any) -> None:
    """Compared with every order walked one by one."""
    budget = data.draw(st.integers(0, sum(gains)))
    sums = [0] * len(gains)
    orders = list(permutations(range(len(gains))))
    for order in orders:
        left = budget
        for at in order:
            part = min(left, gains[at])
            sums[at], left = sums[at] + part, left - part
    found = split("random-arrival", winners(gains), budget)
    expected, _ = lawful(budget, sums, gains, list(range(len(gains))))
    assert found.parts.tolist() == (expected if budget else [0] * len(gains))


def test_random_arrival_when_many_then_it_is_a_sample_that_says_so_and_is_the_same_again() -> None:
    """The seed and the number of orders belong to the result."""
    gains = [at * 7 % 101 + 1 for at in range(200)]
    one, other = split("random-arrival", winners(gains), 2_000), split("random-arrival", winners(gains), 2_000)
    assert one.parts.tolist() == other.parts.tolist()
    assert one.status == "sample of 1000 orders, seed 1"
    reseeded = split("random-arrival", winners(gains), 2_000, seed="2")
    assert reseeded.parts.tolist() != one.parts.tolist()
    assert max(abs(reseeded.parts - one.parts)) < 6
