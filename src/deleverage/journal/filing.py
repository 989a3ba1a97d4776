"""Rows made of commands and their answers: what is read again is what was there.

A row is made only where ``rows`` would make the same command and the same answer of it again; all else is a text.
"""

import struct

from deleverage.journal.entry import Answer
from deleverage.journal.kinds import KINDS, Said, Told
from deleverage.journal.rows import NOBODY, REFUSALS, TEXT, TRADE, WORDS
from deleverage.rulebook.messages import Command, Rejection

_NUMBERS, _REST = struct.Struct("<5q"), struct.Struct("<4B2H4I")


class Places(dict[str | None, int]):
    """The place of each name, in the order of their first use; None is nobody."""

    def __init__(self) -> None:
        """Begin with no names."""
        super().__init__({None: NOBODY})

    def __missing__(self, name: str | None) -> int:
        """Give a name the next place."""
        at = self[name] = len(self) - 1
        return at

    @property
    def names(self) -> list[str]:
        """Every name, at its place."""
        return [name for name in self if name is not None]


def row_of(command: Command, answer: Answer, seq: int, places: Places) -> bytes | None:
    """Return the row of a command whose first fact would have ``seq``; None: it is a text."""
    kind = KINDS.get(type(command))
    said = None if kind is None else kind.said(command)
    if kind is None or said is None:
        return None
    if isinstance(answer, Rejection):
        told = _refusal(said, answer)
    else:
        told = kind.told(said, answer[0], seq) if len(answer) == 1 else None
    if told is None:
        return None
    first, second, code, whose = told
    time_ns, amount, price, of, one_side, other_side, confirmed, market, one, other = said
    if not (type(time_ns) is type(amount) is type(price) is type(first) is type(second) is int):
        return None
    try:
        numbers = _NUMBERS.pack(time_ns, amount, price, first, second)
    except struct.error:  # wider than 64 bits
        return None
    at = places[market], places[one], places[other], places[whose]
    return numbers + _REST.pack(of, one_side, other_side, confirmed, code, 0, *at)


def row_of_text(facts: int) -> bytes:
    """Return the row of a text with so many facts."""
    return _NUMBERS.pack(0, 0, 0, facts, 0) + _REST.pack(TEXT, 0, 0, 0, 0, 0, NOBODY, NOBODY, NOBODY, NOBODY)


def _refusal(said: Said, refusal: Rejection) -> Told | None:
    """Return what a refusal says; None where its words are not those of a row."""
    words = WORDS.get(refusal.code)
    if words is None:
        return None
    named = said[8:] if said[3] == TRADE else ()
    whose = next((name for name in named if words.format(name) == refusal.sentence), None)
    if whose is None and words != refusal.sentence:
        return None
    return refusal.found, refusal.bound, REFUSALS[refusal.code], whose  # type: ignore[return-value]  # looked at later
