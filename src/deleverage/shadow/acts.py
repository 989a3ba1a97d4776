"""What one engine did to one leg at one moment: the unit in which two engines are compared."""

from collections.abc import Iterable
from typing import NamedTuple

from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Deleveraged, Fact, Fill, Movement, Netted, Reduced, TakenOver
from deleverage.shadow.obstacles import amount_of
from deleverage.shadow.shape import Close, Side

KIND_OF: dict[type[Fact], str] = {Netted: "netting", Reduced: "liquidation", TakenOver: "takeover", Deleveraged: "adl"}
"""The facts of a step that close somebody's lots, and what others call it."""

FREE = "maker"
"""Whoever had an order resting was not forced: how an order book matches is not compared, only followed."""

Key = tuple[str, str, str, str, bool]


class Act(NamedTuple):
    """All that one kind of close did to a leg in one direction; ``amount_quanta`` received (paid: negative)."""

    kind: str
    unit_id: str
    market_id: str
    leg_side: str
    part: str
    lots: int
    amount_quanta: int
    line: int

    @property
    def key(self) -> Key:
        """What makes two acts the same act: who, where, in which direction, and what it is called."""
        return self.kind, self.unit_id, self.market_id, self.leg_side, self.lots > 0

    def told(self) -> tuple[tuple[str, str], ...]:
        """Return names and values as texts, empty ones left out."""
        return tuple((name, str(value)) for name, value in self._asdict().items() if name != "line" and value != "")


def closing_of(facts: Iterable[Fact]) -> list[Movement]:
    """Return the facts of a step that close somebody's lots."""
    return [fact for fact in facts if isinstance(fact, Movement) and type(fact) in KIND_OF]


def acts_of_step(facts: Iterable[Fact], line: int) -> list[Act]:
    """Return what our step closed; ``line`` is where the stream was."""
    return [
        Act(KIND_OF[type(fact)], *_who(fill), fill.lots, fill.amount_quanta, line)
        for fact in closing_of(facts)
        for fill in fact.fills
    ]


def _who(fill: Fill | Side) -> tuple[str, str, str, str]:
    return fill.unit_id, fill.market_id, fill.leg_side, fill.part


def acts_of_close(close: Close, book: Book, line: int) -> list[Act]:
    """Return what a line of the stream closed."""
    return [Act(close.kind, *_who(side), side.lots, amount_of(book, side), line) for side in close.fills]


def together(acts: Iterable[Act]) -> dict[Key, Act]:
    """Return acts by their key in order of their first line: a venue tells one close in as many fills as it likes."""
    found: dict[Key, Act] = {}
    for act in acts:
        before = found.get(act.key)
        if before is not None:
            act = before._replace(lots=before.lots + act.lots, amount_quanta=before.amount_quanta + act.amount_quanta)
        found[act.key] = act
    return found
