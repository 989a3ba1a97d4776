"""Which steps and rounds a journal tells of, and the one that somebody means by ``3`` or ``3.2``."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from deleverage.documents import parse
from deleverage.journal import rows
from deleverage.journal.entry import read_text
from deleverage.journal.past import walk
from deleverage.journal.store import Store
from deleverage.rulebook.messages import Deleveraged, Rejection, StepEnded

_STEP = re.compile(r"([1-9][0-9]{0,17})(?:\.([1-9][0-9]{0,17}))?")
_RUN_STEP = b'{"command":{"kind":"RunStep"'
LISTED = 12


class UnknownRound(ValueError):
    """A journal has no such step or round; the sentence lists those that it has, nearest first."""


class StepAt(NamedTuple):
    """A step of the waterfall: its number, its command, and its rounds of stage 5."""

    step: int
    seq: int
    rounds: tuple[int, ...]

    def names(self) -> list[str]:
        """Return how people name what there is to ask about: the step, and its rounds where there are several."""
        several = [f"{self.step}.{number}" for number in self.rounds] if len(self.rounds) > 1 else []
        return [str(self.step), *several]


def steps_of(store: Store) -> list[StepAt]:
    """Return every step that a journal tells of; only their own entries are read."""
    found = []
    for block in walk(store):
        for at, text in zip(np.flatnonzero(block.rows["kind"] == rows.TEXT).tolist(), block.texts, strict=True):
            if not text.startswith(_RUN_STEP):
                continue
            _, answer = read_text(parse(text))
            if not isinstance(answer, Rejection) and isinstance(answer[-1], StepEnded):
                rounds = tuple(fact.round for fact in answer if isinstance(fact, Deleveraged))
                found.append(StepAt(answer[-1].step, block.first_seq + at, rounds))
    return found


def chosen(name: str, steps: Iterable[StepAt]) -> tuple[StepAt, int | None]:
    """Return the step of a name and the round, None where the whole step is meant; UnknownRound says which there are.

    >>> chosen("2.1", [StepAt(2, 7, (1, 2))])
    (StepAt(step=2, seq=7, rounds=(1, 2)), 1)
    """
    known = list(steps)
    parts = _STEP.fullmatch(name)
    if parts is None:
        raise UnknownRound(f"{name[:40]!a} is no round: STEP or STEP.ROUND, {_listed(known, 1)}")
    step, number = int(parts[1]), None if parts[2] is None else int(parts[2])
    for one in known:
        if one.step == step and (number is None or number in one.rounds):
            return one, number
    raise UnknownRound(f"there is no round {name}, {_listed(known, step)}")


def _listed(steps: list[StepAt], near: int) -> str:
    nearest = sorted(steps, key=lambda one: (abs(one.step - near), one.step))
    names = [name for one in nearest for name in one.names()]
    if not names:
        return "the journal tells of no step of the waterfall"
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return f"the journal has {', '.join(names[:LISTED])}{more}"
