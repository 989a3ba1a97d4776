"""The programme in lots bounds shares and not the sum: what the budget does not need is given back."""

import numpy as np
import pytest

from deleverage.lab.policies.min_max_lots import MinMaxLots
from deleverage.lab.policies.policy import ask
from deleverage.lab.policies.winners import Winners


@pytest.mark.parametrize("seed", range(5))
def test_min_max_lots_when_one_lot_is_dear_then_less_than_a_lot_is_taken_beyond_the_budget(
    seed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """A dear lot makes M large, under which all others could give all they have; and the solver prints nothing."""
    rng = np.random.Generator(np.random.PCG64(seed))
    gain = rng.integers(1_000, 10**6, 30)
    lots = rng.integers(1, 50, 30)
    lots[0], gain[0] = 900, 1_000
    winners = Winners(
        tuple(f"w{at:02}" for at in range(30)), gain, gain, gain + rng.integers(0, 10**6, 30), extra={"lots": lots}
    )
    budget = int(gain.sum() // 3)
    shares = ask(MinMaxLots(), winners, budget)
    assert 0 <= -shares.rest < lots.max()
    assert bool((shares.parts % lots == 0).all())
    assert capfd.readouterr().out == ""
