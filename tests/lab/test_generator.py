"""A generated event is what its truth says, seed by seed."""

from dataclasses import replace

import numpy as np
import pytest

from deleverage.lab.events.crash import Settings
from deleverage.lab.events.generator import Generated, generate

SEEDS = range(12)


@pytest.fixture(scope="module", params=SEEDS)
def made(request: pytest.FixtureRequest) -> Generated:
    """Return a generated event with its truth."""
    return generate(request.param)


def test_transfers_of_fills_when_summed_then_are_the_truth(made: Generated) -> None:
    """One-sided sum, subsidy and what each winner paid follow from the fills alone."""
    fills, truth = made.event.fills, made.truth
    assert fills is not None
    transfer = fills.side * (fills.mark - fills.price) * fills.size
    assert truth.one_sided_usd == pytest.approx(float(transfer[transfer > 0].sum()))
    assert truth.subsidy_usd == pytest.approx(-float(transfer[transfer < 0].sum()), abs=1e-9)
    for user in np.unique(fills.user):
        assert truth.paid[user] == pytest.approx(float(transfer[fills.user == user].sum()), abs=1e-9)


def test_deficits_when_first_stated_then_are_owed_once(made: Generated) -> None:
    """A loser's first statement in the order of the event is his deficit, at the time he went bankrupt."""
    states, fills = made.event.states, made.event.fills
    assert states is not None
    assert fills is not None
    first = {}
    for user, fill, equity in zip(states.user, states.fill, states.equity, strict=True):
        if user in made.truth.owed and user not in first:
            first[user] = (-equity, int(fills.time_ms[fill]))
    for user, (owed, moment) in first.items():
        assert made.truth.owed[user] == pytest.approx(owed, rel=1e-9)
        assert made.truth.bankrupt_ms[user] == moment
    assert made.truth.deficit_usd == pytest.approx(sum(made.truth.owed.values()))


def test_tables_when_clean_then_agree_with_the_truth(made: Generated) -> None:
    """Waves, coins and clusters sum to the truth, and no wave needs more than its deficit."""
    event, truth = made.event, made.truth
    assert truth.deficit_usd == pytest.approx(sum(row.deficit_usd for row in event.waves))
    assert truth.deficit_usd == pytest.approx(sum(row.deficit_usd for row in event.shocks))
    assert truth.needed_usd == pytest.approx(sum(row.needed_usd for row in event.waves))
    assert truth.notional_usd == pytest.approx(sum(row.notional_usd for row in event.coins))
    assert sum(row.fills for row in event.waves) == sum(row.fills for row in event.coins)
    assert all(row.needed_usd <= row.deficit_usd * (1 + 1e-9) for row in event.waves)


def test_generator_when_asked_twice_then_gives_the_same(made: Generated) -> None:
    """A seed is an event."""
    again = generate(int(made.event.name.rpartition("-")[2]))
    assert again.truth == made.truth
    assert made.event.states is not None
    assert again.event.states is not None
    assert np.array_equal(again.event.states.equity, made.event.states.equity)


def test_generator_when_full_wave_then_first_wave_leaves_nothing_defined() -> None:
    """A wave that is carried in full has no remaining deficit: its ratios are empty, for all policies."""
    event = generate(3, replace(Settings(), full_wave=True)).event
    said = [claim.value for claim in event.claims if claim.wave == 1 and claim.name == "ptsr"]
    assert said
    assert np.isnan(said).all()


def test_generator_when_settings_are_impossible_then_says_why() -> None:
    """Nobody to close, or a wave without a bankrupt."""
    with pytest.raises(ValueError, match="winners is 0"):
        Settings(winners=0)
    with pytest.raises(ValueError, match="losers are 2, waves 3"):
        Settings(waves=3, losers=2)


@pytest.mark.parametrize("change", [{"waves": 1, "losers": 1}, {"winners": 1}, {"coins": 1}, {"fills_a_loser": 1}])
def test_generator_when_a_world_is_small_then_its_truth_holds(change: dict[str, int]) -> None:
    """One of a kind is enough."""
    made = generate(11, replace(Settings(), **change))  # type: ignore[arg-type]
    assert made.truth.net_usd + made.truth.by_fund_usd == pytest.approx(made.truth.deficit_usd)
    assert made.truth.needed_usd <= made.truth.deficit_usd * (1 + 1e-9)
