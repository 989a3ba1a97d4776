"""How dear asking becomes, and what is not answered, by how much the service and the book have to bear.

The law has throttles of its own (draws, rounds and liquidations per step stand in the rules); this is the other half:
what people may ask of the service meanwhile. Rules of this module:

* A level is reached by the fullest of its measures: the line of commands, the lag of the event loop, the stress of the
  book. Load sheds questions; stress makes them dearer and sheds none, because in a crash people have to look.
* Marks, the kill switch and commands are never shed, and marks and the kill switch never become dearer.
* Up at once, down one level at a time, after every measure has been well below it for a while: no flapping.
"""

from collections.abc import Sequence
from typing import NamedTuple

from deleverage.service import questions as q
from deleverage.service.questions import Question

WHAT_IF, LISTS = "what-if", "lists"
SHED: dict[str, frozenset[type[Question]]] = {
    WHAT_IF: frozenset({q.WhatIfQuestion, q.OwnWhatIfQuestion, q.PlanQuestion}),
    LISTS: frozenset(
        {
            q.AccountsQuestion,
            q.FactsQuestion,
            q.OwnFactsQuestion,
            q.PublicStepsQuestion,
            q.QueueQuestion,
            q.StepsQuestion,
            q.TapeQuestion,
        }
    ),
}
"""Kinds of question that a level may leave unanswered."""

HOLD_S = 10.0
BELOW_PERCENT = 80
"""Down again once every measure has been below so much of a level's threshold for ``HOLD_S``."""


class Measures(NamedTuple):
    """What is measured: commands in line over its places, the event loop's lag, the book's stress."""

    line_percent: int = 0
    lag_ms: int = 0
    stress_ppb: int = 0


class Level(NamedTuple):
    """From these measures on (any of them, included): the weight of what is asked, and what load leaves unanswered."""

    name: str
    line_percent: int
    lag_ms: int
    stress_ppb: int
    factor_percent: int
    sheds: tuple[str, ...] = ()


DEFAULT = (
    Level("calm", 0, 0, 0, 100),
    Level("busy", 10, 50, 50_000_000, 200),
    Level("strained", 30, 200, 150_000_000, 400, (WHAT_IF,)),
    Level("full", 60, 1_000, 300_000_000, 1_000, (WHAT_IF, LISTS)),
)


class Standing(NamedTuple):
    """Where the service is: its level, and the one that load alone would have reached."""

    at: int = 0
    by_load: int = 0


class Ladder:
    """Climbs and descends the levels. ``factor_percent`` and ``shed`` are what is in force."""

    def __init__(self, levels: Sequence[Level] = DEFAULT) -> None:
        """Begin at the lowest."""
        self.levels = levels
        self.standing, self._since_s = Standing(), [0.0, 0.0]
        self.measures = Measures()

    @property
    def level(self) -> Level:
        """The level that is in force."""
        return self.levels[self.standing.at]

    @property
    def factor_percent(self) -> int:
        """What is asked weighs so much."""
        return self.level.factor_percent

    @property
    def shed(self) -> frozenset[type[Question]]:
        """What is not answered."""
        return frozenset[type[Question]]().union(*(SHED[name] for name in self.levels[self.standing.by_load].sheds))

    def look(self, measures: Measures, now_s: float) -> None:
        """Take what is measured now."""
        self.measures = measures
        load = measures._replace(stress_ppb=0)
        at = self._moved(self.standing.at, measures, now_s, 0)
        self.standing = Standing(at, self._moved(self.standing.by_load, load, now_s, 1))

    def _moved(self, before: int, measures: Measures, now_s: float, which: int) -> int:
        reached = _reached(self.levels, measures, 100)
        if reached > before:
            self._since_s[which] = now_s
            return reached
        if _reached(self.levels, measures, BELOW_PERCENT) >= before:
            self._since_s[which] = now_s
            return before
        if now_s - self._since_s[which] < HOLD_S:
            return before
        self._since_s[which] = now_s
        return before - 1


def _reached(levels: Sequence[Level], measures: Measures, percent: int) -> int:
    """Return the highest level of which a measure has reached so much; the lowest is always reached."""
    found = 0
    for at, level in enumerate(levels[1:], 1):
        bounds = (level.line_percent, level.lag_ms, level.stress_ppb)
        if any(100 * found_ >= percent * bound for found_, bound in zip(measures, bounds, strict=True)):
            found = at
    return found
