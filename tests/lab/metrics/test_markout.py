"""Mark-outs with their sign, and hedges that a closing breaks."""

import numpy as np
import pytest

from deleverage.lab.events.generator import generate
from deleverage.lab.events.model import Event, Fills, Wave
from deleverage.lab.metrics.coverage import coverage
from deleverage.lab.metrics.hedges import exposures
from deleverage.lab.metrics.markout import markouts


def fills(times: list[int], marks: list[float], sides: list[int]) -> Fills:
    """Return fills of one coin, one unit each, at a price of 100."""
    n = len(times)
    texts = np.array(["A"] * n, object)
    prices = np.full(n, 100.0)
    return Fills(
        np.array(times),
        texts,
        texts,
        np.array(sides, np.int8),
        np.ones(n),
        prices,
        np.array(marks),
        prices,
        texts,
        texts,
    )


def test_markout_when_the_mark_moves_on_then_immediate_and_opportunity_add_up() -> None:
    """A long closed at 100 with the mark at 102, later 110: 2 at once, 8 missed, 10 in all; a short the reverse."""
    rows = fills([0, 0, 900], [102.0, 102.0, 110.0], [1, -1, 1])
    (found,) = markouts(rows, (1_000,))
    assert found.total[:2].tolist() == [10.0, -10.0]
    assert found.immediate[:2].tolist() == [2.0, -2.0]
    assert found.opportunity[:2].tolist() == [8.0, -8.0]
    assert (found.split.above, found.split.below, found.split.unknown) == (10.0, 10.0, 1)


def test_markout_when_no_mark_is_later_than_the_fill_then_it_is_unknown_not_zero() -> None:
    """The last fill of a coin, a horizon too short, or a fill without a mark."""
    rows = fills([0, 5_000], [102.0, 110.0], [1, 1])
    assert [found.split.unknown for found in markouts(rows, (1_000, 5_000))] == [2, 1]
    assert markouts(fills([0, 10], [float("nan"), 1.0], [1, 1]), (100,))[0].split.unknown == 2


@pytest.mark.parametrize("seed", range(3))
def test_markout_when_the_event_is_generated_then_the_immediate_part_is_the_true_transfer(seed: int) -> None:
    """Haircuts and subsidies of the truth, signs kept."""
    made = generate(seed)
    assert made.event.fills is not None
    immediate = markouts(made.event.fills, (1_000,))[0].immediate
    assert immediate[immediate > 0].sum() == pytest.approx(made.truth.one_sided_usd)
    assert -immediate[immediate < 0].sum() == pytest.approx(made.truth.subsidy_usd)


def test_hedges_when_both_legs_are_closed_alike_then_float_noise_breaks_none() -> None:
    """A third of each of many legs that offset each other: the net stays nothing, up to the last digits."""
    rng = np.random.Generator(np.random.PCG64(1))
    longs = rng.random(500) * 1e6
    notional = np.concatenate([longs, -longs])
    users = np.tile(np.arange(50), 20)
    found = {one.name: one.value for one in exposures(users, notional, np.abs(notional) / 3).measures()}
    assert (found["broken"], found["broken_usd"]) == (0.0, 0.0)


def test_hedges_when_one_of_two_legs_is_closed_then_the_net_exposure_grows() -> None:
    """Long 100 and short 100: losing the long leaves 100 of naked short. A one-legged account only shrinks."""
    users = np.array(["h", "h", "o"])
    found = exposures(users, np.array([100.0, -100.0, 50.0]), np.array([100.0, 0.0, 20.0]))
    assert found.users == ["h", "o"]
    assert found.growth.tolist() == [100.0, -20.0]
    assert {item.name: item.value for item in found.measures()} == {
        "gross": 250.0,
        "net": 50.0,
        "broken": 1.0,
        "broken_usd": 100.0,
    }


def test_hedges_when_coins_move_differently_then_the_factor_decides() -> None:
    """Long 100 at a sensitivity of 2 against short 200 at 1 is a hedge, though the dollars are none."""
    found = exposures(np.array(["h", "h"]), np.array([100.0, -200.0]), np.zeros(2), np.array([2.0, 1.0]))
    assert found.net_before.tolist() == [0.0]


def test_hedges_when_more_is_closed_than_there_is_then_it_is_refused() -> None:
    """A reduction never turns a position."""
    with pytest.raises(ValueError, match=r"h loses 101.0 USD of a leg of 100.0 USD"):
        exposures(np.array(["h"]), np.array([100.0]), np.array([101.0]))


def test_coverage_when_fills_lie_outside_all_waves_then_it_is_below_one() -> None:
    """Two of three fills inside; without fills and totals it is undefined, and says so."""
    nan = float("nan")
    wave = Wave(1, 0, 10, 2, 0, nan, nan, nan)
    shares = coverage(Event("e", (wave,), fills([0, 10, 11], [1.0] * 3, [1] * 3)))
    assert [item.value for item in shares] == [2 / 3, 2 / 3]
    assert [item.value for item in coverage(Event("e", (wave,)))] == [None, None]
