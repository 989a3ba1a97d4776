"""Figures: met or not, at which size, and every planted violation is noticed."""

import pytest

from deleverage.bench.crashes import EACH, ONCE
from deleverage.bench.figures import ABOVE, AT_LEAST, AT_MOST, GOALS, MILLION, Figure, Goal, figures
from deleverage.bench.page import goal_text, met_text, page, value_text
from deleverage.bench.readings import ENGINE, EXACT, FLOOR, LINEAR, LRVX, MIX, OBJECTS, PANDAS, TIERS, Key, Readings
from deleverage.bench.run import document
from deleverage.bench.starts import IMPORT_EXTRA, WARM_COMMAND
from deleverage.bench.timing import Samples

SIZES = (10_000, 100_000, MILLION, 10 * MILLION)
BY_GOAL = {goal.name: goal for goal in GOALS}


def perfect() -> Readings:
    """Return readings with which every goal is met: everything linear, rivals far behind, facts as they should be."""
    readings = Readings()
    columns = (LINEAR, TIERS, EXACT, MIX)
    factors = {ENGINE: 2, FLOOR: 1, PANDAS: 100, OBJECTS: 1_000, LRVX: 1_000}
    tasks = {key.task for goal in GOALS for key in asked(goal)}
    for task in tasks:
        small = 50 if task == "tick" else 1
        for size in SIZES:
            for who, factor in factors.items():
                for column in columns:
                    readings.times[Key(task, who, size, column)] = Samples(kept=[factor * size // small])
    for goal in GOALS:
        for name, size in facts_of(goal):
            readings.facts[name, size] = 0.5 if goal.sense == ABOVE else 0.0
    return readings


class Watched(dict):
    """A dictionary without anything in it that remembers what it was asked for."""

    def __init__(self, answer: object = None) -> None:
        super().__init__()
        self.asked: list[object] = []
        self.answer = answer

    def get(self, key: object, default: object = None) -> object:
        """Note the key."""
        self.asked.append(key)
        return self.answer


def asked(goal: Goal) -> list[Key]:
    """Return the times that a goal is made of."""
    times = Watched(Samples(kept=[1]))
    goal.value(Readings(times=times), goal.at)
    if goal.name.startswith("growth of "):
        return [Key(goal.name.removeprefix("growth of "), ENGINE, goal.at)]
    return [key for key in times.asked if isinstance(key, Key)]


def facts_of(goal: Goal) -> list[tuple[str, int]]:
    """Return the facts that a goal is made of."""
    facts = Watched()
    goal.value(Readings(facts=facts), goal.at)
    return [key for key in facts.asked if isinstance(key, tuple) and not isinstance(key, Key)]


def test_figures_when_nothing_was_measured_then_none_is_met_and_none_is_missed() -> None:
    """A hole is no success."""
    found = figures(Readings(), SIZES)
    assert len(found) == len(GOALS) == len(BY_GOAL)
    assert {figure.met for figure in found} == {None}


def test_figures_when_all_is_as_it_should_be_then_all_are_met_at_their_sizes() -> None:
    """The readings of the next test without the violation."""
    found = figures(perfect(), SIZES)
    assert [figure.goal.name for figure in found if figure.met is not True] == []
    assert [figure.goal.name for figure in found if not figure.binds] == []


@pytest.mark.parametrize("name", BY_GOAL)
def test_figure_when_what_it_is_made_of_goes_wrong_then_the_goal_is_missed(name: str) -> None:
    """Planted: the measured side a thousand times worse, or a fact beyond its bound."""
    goal, readings = BY_GOAL[name], perfect()
    keys = asked(goal)
    if keys:
        worse = keys[0] if goal.sense == AT_MOST else keys[1]
        readings.times[worse] = Samples(kept=[readings.times[worse].kept[0] * 100_000])
    for fact in facts_of(goal):
        readings.facts[fact] = 0.0 if goal.sense == ABOVE else goal.bound + 1
    (figure,) = (one for one in figures(readings, SIZES) if one.goal.name == name)
    assert figure.met is False


@pytest.mark.parametrize(
    ("sense", "value", "expected"),
    [
        (AT_MOST, 3.0, True),
        (AT_MOST, 3.0001, False),
        (AT_LEAST, 3.0, True),
        (AT_LEAST, 2.9999, False),
        (ABOVE, 3.0, False),
        (ABOVE, 3.0001, True),
        (AT_MOST, None, None),
    ],
)
def test_figure_when_it_lies_at_the_bound_then_the_sense_decides(
    sense: str, value: float | None, expected: bool | None
) -> None:
    """At most and at least include the bound, above does not."""
    goal = Goal("name", "text", sense, 3, "x", MILLION, lambda readings, size: value)
    assert Figure(goal, value, MILLION).met is expected


def test_figure_when_only_smaller_sizes_were_measured_then_it_is_shown_and_does_not_bind() -> None:
    """A quick run: the largest size at or below the goal's."""
    (figure,) = (one for one in figures(perfect(), (10_000, 100_000)) if one.goal.name == "revaluation / floor")
    assert figure.binds  # perfect() has the goal's size, too
    readings = perfect()
    readings.times = {key: samples for key, samples in readings.times.items() if key.positions < MILLION}
    found = {one.goal.name: one for one in figures(readings, (10_000, 100_000))}
    figure = found["revaluation / floor"]
    assert (figure.positions, figure.value, figure.binds, figure.met) == (100_000, 2, False, True)
    assert met_text(figure.as_json()) == "(yes)"


def test_growth_when_a_task_is_quadratic_then_the_exponent_says_so() -> None:
    """Fitted over all sizes."""
    readings = perfect()
    for size in SIZES:
        readings.times[Key(EACH, ENGINE, size)] = Samples(kept=[size**2 // 1_000])
    (figure,) = (one for one in figures(readings, SIZES) if one.goal.name == f"growth of {EACH}")
    assert figure.value == pytest.approx(2)
    assert figure.met is False


def test_crash_when_ten_million_are_asked_for_then_the_bound_is_wider() -> None:
    """3 at a million, 4.5 at ten."""
    readings = perfect()
    for size in SIZES:
        readings.times[Key(EACH, ENGINE, size)] = Samples(kept=[4 * readings.times[Key(ONCE, ENGINE, size)].kept[0]])
    met = {one.goal.name: one.met for one in figures(readings, SIZES) if "crash at" in one.goal.name}
    assert met == {"crash at 1 M, each / once": False, "crash at 10 M, each / once": True}


def test_page_when_written_then_it_has_date_machine_goals_and_what_was_left_out() -> None:
    """The page of the reference, from a document alone."""
    readings = perfect()
    readings.left_out["lrvx"] = "No module named 'lrvx'"
    readings.facts[IMPORT_EXTRA, 0], readings.facts[WARM_COMMAND, 0] = 0.05, 0.9
    written = document(readings, SIZES)
    text = page(written)
    assert written["date"] in text
    assert f"python {written['machine']['python']}" in text
    assert "Left out: lrvx (No module named 'lrvx')." in text
    assert "| revaluation / floor | full revaluation, 50 markets | at most 3 x floor | 2 | 1,000,000 | yes |" in text
    assert "| tick, p50 | one market's tick | at most 1/30 of a full recompute | 0.02 | 1,000,000 | yes |" in text


def test_texts_when_there_is_no_value_then_they_say_so() -> None:
    """Not measured is neither met nor missed."""
    (entry,) = [one.as_json() for one in figures(Readings(), SIZES) if one.goal.name == "replay / objects"]
    assert (value_text(entry), met_text(entry), goal_text(entry)) == ("not measured", "-", "at least 20 x faster")
