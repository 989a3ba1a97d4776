"""What a check gives back: findings, each with its proof, and looks that it could not take because something lacked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.view import View

CODES = (
    "repeated-deficit",
    "concentrated-deficit",
    "stale-state",
    "above-notional",
    "budget-above-deficit",
    "mark-mismatch",
    "undefined-metric",
    "solver-fallback",
    "coverage",
    "counterparty-concentration",
    "row-counted-twice",
)
ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)
"""error: the data contradict themselves or what is possible; warning: a headline hangs on it; info: to be known."""

Value = float | int | str | None | Sequence["Value"] | Mapping[str, "Value"]
Look = Callable[[View, Limits], Iterator["Finding | Unmade"]]


@dataclass(frozen=True, slots=True)
class Consequence:
    """A headline with what was found and without it; None where it is undefined then."""

    headline: str  # ends in its unit
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``where``: waves, coin, account, table; ``evidence``: the numbers that prove it."""

    code: str
    severity: str
    sentence: str
    where: Mapping[str, Value]
    evidence: Mapping[str, Value]
    consequence: Consequence


@dataclass(frozen=True, slots=True)
class Unmade:
    """A look that could not be taken: of which check, at what, and what the event lacks for it."""

    code: str
    look: str
    lacks: str


@dataclass(frozen=True)
class Check:
    """What looks for one code: ``looks`` go over the event one after the other."""

    code: str
    asks: str  # the question in a sentence
    looks: tuple[Look, ...]
