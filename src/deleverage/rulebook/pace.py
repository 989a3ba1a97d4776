"""Plug point *pace*: how much one step may do before it stops, and what the next one goes on with.

A bound is asked with what the step has ``Spent`` and answers with the ``Room`` it leaves. ``a | b`` is the pace that
stops where the first of both does. There is no ``&``: a stop that waits for both would let the step exceed each of
them, and a bound is a bound. Money out of the fund is bounded by ``fund_event_cap_quanta`` in stage 4, under that one
name: what it frees goes to candidates and stops nothing.

What pace has stopped is named: the pool and the step say ``pace``, and so does the residual of lots that stay.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from deleverage.rulebook.plug import Registry, require_at_least, require_parts


class Spent(NamedTuple):
    """What the step has done so far: rounds run, notional closed against candidates, distinct candidates touched."""

    rounds: int
    notional_quanta: int
    units: int


class Room(NamedTuple):
    """What the step may still do; ``None`` where nothing bounds it. Negative only after one lot worth more than it."""

    rounds: int | None = None
    notional_quanta: int | None = None
    units: int | None = None


class Pace(ABC):
    """A bound of a step."""

    __slots__ = ()
    kind: ClassVar[str]

    @abstractmethod
    def room(self, spent: Spent) -> Room:
        """Return what is left."""

    def __or__(self, other: "Pace") -> "Pace":
        """Return the pace that stops where the first of both does."""
        return FirstOf((*_parts(self), *_parts(other)))


@dataclass(frozen=True, slots=True)
class Rounds(Pace):
    """Run so many rounds per step at most.

    Formula: rounds <= most.
    Who uses it: everybody who works in batches per block or tick.
    Assumes: units that a round pushes below maintenance are handled by the next round; every pace needs this bound.
    """

    most: int = 32
    kind: ClassVar[str] = "rounds"

    def __post_init__(self) -> None:
        """Refuse less than one round."""
        require_at_least(self, 1, "most")

    def room(self, spent: Spent) -> Room:
        """Return the rounds left."""
        return Room(rounds=self.most - spent.rounds)


@dataclass(frozen=True, slots=True)
class ClosedNotional(Pace):
    """Close lots of at most so much value against candidates per step.

    Formula: sum of |closed lots x value| <= most_quanta, or one lot; pools in order of market id, longs before shorts,
    as many lots of each as the room holds.
    Who uses it: dYdX v4 (notional limits per subaccount and block).
    Assumes: bankrupt lots may wait for the next step. Where one is worth more than the bound, a step closes one.
    """

    most_quanta: int
    kind: ClassVar[str] = "closed-notional"

    def __post_init__(self) -> None:
        """Refuse a bound that no step could get past: a stop is a trigger that never fires."""
        require_at_least(self, 1, "most_quanta")

    def room(self, spent: Spent) -> Room:
        """Return the notional left."""
        return Room(notional_quanta=self.most_quanta - spent.notional_quanta)


@dataclass(frozen=True, slots=True)
class TouchedUnits(Pace):
    """Close lots of at most so many different candidates per step.

    Formula: number of distinct candidates touched <= most; the selection's list is cut before the first new one that
    is too many.
    Who uses it: dYdX v4 (subaccounts per block), Percolator (targets per transaction).
    Assumes: the selection names candidates in the order in which they should be asked; share policies do it by id.
    """

    most: int
    kind: ClassVar[str] = "touched-units"

    def __post_init__(self) -> None:
        """Refuse a bound that no step could get past: a stop is a trigger that never fires."""
        require_at_least(self, 1, "most")

    def room(self, spent: Spent) -> Room:
        """Return the number of new candidates left."""
        return Room(units=self.most - spent.units)


@dataclass(frozen=True, slots=True)
class FirstOf(Pace):
    """Stop where the first of several bounds does; written ``a | b``.

    Formula: the least room of all parts, bound by bound.
    Who uses it: dYdX v4 (several limits per block).
    Assumes: bounds do not wait for each other.
    """

    of: tuple[Pace, ...]
    kind: ClassVar[str] = "first"

    def __post_init__(self) -> None:
        """Refuse anything but paces."""
        require_parts(self, self.of, Pace)

    def room(self, spent: Spent) -> Room:
        """Return the least room."""
        rooms = [part.room(spent) for part in self.of]
        return Room(*(_least(bounds) for bounds in zip(*rooms, strict=True)))


def _least(bounds: tuple[int | None, ...]) -> int | None:
    return min((bound for bound in bounds if bound is not None), default=None)


def _parts(pace: Pace) -> tuple[Pace, ...]:
    return pace.of if isinstance(pace, FirstOf) else (pace,)


PACES: Registry[Pace] = Registry("pace", Pace, (Rounds, ClosedNotional, TouchedUnits, FirstOf))
"""Every pace by name."""
