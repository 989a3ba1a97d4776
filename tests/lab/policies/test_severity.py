"""Controllers of the severity: what they may know, what they promise, and formulas that do not do what they say."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.policies.backoff import Backoff, BackoffAsPrinted
from deleverage.lab.policies.catalogue import SEVERITIES
from deleverage.lab.policies.constrained import ConstrainedDescent
from deleverage.lab.policies.gradient import OnlineGradient, ScalarMirrorDescent
from deleverage.lab.policies.online import (
    best_rate,
    lagged_budgets,
    lagged_budgets_as_printed,
    path_length,
    regret,
    regret_bound,
    with_best_rate,
)
from deleverage.lab.policies.policy import EX_ANTE, EX_POST
from deleverage.lab.policies.severity import AboutSeverity, Matched, Needed, Present, Round, Static, severities
from deleverage.rulebook.plug import PlugFault, spec_of

ROUNDS = st.lists(
    st.builds(Round, st.just(0.0) | st.floats(1e-3, 1e6), st.floats(0, 1e6), st.floats(0, 1e7)),
    min_size=1,
    max_size=30,
)


@dataclass(frozen=True)
class Peeks:
    """A controller that calls itself ex ante and looks at the round at hand: a planted violation."""

    rounds: tuple[Round, ...]
    kind: ClassVar[str] = "peeks"
    about: ClassVar[AboutSeverity] = AboutSeverity(EX_ANTE, "planted")

    def act(self, past: Sequence[Round], severities: Sequence[float], now: Present | None) -> float:
        """Return what will turn out to be right."""
        return self.rounds[len(past)].target


def looks_ahead(make: Any, rounds: list[Round], at: int) -> bool:
    """Return whether a controller's choice at a round moves when that round and all after it do.

    What an online controller is shown of the present is kept; what was needed is not.
    """
    moved = [
        *rounds[:at],
        *(replace(one, deficit=one.deficit / 2 + 1, needed=one.needed * 2 + 1, capacity=1.0) for one in rounds[at:]),
    ]
    if make(rounds).about.information != EX_ANTE:
        moved[at] = replace(rounds[at], needed=rounds[at].needed * 2 + 1)
    return severities(make(rounds), rounds)[at] != severities(make(moved), moved)[at]


@given(rounds=ROUNDS, data=st.data())
def test_controllers_when_the_future_changes_then_no_choice_before_it_does(rounds: list[Round], data: Any) -> None:
    """T43: causality, of every controller but the oracle, whose needed budget is the present's."""
    at = data.draw(st.integers(0, len(rounds) - 1))
    for kind in SEVERITIES.kinds.values():
        if kind.about.information != EX_POST:
            assert not looks_ahead(lambda _, kind=kind: kind(), rounds, at), kind.kind


def test_controllers_when_one_peeks_then_causality_finds_it() -> None:
    """The planted violation, and the oracle, which says of itself that it looks."""
    rounds = [Round(10, 5), Round(10, 8)]
    assert looks_ahead(lambda seen: Peeks(tuple(seen)), rounds, 1)
    assert severities(Needed(), rounds) == [0.5, 0.8]


def test_lagged_publication_when_the_first_budget_is_printed_then_it_looks_ahead_and_ours_does_not() -> None:
    """T43: the printed fallback uses a deficit that nobody knows yet."""
    one, other = [Round(100, 50), Round(40, 40)], [Round(700, 50), Round(40, 40)]
    assert lagged_budgets_as_printed(one, 1.0)[0] != lagged_budgets_as_printed(other, 1.0)[0]
    assert lagged_budgets(one, 0.5) == [0.0, 50.0]
    assert lagged_budgets(one, 0.5)[0] == lagged_budgets(other, 0.5)[0]
    assert lagged_budgets([], 1.0) == lagged_budgets_as_printed([], 1.0) == []


@given(rounds=ROUNDS, start=st.sampled_from(["0", "1/2", "1"]))
def test_online_gradient_when_its_rate_is_the_best_then_its_regret_is_within_the_bound(
    rounds: list[Round], start: str
) -> None:
    """T37: the bound of Proposition 1, with the rate that it needs."""
    if sum(one.deficit**2 for one in rounds) > 0:
        chosen = severities(with_best_rate(rounds, start), rounds)
        assert all(0 <= theta <= 1 for theta in chosen)
        assert regret(rounds, chosen) <= regret_bound(rounds) * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("factor", [0.01, 100])
def test_online_gradient_when_its_rate_is_not_the_oracle_s_then_the_bound_can_be_broken(factor: float) -> None:
    """T37 needs the oracle's rate: a hundred rounds of 1, a bound of 10; too slow to come down, or always beside it."""
    rounds = [Round(1, 0 if factor < 1 else 0.5)] * 100
    assert regret_bound(rounds) == 10
    chosen = severities(OnlineGradient(rate=repr(best_rate(rounds) * factor)), rounds)
    assert regret(rounds, severities(with_best_rate(rounds), rounds)) <= regret_bound(rounds)
    assert regret(rounds, chosen) > regret_bound(rounds)


def test_online_gradient_when_the_event_is_replayed_then_path_bound_and_squares_are_the_recomputed(
    shared_dir: Path,
) -> None:
    """Sixteen waves of the real event."""
    told = json.loads((shared_dir / "lab" / "given_reference.json").read_text("utf-8"))
    rounds = [Round(wave["D"], wave["B"]) for wave in told["per_wave"]]
    assert path_length(rounds) == pytest.approx(told["P_theta"], rel=1e-13)
    assert sum(one.deficit**2 for one in rounds) == pytest.approx(told["sum_D2"], rel=1e-13)
    assert regret_bound(rounds) == pytest.approx(told["B_inst"], rel=1e-13)
    assert best_rate(rounds) == pytest.approx(told["B_inst"] / told["sum_D2"], rel=1e-13)
    assert regret(rounds, severities(with_best_rate(rounds), rounds)) <= told["B_inst"]


def test_online_gradient_when_it_is_right_or_nothing_happens_then_it_stands_still() -> None:
    """sign(0) = 0, and a round without a deficit is skipped."""
    rounds = [Round(10, 10), Round(0, 0), Round(10, 5), Round(10, 5)]
    assert severities(OnlineGradient(rate="1/100"), rounds) == [1, 1, 1, 0.9]


def test_static_when_regimes_alternate_then_every_share_pays_half_of_the_rounds() -> None:
    """T39: deficits of one that need nothing and everything in turn."""
    rounds = [Round(1, at % 2) for at in range(20)]
    for theta in ("0", "1/4", "1/2", "1"):
        assert regret(rounds, severities(Static(theta), rounds)) == pytest.approx(10)
    assert regret(rounds, severities(Needed(), rounds)) == 0


def test_lagged_share_when_two_values_alternate_then_the_regret_is_a_jump_a_round() -> None:
    """T40: published one round late, (T - 1) (high - low); published in time, or where nothing moves, nothing."""
    swinging, steady = [[Round(each, each) for each in row] for row in ([0.75, 0.25] * 4 + [0.75], [0.75] * 9)]
    for rounds, expected in ((swinging, 8 * (0.75 - 0.25)), (steady, 0)):
        late = lagged_budgets(rounds, 1.0)
        assert sum(abs(got - one.needed) for got, one in zip(late[1:], rounds[1:], strict=True)) == expected
        in_time = [theta * one.deficit for theta, one in zip(severities(Needed(), rounds), rounds, strict=True)]
        assert in_time == [one.needed for one in rounds]


@given(rounds=ROUNDS, factor=st.sampled_from(["0", "1/10", "1/2", "9/10"]))
def test_backoff_when_computed_as_printed_then_it_is_constant(rounds: list[Round], factor: str) -> None:
    """T42, FALSE as printed: max(factor x before, start) is the start, 0.5, whatever the rounds are."""
    assert set(severities(BackoffAsPrinted(factor=factor), rounds)) == {0.5}


def test_backoff_when_shocks_come_then_it_falls_by_the_factor_and_calm_restores_it() -> None:
    """The intended rule; a ceiling by what winners have binds both."""
    rounds = [Round(deficit, 0) for deficit in (5, 5, 0, 0, 5)]
    assert severities(Backoff(window=2), rounds) == [0.5, 0.25, 0.125, 0.25, 0.5]
    scarce = [Round(100, 0, capacity=50)]
    assert severities(Backoff(ratio="1"), scarce) == severities(BackoffAsPrinted(ratio="1"), scarce) == [0.25]


def test_matched_when_winners_have_less_than_the_deficit_then_it_asks_for_no_more() -> None:
    """min(1, capacity / deficit), 0 without a deficit."""
    assert severities(Matched(), [Round(10, 1, 4), Round(10, 1, 40), Round(0, 0, 1)]) == [0.4, 1.0, 0.0]


def test_mirror_descent_when_the_loss_is_smooth_then_no_step_raises_it() -> None:
    """Backtracking: a step that would is halved."""
    rounds = [Round(3, 1, 2)] * 12
    rule = ScalarMirrorDescent(eta="5", gain="1/10")
    chosen = severities(rule, rounds)
    losses = [rule.loss(theta, rounds[0]) for theta in chosen]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_constrained_descent_when_deficits_stay_uncovered_then_their_price_rises_and_pulls_the_share_up() -> None:
    """Two uncovered rounds: the price is what is missing, summed with falling steps; calm changes nothing."""
    rule = ConstrainedDescent(eta="1/10", gamma="1/2", start="0")
    rounds = [Round(10, 8), Round(0, 0), Round(10, 8)]
    chosen = severities(rule, [*rounds, Round(5, 5)])
    assert chosen[1] == pytest.approx(0.1 * (1 + 0.4))
    assert chosen[2] == chosen[1]
    assert rule.price(rounds, chosen[:3]) == pytest.approx(0.4 + 0.5 / 3**0.5 * (0.8 - 0.14))
    assert chosen[3] > chosen[2]
    assert severities(ConstrainedDescent(), [Round(10, 5), Round(10, 5)]) == [0.5, 0.5]


@given(st.floats(0, 1), st.floats(0, 1))
def test_mirror_descent_when_its_slope_is_checked_then_it_is_a_subgradient(here: float, there: float) -> None:
    """f(there) >= f(here) + slope x (there - here), as the printed formula promises."""
    rule, now = ScalarMirrorDescent(gain="1/3", over="2"), Round(4, 1, 3)
    assert rule.loss(there, now) >= rule.loss(here, now) + rule.slope(here, now) * (there - here) - 1e-9


@pytest.mark.parametrize("name", sorted(SEVERITIES.kinds))
def test_controllers_when_built_from_their_spec_then_they_are_the_same(name: str) -> None:
    """Name and parameters rebuild each; what is no share is refused."""
    assert SEVERITIES.build(spec_of(SEVERITIES.build(name))) == SEVERITIES.build(name)
    for parameter in {"theta", "start"} & set(spec_of(SEVERITIES.build(name))):
        with pytest.raises(PlugFault, match=r"allowed are decimals and fractions from 0 to 1"):
            SEVERITIES.build({"name": name, parameter: "3/2"})


@pytest.mark.parametrize("theta", ["0", "1/3", "1", "2"])
def test_separation_when_the_severity_is_chosen_then_no_allocation_changes_the_residual(theta: str) -> None:
    """T4: what is not socialised is (1 - theta)+ D, whoever pays; a controller's share is never above 1."""
    from tests.lab.policies.books import split, winners

    source = random.Random(4)
    book = winners([source.randrange(1, 1000) for _ in range(20)], equity=[2000] * 20, leverage=[2] * 20)
    deficit, share = 3000, Fraction(theta)
    kept = max(Fraction(0), 1 - share) * deficit
    for name in ("queue", "pro-rata", "rap", "per-capita", "top-levelling", "min-max", "projection", "talmud"):
        found = split(name, book, int(share * deficit))
        assert max(0, deficit - int(found.parts.sum())) == kept, name
    if share <= 1:
        (chosen,) = severities(Static(theta), [Round(deficit, 0)])
        assert (1 - chosen) * deficit == pytest.approx(float(kept))
