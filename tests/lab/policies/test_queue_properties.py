"""Queues: what is proved of them, and the printed ordering that is false."""

import random
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.policies.whole import total
from tests.lab.policies.books import GAINS, ideals, random_split, split, winners


@given(gains=GAINS, data=st.data())
def test_queue_when_it_walks_then_it_is_a_vertex_and_no_split_has_a_higher_score(gains: list[int], data: Any) -> None:
    """T21: at most one is asked for a part; optimal for the sum of score x part."""
    budget = data.draw(st.integers(0, sum(gains)))
    scores = [data.draw(st.integers(0, 5)) for _ in gains]
    found = split("queue", winners(gains, score=scores), budget).parts.tolist()
    assert sum(0 < part < gain for part, gain in zip(found, gains, strict=True)) <= 1
    other = random_split(gains, gains, budget, data)
    assert sum(s * x for s, x in zip(scores, found, strict=True)) >= sum(
        s * x for s, x in zip(scores, other, strict=True)
    )


@given(gains=GAINS, data=st.data())
def test_queue_when_the_first_is_looked_at_then_its_survivor_is_the_least_of_all_rules(
    gains: list[int], data: Any
) -> None:
    """T23: (w1 - B)+, no other split leaves it less, and pro rata leaves B (1 - w1 / U) more."""
    gains = sorted(gains, reverse=True)
    budget = data.draw(st.integers(0, gains[0]))
    queue = gains[0] - split("queue-by-gain", winners(gains), budget).parts[0]
    assert queue == max(0, gains[0] - budget)
    fair = gains[0] - ideals(gains, budget)[0]
    assert fair - queue == budget * (1 - Fraction(gains[0], sum(gains)))
    anything = data.draw(st.integers(0, sum(gains)))
    least = max(0, gains[0] - anything)
    assert gains[0] - split("queue-by-gain", winners(gains), anything).parts[0] == least
    assert gains[0] - random_split(gains, gains, anything, data)[0] >= least
    for name in ("pro-rata", "per-capita", "top-levelling", "talmud", "projection"):
        assert gains[0] - split(name, winners(gains), anything).parts[0] >= least, name


@given(gains=st.lists(st.integers(1, 50), min_size=2, max_size=6), data=st.data())
def test_queue_when_the_first_two_change_places_then_twice_the_budget_moves(gains: list[int], data: Any) -> None:
    """T22: a jump of 2 B for a difference as small as scores can have, as long as either can pay all of it."""
    budget = data.draw(st.integers(0, min(gains[:2])))
    near, rest = 2.0 - 2.0**-52, [1.0] * (len(gains) - 2)
    one, other = (
        split("queue", winners(gains, score=[*scores, *rest]), budget).parts for scores in ((2.0, near), (near, 2.0))
    )
    assert abs(one - other).sum() == 2 * budget
    shares = [ideals(each, budget) for each in ([10**6, 10**6 - 1], [10**6 - 1, 10**6])]
    assert sum(abs(x - y) for x, y in zip(*shares, strict=True)) < Fraction(budget + 1, 10**6)  # Pro rata: no jump.


def test_queue_when_the_gap_to_pro_rata_is_a_ratio_then_the_share_of_the_deficit_is_no_factor_of_it() -> None:
    """T24, FALSE as printed: w = 10, 1, B = 5, D = 10: the gap in PTSR is 1 - w1 / U = 1/11, not theta of it, 1/22."""
    gains, budget, deficit = [10, 1], 5, 10
    queue = max(gain - x for gain, x in zip(gains, split("queue-by-gain", winners(gains), budget).parts, strict=True))
    fair = max(gain - x for gain, x in zip(gains, ideals(gains, budget), strict=True))
    gap = (fair - queue) / budget
    assert gap == 1 - Fraction(10, 11)
    assert gap != Fraction(budget, deficit) * (1 - Fraction(10, 11)) == Fraction(1, 22)


def test_queue_when_the_largest_survivor_is_the_second_then_pro_rata_and_levelling_leave_less() -> None:
    """T24, FALSE as printed: w = 10, 9, B = 5: the queue leaves 9, pro rata 140/19 (7.368), levelling 7."""
    book, gains = winners([10, 9]), [10, 9]
    queue, levelled = (split(name, book, 5).parts.tolist() for name in ("queue-by-gain", "top-levelling"))
    left = [
        max(gain - Fraction(x) for gain, x in zip(gains, taken, strict=True))
        for taken in (queue, ideals(gains, 5), levelled)
    ]
    assert left == [9, Fraction(140, 19), 7]


def test_queue_when_random_books_are_measured_then_pro_rata_often_leaves_a_smaller_largest_survivor() -> None:
    """T24, FALSE as printed: about a quarter of Pareto books contradict it; levelling is never worse than either."""
    source = random.Random(24)
    violations = 0
    for _ in range(1_000):
        gains = [int(1_000 * source.paretovariate(1.5)) for _ in range(source.randrange(2, 12))]
        budget = source.randrange(1, sum(gains))
        book = winners(gains)
        left = {
            name: int((book.gain - split(name, book, budget).parts).max())
            for name in ("queue-by-gain", "pro-rata", "top-levelling")
        }
        violations += left["queue-by-gain"] > left["pro-rata"] + 1
        assert left["top-levelling"] <= min(left.values())
    assert violations > 100


def test_queue_when_the_first_splits_then_its_parts_pay_less() -> None:
    """T25: 600 beside 300 pays all of 250; as six of 100 it pays nothing."""
    assert split("queue-by-gain", winners([600, 300]), 250).parts.tolist() == [250, 0]
    assert sum(split("queue-by-gain", winners([*[100] * 6, 300]), 250).parts.tolist()[:6]) == 0


@given(gains=GAINS, data=st.data())
def test_queue_whole_when_the_last_is_large_then_less_than_one_more_cap_is_taken(gains: list[int], data: Any) -> None:
    """T26: B <= sum < B + cap of the last."""
    budget = data.draw(st.integers(1, sum(gains)))
    scores = [data.draw(st.integers(0, 5)) for _ in gains]
    found = split("queue-whole", winners(gains, score=scores), budget)
    last = min((s, -at) for at, s in enumerate(scores) if found.parts[at] > 0)
    assert budget <= total(found.parts) < budget + gains[-last[1]]


@given(gains=GAINS, data=st.data())
def test_any_rule_when_few_may_be_closed_then_the_largest_must_give_what_the_others_cannot(
    gains: list[int], data: Any
) -> None:
    """T26: with k accounts at least B - (caps beyond the k largest) comes from the k largest."""
    budget, count = data.draw(st.integers(0, sum(gains))), data.draw(st.integers(1, len(gains)))
    largest = sorted(range(len(gains)), key=lambda at: -gains[at])[:count]
    for name in ("queue", "pro-rata", "per-capita", "top-levelling", "talmud"):
        found = split(name, winners(gains), budget).parts.tolist()
        needed = budget - (sum(gains) - sum(gains[at] for at in largest))
        assert sum(found[at] for at in largest) >= needed, name


@given(gains=GAINS, data=st.data())
def test_capped_when_nobody_may_lose_more_than_a_part_then_the_budget_is_met_up_to_that_part_of_all_gains(
    gains: list[int], data: Any
) -> None:
    """T26: ceilings of alpha are feasible exactly where B <= alpha x sum of gains."""
    tenths = data.draw(st.integers(0, 10))
    budget = data.draw(st.integers(0, 10 * sum(gains)))
    found = split("capped", winners([10 * gain for gain in gains]), budget, ceiling=f"{tenths}/10")
    assert (found.rest == 0) is (budget <= tenths * sum(gains))
    assert found.rest == max(0, budget - tenths * sum(gains))
