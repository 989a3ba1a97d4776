"""The figures: each with its goal, the size at which the goal binds, and what this run gives."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from deleverage.bench.choices import FEW, MANY
from deleverage.bench.crashes import CALM, EACH, ONCE, ONE_MARKET, STEP_EACH, STEP_ONCE
from deleverage.bench.readings import ENGINE, EXACT, FLOOR, LINEAR, LRVX, MIX, OBJECTS, PANDAS, TIERS, Key, Readings
from deleverage.bench.replays import REPLAY
from deleverage.bench.revaluations import LIGHTS, LIGHTS_BY_KIND, REVALUATION, REVALUATION_BY_KIND
from deleverage.bench.splits import CAPPED, PRO_RATA
from deleverage.bench.starts import IMPORT_EXTRA, WARM_COMMAND
from deleverage.bench.ticks import FULL, TICK, WIDE_FULL, WIDE_TICK
from deleverage.bench.timing import growth_exponent

MILLION = 1_000_000
AT_MOST, AT_LEAST, ABOVE = "at most", "at least", "above"

Value = Callable[[Readings, int], float | None]
"""What a figure is at a size; None: this run has not measured it."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What must hold: a name, a text, the bound and the size in positions (or units, candidates, winners) it is for."""

    name: str
    text: str
    sense: str
    bound: float
    unit: str
    at: int
    value: Value


@dataclass(frozen=True, slots=True)
class Figure:
    """A goal and what was measured; at a smaller size than the goal's it is shown, but does not bind."""

    goal: Goal
    value: float | None
    positions: int

    @property
    def binds(self) -> bool:
        """Whether it was measured at the size of the goal."""
        return self.positions == self.goal.at

    @property
    def met(self) -> bool | None:
        """Whether the value is within the bound; None where there is no value."""
        if self.value is None:
            return None
        within = {
            AT_MOST: self.value <= self.goal.bound,
            AT_LEAST: self.value >= self.goal.bound,
            ABOVE: self.value > self.goal.bound,
        }
        return within[self.goal.sense]

    def as_json(self) -> dict[str, Any]:
        """Return the figure as a document."""
        goal = self.goal
        return {
            "name": goal.name,
            "goal": goal.text,
            "sense": goal.sense,
            "bound": goal.bound,
            "unit": goal.unit,
            "value": None if self.value is None else round(self.value, 4),
            "met": self.met,
            "binds": self.binds,
            "binds_at": goal.at,
            "measured_at": self.positions,
        }


def figures(readings: Readings, sizes: tuple[int, ...]) -> list[Figure]:
    """Return every figure; measured at the goal's size, else at the largest below it that gives a value."""
    return [_figure(goal, readings, sizes) for goal in GOALS]


def _figure(goal: Goal, readings: Readings, sizes: tuple[int, ...]) -> Figure:
    below = sorted({size for size in (*sizes, goal.at) if size <= goal.at}, reverse=True)
    for size in below:
        value = goal.value(readings, size)
        if value is not None:
            return Figure(goal, value, size)
    return Figure(goal, None, below[0])


def over(task: str, who: str, other_task: str, other: str) -> Value:
    """Return a figure that divides one median by another of the same size."""
    return lambda readings, size: _divided(
        readings.median_ns(task, who, size), readings.median_ns(other_task, other, size)
    )


def kinds(task: str, column: str) -> Value:
    """Return a figure that divides the engine's median on one kind of book by that on the plain one."""
    return lambda readings, size: _divided(
        readings.median_ns(task, ENGINE, size, column), readings.median_ns(task, ENGINE, size)
    )


def _divided(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one / other


def tails(task: str, other_task: str, per_mille: int, other_per_mille: int) -> Value:
    """Return a figure that divides a percentile of one task by a percentile of another (in thousandths)."""

    def value(readings: Readings, size: int) -> float | None:
        one, under = (readings.times.get(Key(name, ENGINE, size)) for name in (task, other_task))
        if one is None or under is None:
            return None
        return one.percentile_ns(per_mille) / under.percentile_ns(other_per_mille)

    return value


def totals(task: str, other_task: str) -> Value:
    """Return a figure that divides the whole time of one stream by that of another."""

    def value(readings: Readings, size: int) -> float | None:
        one, under = (readings.times.get(Key(name, ENGINE, size)) for name in (task, other_task))
        if one is None or under is None:
            return None
        return (sum(one.used) / len(one.used)) / (sum(under.used) / len(under.used))

    return value


def fact(name: str) -> Value:
    """Return a figure that is a plain number of the run."""
    return lambda readings, size: readings.facts.get((name, size))


def growth(task: str) -> Value:
    """Return the exponent of a task over all sizes up to this one."""

    def value(readings: Readings, size: int) -> float | None:
        sizes = [of for of in readings.sizes(task) if of <= size]
        if len(sizes) < 2 or size not in sizes:
            return None
        return growth_exponent((of, readings.times[Key(task, ENGINE, of)].median_ns) for of in sizes)

    return value


def _goals() -> Iterator[Goal]:
    yield Goal("revaluation / floor", "full revaluation, 50 markets", AT_MOST, 3, "x floor", MILLION,
               over(REVALUATION, ENGINE, REVALUATION, FLOOR))  # fmt: skip
    yield Goal("revaluation / pandas", "full revaluation, 50 markets", AT_LEAST, 25, "x faster than pandas", MILLION,
               over(REVALUATION, PANDAS, REVALUATION, ENGINE))  # fmt: skip
    yield Goal("revaluation / objects", "full revaluation, 50 markets", AT_LEAST, 300, "x faster than objects",
               MILLION, over(REVALUATION, OBJECTS, REVALUATION, ENGINE))  # fmt: skip
    yield Goal("revaluation, differing", "equities and health as plain objects find them", AT_MOST, 0, "units",
               MILLION, fact("revaluation: differing units"))  # fmt: skip
    for kind, bound in ((TIERS, 2), (EXACT, 1.7), (MIX, 2)):
        yield Goal(f"revaluation, {kind}", f"full revaluation with {kind}", AT_MOST, bound, "x plain", MILLION,
                   kinds(REVALUATION_BY_KIND, kind))  # fmt: skip
    yield from _tick_goals()
    yield from _choice_goals()
    yield from _crash_goals()
    for name, bound in ((PRO_RATA, 5), (CAPPED, 8)):
        yield Goal(name, f"exact {name}", AT_MOST, bound, "x floor", MILLION, over(name, ENGINE, name, FLOOR))
        yield Goal(f"{name}, missing", "the parts sum to the amount", AT_MOST, 0, "quanta", MILLION,
                   fact(f"{name}: missing from the sum"))  # fmt: skip
        yield Goal(f"{name}, differing", "each part as the law splits", AT_MOST, 0, "parts", 10_000,
                   fact(f"{name}: parts that differ from the law's"))  # fmt: skip
    yield Goal("replay / objects", "replay beside the fastest plain Python", AT_LEAST, 20, "x faster", MILLION,
               over(REPLAY, OBJECTS, REPLAY, ENGINE))  # fmt: skip
    for name, text in (("refused events", "every event is valid"),
                       ("digests of other batches that differ", "the digest for any batch size"),
                       ("quotes that differ from plain Python", "balances as plain Python finds them")):  # fmt: skip
        yield Goal(f"replay, {name}", text, AT_MOST, 0, "", MILLION, fact(f"replay: {name}"))
    for task in (REVALUATION, TICK, FEW, MANY, LIGHTS, ONCE, EACH, PRO_RATA, CAPPED, REPLAY):
        yield Goal(f"growth of {task}", "growth exponent from 10 k to 10 M", AT_MOST, 1.1, "", 10 * MILLION,
                   growth(task))  # fmt: skip
    yield Goal(f"growth of {ONE_MARKET}", "growth exponent from 10 k to 100 k", AT_MOST, 1.1, "", 100_000,
               growth(ONE_MARKET))  # fmt: skip
    yield Goal(IMPORT_EXTRA, "plain import beside bare numpy", AT_MOST, 0.1, "s more", 0, fact(IMPORT_EXTRA))
    yield Goal(WARM_COMMAND, "a command whose kernels are compiled", AT_MOST, 1.2, "s", 0, fact(WARM_COMMAND))


def _tick_goals() -> Iterator[Goal]:
    tick = "one market's tick"
    yield Goal("tick, p50", tick, AT_MOST, 1 / 30, "of a full recompute", MILLION, tails(TICK, FULL, 500, 500))
    yield Goal("tick, p99", tick, AT_MOST, 1 / 6, "of a full recompute", MILLION, tails(TICK, FULL, 990, 500))
    yield Goal("tick, p99.9", tick, AT_MOST, 1.5, "of a full one's p99.9", MILLION, tails(TICK, FULL, 999, 999))
    yield Goal("tick, mix", f"{tick} in the full mix", AT_MOST, 2, "x linear cross", MILLION,
               kinds(TICK, MIX))  # fmt: skip
    for column in (LINEAR, MIX):
        yield Goal(f"tick rows, {column}", "rows that a tick touches", AT_MOST, 1.5, "full passes", MILLION,
                   fact(f"{TICK}, {column}: rows touched at most, in passes"))  # fmt: skip
        yield Goal(f"tick detections, {column}", "detections as the full recompute's", AT_MOST, 0, "ticks differ",
                   MILLION, fact(f"{TICK}, {column}: ticks with other detections"))  # fmt: skip
    yield Goal("tick of 5 %", "a stream of moves of 5 %", AT_MOST, 1, "of a full recompute", MILLION,
               totals(WIDE_TICK, WIDE_FULL))  # fmt: skip
    yield Goal("tick of 5 %, detections", "detections as the full recompute's", AT_MOST, 0, "ticks differ", MILLION,
               fact(f"{WIDE_TICK}, {LINEAR}: ticks with other detections"))  # fmt: skip


def _choice_goals() -> Iterator[Goal]:
    for task in (FEW, MANY):
        yield Goal(f"{task} / floor", "choose winners", AT_MOST, 8, "x floor", MILLION, over(task, ENGINE, task, FLOOR))
        yield Goal(f"{task} / pandas", "choose winners", AT_LEAST, 25, "x faster than pandas", MILLION,
                   over(task, PANDAS, task, ENGINE))  # fmt: skip
        yield Goal(f"{task} / sorted", "choose winners", AT_LEAST, 200, "x faster than sorted()", MILLION,
                   over(task, OBJECTS, task, ENGINE))  # fmt: skip
        yield Goal(f"{task}, differing", "the choice of sorted()", AT_MOST, 0, "choices differ", MILLION,
                   fact(f"{task}: differs from sorted()"))  # fmt: skip
    yield Goal("selection, many / few", "cost independent of how many", AT_MOST, 1.15, "x the smaller", MILLION,
               over(MANY, ENGINE, FEW, ENGINE))  # fmt: skip
    yield Goal("lights / floor", "lights of everybody", AT_MOST, 12, "x floor", MILLION,
               over(LIGHTS, ENGINE, LIGHTS, FLOOR))  # fmt: skip
    yield Goal("lights / pandas", "lights of everybody", AT_LEAST, 25, "x faster than pandas", MILLION,
               over(LIGHTS, PANDAS, LIGHTS, ENGINE))  # fmt: skip
    yield Goal("lights, mix", "lights in the full mix", AT_MOST, 2, "x linear cross", MILLION,
               kinds(LIGHTS_BY_KIND, MIX))  # fmt: skip


def _crash_goals() -> Iterator[Goal]:
    for at, bound in ((MILLION, 3), (10 * MILLION, 4.5)):
        yield Goal(f"crash at {at // MILLION} M, each / once", "queue in order before every fill, the kernel alone",
                   AT_MOST, bound, "x queue once", at, over(EACH, ENGINE, ONCE, ENGINE))  # fmt: skip
    for at in (10_000, 100_000):
        yield Goal(f"step at {at // 1000} k, each / once", "queue in order before every fill, a whole step", AT_MOST, 3,
                   "x queue once", at, over(STEP_EACH, ENGINE, STEP_ONCE, ENGINE))  # fmt: skip
    yield Goal("crash, share that differs", "lots that the order before every fill moves", ABOVE, 0, "of the lots",
               MILLION, fact(f"crash, {LINEAR}: share of the lots that others give up"))  # fmt: skip
    yield Goal("crash, brute force", "as the plainest re-ranking finds it", AT_MOST, 0, "units differ", 10_000,
               fact(f"crash, {LINEAR}: units that differ from brute force"))  # fmt: skip
    yield Goal("crash, mix", "crash in the full mix", AT_MOST, 2, "x linear cross", MILLION,
               kinds(EACH, MIX))  # fmt: skip
    yield Goal("crash / lrvx", "a crash in one market", AT_LEAST, 20, "x faster than lrvx", 100_000,
               over(ONE_MARKET, LRVX, ONE_MARKET, ENGINE))  # fmt: skip
    yield Goal("calm mark / lrvx", "a mark that hurts nobody", AT_MOST, 1, "x lrvx", 100_000,
               over(CALM, ENGINE, CALM, LRVX))  # fmt: skip


GOALS = tuple(_goals())
"""Everything that must hold."""
