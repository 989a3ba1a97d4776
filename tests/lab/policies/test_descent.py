"""Mirror descent under constraints: cases with a known optimum, the rate, the old scalar numbers, planted faults."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.policies.constrained import ConstrainedDescent
from deleverage.lab.policies.descent import Box, Course, Seen, Simplex, descend
from deleverage.lab.policies.severity import Round as Deficit
from deleverage.lab.policies.severity import severities
from deleverage.scenarios.draws import Draws

LENGTHS = (250, 1_000, 4_000, 16_000)


def noise(draws: Draws) -> float:
    """Return a number from -1 to 1."""
    return draws.between(-1_000, 1_000) / 1_000


def shares_course(length: int, *, gamma: float = 0.5, seed: int = 1) -> tuple[Course, list[float]]:
    """Return a course on shares of three and the losses of the optimum.

    Mean losses 0, 1/2, 1; risks 1, 2/5, 0, at most 1/2 of it: the optimum is (1/6, 5/6, 0), at a price of 5/6.
    """
    draws, risk = Draws(seed, "shares"), np.array([1.0, 0.4, 0.0])
    costs = [np.array([0.0, 0.5, 1.0]) + 0.5 * np.array([noise(draws) for _ in range(3)]) for _ in range(length)]
    rounds = [
        lambda point, cost=cost: Seen(float(cost @ point), cost, [risk @ point - 0.5], risk) for cost in costs
    ]  # fmt: skip
    best = np.array([1 / 6, 5 / 6, 0.0])
    course = descend(Simplex(), np.full(3, 1 / 3), rounds, 1, eta=0.5, gamma=gamma)
    return course, [float(cost @ best) for cost in costs]


def haircuts_course(length: int, *, gamma: float = 0.5, seed: int = 1) -> tuple[Course, list[float]]:
    """Return a course on haircuts of three winners and the losses of the optimum.

    Loss sum a h^2 / 2, a = 1, 2, 4; gains 3, 2, 1 have to give at least 2.4, nobody more than 1/2. h = price w / a: the
    first is at its cap, 0.9 = price (2 + 1/4) is left, so the price is 2/5 and the optimum (1/2, 2/5, 1/10).
    """
    draws, gain, weight = Draws(seed, "haircuts"), np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 4.0])
    factors = [1 + noise(draws) / 2 for _ in range(length)]

    def answer(factor: float) -> Callable[[Any], Seen]:
        return lambda h: Seen(float(factor * (weight * h * h).sum() / 2), factor * weight * h, [2.4 - gain @ h], -gain)

    best = np.array([0.5, 0.4, 0.1])
    course = descend(Box(0.0, 0.5), np.zeros(3), [answer(factor) for factor in factors], 1, eta=0.2, gamma=gamma)
    return course, [float(factor * (weight * best * best).sum() / 2) for factor in factors]


@pytest.mark.parametrize(
    ("of", "optimum", "price"),
    [(shares_course, (1 / 6, 5 / 6, 0), 5 / 6), (haircuts_course, (1 / 2, 2 / 5, 1 / 10), 2 / 5)],
)
def test_descent_when_rounds_are_more_then_regret_and_excess_fall_like_one_over_their_root(
    of: Any, optimum: tuple[float, ...], price: float
) -> None:
    """Root of t times either stays in a band over 64 times the rounds; the last half is near the optimum."""
    for length in LENGTHS:
        course, best = of(length)
        assert abs(course.mean_regret(best)) * length**0.5 <= 3
        assert course.mean_excess() * length**0.5 <= 3
    assert np.mean(course.points[length // 2 :], axis=0) == pytest.approx(optimum, abs=0.03)
    assert np.mean(course.prices[length // 2 :], axis=0) == pytest.approx([price], abs=0.1)


@pytest.mark.parametrize(("of", "kept"), [(shares_course, 0.4), (haircuts_course, 2.3)])
def test_descent_when_excess_has_no_price_then_it_does_not_fall(of: Any, kept: float) -> None:
    """Planted: gamma 0. The cheapest point breaks the constraint in every round."""
    for length in LENGTHS[1:]:
        assert of(length, gamma=0.0)[0].mean_excess() >= kept


def test_descent_when_slopes_grow_as_fast_as_steps_shrink_then_regret_does_not_fall() -> None:
    """Beside what is promised: slopes have to be bounded. Two alternating costs, whose best course costs 0."""
    cost = np.array([1.0, -1.0])

    def answer(turn: int) -> Callable[[Any], Seen]:
        sign = (-1) ** turn
        return lambda point: Seen(float(sign * cost @ point), turn**0.5 * sign * cost, [-1.0], np.zeros(2))

    for length in LENGTHS:
        rounds = [answer(turn) for turn in range(1, length + 1)]
        course = descend(Simplex(), [0.5, 0.5], rounds, 1, eta=1.0, gamma=0.0)
        assert course.mean_regret([0.0] * length) >= 0.1


ROUNDS = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 7.0]), st.floats(0, 9)).map(lambda pair: Deficit(*pair)), max_size=12
)


@given(rounds=ROUNDS, start=st.sampled_from(["0", "1/2", "1"]), eta=st.sampled_from(["0", "0.15", "3"]))
def test_descent_when_the_vector_is_a_severity_alone_then_it_is_the_controller(
    rounds: list[Deficit], start: str, eta: str
) -> None:
    """The same severities and the same price as ``constrained-descent``, quiet rounds included."""
    rule = ConstrainedDescent(eta=eta, gamma="1/2", start=start)
    answers: list[Any] = []
    for one in rounds:

        def answer(theta: Any, one: Deficit = one) -> Seen | None:
            error = float(theta[0]) - one.target
            return Seen(abs(error), np.sign([error]), [-error], [[-1.0]]) if one.deficit > 0 else None

        answers.append(answer)
    steps = {"eta": float(Fraction(eta)), "gamma": 0.5}
    course = descend(Box(0.0, 1.0), [float(Fraction(start))], answers, 1, **steps, price_first=True)
    chosen = severities(rule, rounds)
    assert [float(point[0]) for point in course.points] == pytest.approx(chosen, abs=1e-12)
    if rounds:
        assert float(course.prices[-1][0]) == pytest.approx(rule.price(rounds, chosen), abs=1e-12)


@pytest.mark.parametrize("seed", range(30))
def test_domains_when_a_step_is_taken_then_no_other_point_has_a_smaller_objective(seed: int) -> None:
    """<slope, x> + D(x, point) / eta: relative entropy on the simplex, half the squared distance in the box."""
    draws = Draws(seed, "steps")
    slope, eta = np.array([noise(draws) * 3 for _ in range(4)]), 0.1 + draws.below(30) / 10

    def simplex_point() -> Any:
        return np.array([1 + draws.below(99) for _ in range(4)]) / 1.0

    def entropy(x: Any, y: Any) -> float:
        return float((x * np.log(x / y)).sum())

    here = simplex_point()
    here = 2 * here / here.sum()
    moved = Simplex(2.0).moved(here, slope, eta)
    assert moved.sum() == pytest.approx(2.0)
    box, inside = Box(0.0, 1.0), np.array([draws.below(101) / 100 for _ in range(4)])
    clipped = box.moved(inside, slope, eta)
    for _ in range(50):
        other = simplex_point()
        other = 2 * other / other.sum()
        least = slope @ moved + entropy(moved, here) / eta
        assert slope @ other + entropy(other, here) / eta >= least - 1e-9
        corner = np.array([draws.below(101) / 100 for _ in range(4)])
        least = slope @ clipped + ((clipped - inside) ** 2).sum() / 2 / eta
        assert slope @ corner + ((corner - inside) ** 2).sum() / 2 / eta >= least - 1e-9


def test_simplex_when_a_slope_is_huge_then_shares_stay_shares() -> None:
    """Neither overflow nor NaN; a share of 0 comes back from the smallest number there is."""
    moved = Simplex().moved(np.array([0.5, 0.5, 0.0]), np.array([1e5, -1e5, -1e5]), 1.0)
    assert moved.sum() == 1.0
    assert (moved >= 0).all()


def test_course_when_nobody_played_then_it_is_empty() -> None:
    """No rounds, no points."""
    assert descend(Box(0.0, 1.0), [0.5], [], 1, eta=1.0, gamma=1.0).points == ()


def test_simplex_when_slopes_are_as_far_apart_as_binary64_reaches_then_there_are_shares() -> None:
    """What is infinitely far above the least slope keeps nothing; it comes back when it is the least."""
    far = np.array([1e308, -1e308])
    moved = Simplex().moved(np.array([0.5, 0.5]), far, 10.0)
    assert moved.tolist() == [0.0, 1.0]
    assert Simplex().moved(moved, -far, 10.0).tolist() == [1.0, 0.0]
