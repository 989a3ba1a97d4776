"""The two-round game: what is printed over a grid of costs and thresholds, and where it is false beside them."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.policies.commitment import Unwinding, best_wait, committed, simultaneous, worth_of_commitment

COSTS = [Fraction(part, 4) for part in range(1, 21, 3)]
THRESHOLDS = [Fraction(1) + Fraction(part, 8) for part in range(1, 9)]
PRINTED = [
    Unwinding(fee, penalty, threshold)
    for fee, penalty, threshold in product(COSTS, COSTS, THRESHOLDS)
    if fee < penalty
]  # fmt: skip


def test_game_when_its_example_is_recomputed_then_costs_are_the_printed() -> None:
    """Fee 1, penalty 5, threshold 3/2: who unwinds alone bears 6 and waiting 5."""
    game = Unwinding(Fraction(1), Fraction(5), Fraction(3, 2))
    table = {outcome: tuple(map(int, game.costs(outcome))) for outcome in ((0, 0), (0, 1), (1, 0), (1, 1))}
    assert table == {(0, 0): (5, 5), (0, 1): (5, 6), (1, 0): (6, 5), (1, 1): (1, 1)}
    assert simultaneous(game) == [(0, 0), (1, 1)]
    assert committed(game) == [(1, 1)]
    assert worth_of_commitment(game) == (Fraction(8), Fraction(0))


def test_game_when_a_fee_is_less_than_the_penalty_then_led_play_has_one_outcome_and_simultaneous_play_two() -> None:
    """Over the whole grid of what is printed: (1, 1) where somebody leads; (0, 0) stays an equilibrium where nobody."""
    assert len(PRINTED) == 21 * 8
    for game in PRINTED:
        assert committed(game) == [(1, 1)]
        assert simultaneous(game) == [(0, 0), (1, 1)]
        worst, best = worth_of_commitment(game)
        assert (worst, best) == (
            2 * (game.penalty - game.fee),
            Fraction(0),
        )  # Led play is never worse, and saves the bad one.


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_game_when_a_fee_is_more_than_the_penalty_then_nobody_unwinds_even_led(threshold: Fraction) -> None:
    """Not so beside the print: f > c."""
    game = Unwinding(Fraction(5), Fraction(3), threshold)
    assert (committed(game), simultaneous(game)) == ([(0, 0)], [(0, 0)])


def test_game_when_fee_and_penalty_are_equal_then_the_led_outcome_is_not_unique() -> None:
    """Not so beside the print: f = c. Ties leave both, and no mixture."""
    game = Unwinding(Fraction(2), Fraction(2), Fraction(3, 2))
    assert committed(game) == simultaneous(game) == [(0, 0), (1, 1)]


def test_game_when_one_unit_is_enough_then_the_leader_waits_and_the_other_pays() -> None:
    """Not so beside the print: a threshold of at most 1. Whoever commits first rides free."""
    game = Unwinding(Fraction(1), Fraction(5), Fraction(1))
    assert committed(game) == [(0, 1)]
    assert simultaneous(game) == [(0, 1), (1, 0)]
    assert worth_of_commitment(game) == (Fraction(0), Fraction(0))


def test_game_when_two_units_are_not_enough_then_nobody_unwinds() -> None:
    """Not so beside the print: a threshold above 2; and of 0 nobody has to."""
    for threshold in (Fraction(5, 2), Fraction(0)):
        game = Unwinding(Fraction(1), Fraction(5), threshold)
        assert committed(game) == simultaneous(game) == [(0, 0)]


def test_game_when_a_cost_is_negative_then_it_is_refused() -> None:
    """With both numbers."""
    with pytest.raises(ValueError, match="fee is -1 and penalty 5, both are 0 or more"):
        Unwinding(Fraction(-1), Fraction(5), Fraction(2))


SURPLUS = st.lists(st.fractions(0, 1, max_denominator=20), min_size=1, max_size=6)


@given(surplus=SURPLUS, discount=st.fractions(Fraction(1, 20), 1, max_denominator=20))
def test_backstop_when_the_surplus_never_rises_then_it_fills_at_once(
    surplus: list[Fraction], discount: Fraction
) -> None:
    """The no-wait lemma: severity - premium of 0 or more, falling or level, any discount."""
    falling = sorted(surplus, reverse=True)
    assert best_wait([one + 1 for one in falling], [Fraction(1)] * len(falling), discount) == 0


def test_backstop_when_the_premium_falls_or_the_severity_backs_off_then_it_waits_or_never_fills() -> None:
    """Beside the lemma: a surplus that rises is waited for unless it is discounted away; one below 0 never fills."""
    half, tenth = Fraction(1, 2), Fraction(1, 10)
    assert best_wait([half] * 3, [half, 2 * tenth, tenth], Fraction(1)) == 2
    assert best_wait([half, half, half], [2 * tenth, tenth, tenth], half) == 0
    assert best_wait([half, half / 2, half / 4], [3 * half] * 3, Fraction(1)) is None
    assert best_wait([], [], half) is None
