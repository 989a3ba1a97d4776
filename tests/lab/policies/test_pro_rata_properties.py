"""Pro rata in the axioms of the bankruptcy literature, one by one, on exact ideals."""

from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.lab.policies.books import GAINS, ideals, split, winners


@given(gains=GAINS, scale=st.integers(1, 1000), budget=st.integers(0, 200))
def test_pro_rata_when_all_money_is_scaled_then_the_share_is_the_same(
    gains: list[int], scale: int, budget: int
) -> None:
    """T10: scale invariance."""
    one = split("pro-rata", winners(gains), budget).parameter
    assert one == split("pro-rata", winners([gain * scale for gain in gains]), budget * scale).parameter


@given(gains=GAINS, data=st.data())
def test_pro_rata_when_one_has_gained_more_then_more_is_left_to_it(gains: list[int], data: Any) -> None:
    """T11: the order of gains is the order of what is left, pair by pair."""
    budget = data.draw(st.integers(0, sum(gains)))
    left = [gain - part for gain, part in zip(gains, ideals(gains, budget), strict=True)]
    for gain, kept in zip(gains, left, strict=True):
        assert all(kept >= other for less, other in zip(gains, left, strict=True) if gain >= less)


def test_capped_when_ceilings_rise_with_the_gain_then_the_order_of_survivors_can_turn() -> None:
    """T11 needs ceilings that do not rise with the gain: 10 and 9, of whom only the first can be cut, are 5 and 9."""
    found = split("capped", winners([10, 9], cap=[10, 0]), 5).parts.tolist()
    assert (10 - found[0], 9 - found[1]) == (5, 9)


@given(gains=GAINS, data=st.data())
def test_pro_rata_when_an_account_splits_in_any_way_then_its_parts_pay_what_it_paid(
    gains: list[int], data: Any
) -> None:
    """T12: splits and mergers of a profit are neutral, for all others too."""
    budget = data.draw(st.integers(0, sum(gains)))
    first = data.draw(st.integers(0, gains[0]))
    merged, apart = ideals(gains, budget), ideals([first, gains[0] - first, *gains[1:]], budget)
    assert [apart[0] + apart[1], *apart[2:]] == merged


@given(gains=GAINS, data=st.data())
def test_pro_rata_when_the_budget_grows_then_nobody_pays_less(gains: list[int], data: Any) -> None:
    """T13: resource monotone, under caps too."""
    caps = [data.draw(st.integers(0, gain)) for gain in gains]
    less = data.draw(st.integers(0, sum(caps)))
    more = data.draw(st.integers(less, sum(caps)))
    both = ideals(gains, less, caps), ideals(gains, more, caps)
    assert all(one <= other for one, other in zip(*both, strict=True))


@given(gains=GAINS, data=st.data())
def test_pro_rata_when_one_pays_and_leaves_then_the_others_pay_the_same(gains: list[int], data: Any) -> None:
    """T14: consistency, whoever leaves, in so fine units that every part is whole."""
    assume(len(gains) > 1)
    fine = sum(gains)
    budget = data.draw(st.integers(0, sum(gains)))
    whole = [int(part * fine) for part in ideals(gains, budget)]
    at = data.draw(st.integers(0, len(gains) - 1))
    others = [gain * fine for row, gain in enumerate(gains) if row != at]
    assert ideals(others, budget * fine - whole[at]) == [part for row, part in enumerate(whole) if row != at]


@given(gains=GAINS, data=st.data())
def test_pro_rata_when_a_budget_comes_in_two_parts_then_it_is_as_in_one(gains: list[int], data: Any) -> None:
    """T15: composition, the second part from what the first has left."""
    fine = sum(gains)
    budget = data.draw(st.integers(0, sum(gains)))
    more = data.draw(st.integers(budget, sum(gains)))
    whole = [int(part * fine) for part in ideals(gains, budget)]
    again = ideals([gain * fine - part for gain, part in zip(gains, whole, strict=True)], (more - budget) * fine)
    both = [one + part for one, part in zip(again, whole, strict=True)]
    assert both == [part * fine for part in ideals(gains, more)]


@given(gains=GAINS, data=st.data())
def test_capped_when_another_level_is_tried_then_it_misses_the_budget_and_who_is_below_the_ceiling_has_it(
    gains: list[int], data: Any
) -> None:
    """T16: eta is unique below capacity; a share below its ceiling is eta, to the unit."""
    caps = [data.draw(st.integers(0, gain)) for gain in gains]
    assume(sum(caps) > 0)
    budget = data.draw(st.integers(0, sum(caps) - 1))
    found = split("capped", winners(gains, cap=caps), budget)
    eta = found.parameter
    assert eta is not None

    def taken(level: Fraction) -> Fraction:
        return sum((min(Fraction(cap), level * gain) for gain, cap in zip(gains, caps, strict=True)), Fraction(0))

    step = Fraction(1, 10**6)
    assert taken(eta) == budget < taken(eta + step)
    assert budget == 0 or taken(eta - step) < budget
    for gain, cap, part in zip(gains, caps, found.parts.tolist(), strict=True):
        assert part == cap or abs(part - eta * gain) < 1


def test_haircuts_when_the_printed_problem_has_no_budget_then_nobody_pays_at_its_minimum() -> None:
    """T17, FALSE as printed: the sum of h^2 alone is least at 0; with a budget and no weights h rises with the gain.

    Gains 6, 3 and 1 and a budget of 4: h = 24/46, 12/46, 4/46 has 0.348 and pro rata 0.48; weighted 1.6 is the least.
    """
    gains = [Fraction(6), Fraction(3), Fraction(1)]
    nobody, rising, equal = [Fraction(0)] * 3, [Fraction(4, 46) * gain for gain in gains], [Fraction(4, 10)] * 3
    assert [sum(h * w for h, w in zip(each, gains, strict=True)) for each in (nobody, rising, equal)] == [0, 4, 4]
    plain = [sum(h * h for h in each) for each in (nobody, rising, equal)]
    assert plain == [0, Fraction(8, 23), Fraction(12, 25)]
    weighted = [sum(w * h * h for h, w in zip(each, gains, strict=True)) for each in (rising, equal)]
    assert weighted[0] > weighted[1] == Fraction(8, 5)
