"""Who stands against a wave: drawn crowds with its own sums, or the event's accounts as they first were."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from deleverage.lab.events.generator import generate
from deleverage.lab.events.model import Event
from deleverage.lab.metrics.fairness import gini
from deleverage.lab.population.crowd import NoCrowd, budget_of, units_of
from deleverage.lab.population.drawn import drawn
from deleverage.lab.population.stated import has_accounts, stated
from deleverage.scenarios.shape import shape
from tests.lab.compare.events import event, wave


def test_drawn_when_sums_are_published_then_profit_and_equity_are_theirs_to_the_unit() -> None:
    """Rounded down once, in all: 10,000.00 and 30,000.50 USD; equity is profit and cash, nobody owes any."""
    crowd = drawn(event(), wave(), seed=3)
    assert int(crowd.winners.gain.sum()) == 1_000_000
    assert crowd.winners.equity is not None
    assert int(crowd.winners.equity.sum()) == 3_000_050
    assert bool((crowd.winners.equity >= crowd.winners.gain).all())
    assert (crowd.kind, crowd.budget, len(crowd.winners)) == ("synthetic", 40_025, 12)


def test_drawn_when_there_are_many_then_profits_have_the_published_shape() -> None:
    """Gini and top shares of the bands in scenarios.shape."""
    many = wave(fills=5_000, winners_profit_usd=1e9, winners_equity_usd=3e9)
    gains = drawn(event(many), many, seed=3).winners.gain
    assert shape(gains.tolist()).faults == ()
    measured = gini(gains.astype(float))
    assert measured is not None
    assert 0.97 < measured < 0.99


def test_drawn_when_the_seed_changes_then_others_pay_and_sums_stay() -> None:
    """The seed decides who, nothing else; the same seed draws the same."""
    first, again, other = (drawn(event(), wave(), seed) for seed in (3, 3, 4))
    assert first.winners.gain.tolist() == again.winners.gain.tolist() != other.winners.gain.tolist()
    assert sorted(first.winners.gain.tolist()) == sorted(other.winners.gain.tolist())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"winners_profit_usd": float("nan")}, "the profit of its winners is not known"),
        ({"winners_profit_usd": 0.001}, "nothing can be taken"),
        ({"winners_profit_usd": 1e18}, "are beyond 4611686018427387904 units"),
        ({"needed_usd": float("nan")}, "what was needed is not known"),
        ({"winners_equity_usd": -5.0}, "an equity of -5 USD in all"),
    ],
)
def test_drawn_when_a_sum_is_missing_or_beyond_the_bounds_then_there_is_no_crowd(
    changed: dict[str, Any], told: str
) -> None:
    """The reason says which number."""
    with pytest.raises(NoCrowd, match=told):
        drawn(event(), wave(**changed), seed=1)


@pytest.mark.parametrize(
    "changed",
    [
        {"winners_equity_usd": 5_000.0},
        {"winners_equity_usd": float("nan")},
        {"fills": 0},
        {"fills": 10**9, "winners_profit_usd": 0.07},
        {"coins": ()},
        {"winners_profit_usd": 9e15, "winners_equity_usd": 2e16},
    ],
)
def test_drawn_when_a_wave_is_odd_then_a_crowd_stands_and_says_so(changed: dict[str, Any]) -> None:
    """Equity below profit or unknown, no fills, fewer cents than fills, no coins, 10^18 units."""
    odd = wave(**changed)
    crowd = drawn(event(odd), odd, seed=1)
    assert int(crowd.winners.gain.sum()) == units_of(odd.winners_profit_usd)
    assert bool((crowd.winners.cap <= crowd.winners.gain).all())
    if "winners_equity_usd" in changed and changed["winners_equity_usd"] < 1e6:
        assert crowd.notes


@pytest.mark.parametrize("seed", range(4))
def test_stated_when_the_event_has_accounts_then_each_closed_winner_is_there_once(seed: int) -> None:
    """As first stated, before the fill; no loser among them."""
    made = generate(seed).event
    assert has_accounts(made)
    assert made.fills is not None
    assert made.states is not None
    for row in made.waves:
        crowd = stated(made, row)
        inside = (made.fills.time_ms >= row.start_ms) & (made.fills.time_ms <= row.end_ms)
        assert sorted(crowd.winners.ids) == sorted(set(made.fills.user[inside].tolist()))
        assert crowd.notes == ()


def test_stated_when_an_account_changes_within_a_wave_then_its_first_state_counts() -> None:
    """A later, larger profit would be a look-ahead: planted, and not taken."""
    made = generate(1).event
    assert made.fills is not None
    assert made.states is not None
    row = max(made.waves, key=lambda item: item.fills)
    before = stated(made, row)
    times = made.fills.time_ms[made.states.fill]
    inside = (times >= row.start_ms) & (times <= row.end_ms) & (made.states.fill >= 0)
    fill = made.states.fill
    first = {name: fill[(made.states.user == name) & inside].min() for name in before.winners.ids}
    later = np.array([fill[at] > first.get(name, 10**15) for at, name in enumerate(made.states.user)])
    assert later.any()
    profit = np.where(later & ~made.states.is_loser, made.states.profit + 1e9, made.states.profit)
    after = stated(replace(made, states=replace(made.states, profit=profit)), row)
    assert before.winners.gain.tolist() == after.winners.gain.tolist()


def test_stated_when_profits_are_unknown_then_those_are_left_out_and_counted() -> None:
    """NaN is no zero."""
    made = generate(1).event
    assert made.states is not None
    unknown = replace(made.states, profit=np.full(len(made.states), np.nan))
    with pytest.raises(NoCrowd, match="no winner of this wave has a known profit"):
        stated(replace(made, states=unknown), made.waves[0])


def test_budget_when_the_source_has_no_total_then_fills_give_the_one_sided_sum() -> None:
    """Haircuts only; subsidies are told, not subtracted."""
    made = generate(2)
    row = made.event.waves[0]
    units, basis = budget_of(made.event, replace(row, needed_usd=float("nan")))
    assert units == round(made.truth.waves[0].one_sided_usd * 100)
    assert f"{made.truth.waves[0].subsidy_usd:.2f} USD" in basis
    with pytest.raises(NoCrowd, match="not known"):
        budget_of(Event("e"), replace(row, needed_usd=float("nan")))


@pytest.mark.parametrize(
    ("usd", "units"), [(0.29, 29), (0.289, 28), (1234.57, 123_457), (-0.29, -29), (-0.001, -1), (9e15, 9 * 10**17)]
)
def test_units_when_a_decimal_is_read_as_a_float_then_it_is_the_decimal_that_counts(usd: float, units: int) -> None:
    """0.29 USD are 29 cents, though the float lies below; what lies clearly below a cent is cut."""
    assert units_of(usd) == units


def test_stated_when_profits_have_parts_of_a_cent_then_what_was_cut_is_told() -> None:
    """Four tenths of a cent more each changes no unit."""
    made = generate(1).event
    assert made.states is not None
    more = replace(made, states=replace(made.states, profit=made.states.profit + 0.004))
    before, after = (stated(each, made.waves[0]) for each in (made, more))
    assert before.winners.gain.tolist() == after.winners.gain.tolist()
    assert before.cut_usd == pytest.approx(0.0, abs=1e-6)
    assert after.cut_usd == pytest.approx(0.004 * int((before.winners.gain > 0).sum()), abs=1e-6)
