"""The two-round game: what is printed over a grid of costs and thresholds, and where it is false beside them."""

from fractions import Fraction
from itertools import product

import pytest

from deleverage.lab.policies.commitment import Unwinding, committed, simultaneous, worth_of_commitment

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
    assert committed(game) == [(0, 0), (1, 1)]


def test_game_when_one_unit_is_enough_then_the_leader_waits_and_the_other_pays() -> None:
    """Not so beside the print: a threshold of at most 1. Whoever commits first rides free."""
    game = Unwinding(Fraction(1), Fraction(5), Fraction(1))
    assert committed(game) == [(0, 1)]
    assert simultaneous(game) == [(0, 1), (1, 0)]
    assert worth_of_commitment(game) == (Fraction(0), Fraction(0))


def test_game_when_two_units_are_not_enough_then_nobody_unwinds() -> None:
    """Not so beside the print: a threshold above 2; and of 0 nobody has to."""
    for threshold in (Fraction(5, 2), Fraction(0)):
        assert committed(Unwinding(Fraction(1), Fraction(5), threshold)) == [(0, 0)]


def test_game_when_a_cost_is_negative_then_it_is_refused() -> None:
    """With both numbers."""
    with pytest.raises(ValueError, match="fee is -1 and penalty 5, both are 0 or more"):
        Unwinding(Fraction(-1), Fraction(5), Fraction(2))
