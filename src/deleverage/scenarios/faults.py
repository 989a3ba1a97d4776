"""Faults of a scenario, collected: whoever wrote the file sees all of them at once, each with its key path.

Deliberately absent: repairs. Nothing is clipped, rounded or guessed on the way in.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, NamedTuple

from deleverage.rulebook.quantities import BadQuantity, Scale, format_units, parse_units


class Fault(NamedTuple):
    """One thing that is wrong: where (``markets[0].tiers[1].from``) and what, in a sentence."""

    path: str
    sentence: str

    def __str__(self) -> str:
        """Return the line that people see."""
        return f"{self.path}: {self.sentence}" if self.path else self.sentence


class ScenarioError(ValueError):
    """A scenario that cannot be played; ``faults`` lists everything that is wrong with it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(str(fault) for fault in self.faults))


class DecimalText(str):
    """A decimal of a TOML file as it was written: digits, not the nearest binary64."""

    __slots__ = ()


LONGEST_NUMBER = 40
LARGEST_UNITS = 10**30
"""No quantity of a file has more units than this: products of three of them stay far inside what a score can hold."""

Path = tuple[str | int, ...]


def path_text(path: Path) -> str:
    """Return a key path as people write it: names joined by points, places in brackets from 0."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the sentence part that helps with an unknown name: the nearest valid one, then all (at most twelve)."""
    names = sorted(known)
    if not names:
        return "there are none"
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
    listed = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"nearest is {close[0]!r}; known are {listed}" if close else f"known are {listed}"


def shown(value: Any) -> str:
    """Return a value of a file as people wrote it, in one line; tables and lists are only named."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, datetime | date | time):
        return "a date or a time"
    text = str(value) if isinstance(value, DecimalText | int) else ascii(value)
    return text if len(text) <= 80 else f"{text[:80]}... ({len(text)} characters)"


@dataclass
class Reader:
    """Turns values of a file into integers and notes every fault instead of stopping at the first."""

    faults: list[Fault] = field(default_factory=list)
    muted: set[Path] = field(default_factory=set)

    def fault(self, path: Path, sentence: str) -> None:
        """Note a fault, unless everything was said about this place already."""
        if not self.is_muted(path):
            self.faults.append(Fault(path_text(path), sentence))

    def mute(self, path: Path) -> None:
        """Note no more faults at a place, or below it."""
        self.muted.add(path)

    def is_muted(self, path: Path) -> bool:
        """Return whether a place, or one above it, is muted: its value is a stand-in."""
        return any(path[:length] in self.muted for length in range(1, len(path) + 1))

    def has_fault(self, path: Path) -> bool:
        """Return whether a fault was noted at this place, or its value is a stand-in."""
        return self.is_muted(path) or any(fault.path == path_text(path) for fault in self.faults)

    def note_idle(self, path: Path, why: str) -> None:
        """Note that what is given has no effect, unless there is a fault at it or in it already."""
        here = path_text(path)
        if not any(fault.path == here or fault.path.startswith((f"{here}.", f"{here}[")) for fault in self.faults):
            self.fault(path, why if why.startswith("is ") else f"has no effect: {why}")

    def is_sound(self, *parts: str) -> bool:
        """Return whether nothing was noted in these parts of the file, so that what builds on them can be judged."""
        noted = [fault.path.replace("[", ".").split(".")[0] for fault in self.faults]
        return not {*noted, *(path[0] for path in self.muted)} & set(parts)

    def number(self, path: Path, value: object) -> None:
        """Note what is no number at all, where the unit is not known because something else is wrong."""
        self.units(path, value, Scale(1, LONGEST_NUMBER))

    def units(self, path: Path, value: object, scale: Scale, least: int | None = None) -> int:
        """Return how many units of ``scale`` a value is, exactly; on a fault note it and return the least, or 1."""
        text = str(value)
        fallback = 1 if least is None else least
        if len(text) > LONGEST_NUMBER:
            self.fault(path, f"has {len(text)} characters, a number has at most {LONGEST_NUMBER}")
            return fallback
        try:
            units = parse_units(text, scale)
        except BadQuantity as refusal:
            self.fault(path, str(refusal))
            return fallback
        if least is not None and units < least:
            bound = {0: "must not be negative", 1: "must be above 0"}.get(
                least, f"must be at least {format_units(least, scale)}"
            )
            self.fault(path, f"is {text}, {bound}")
            return fallback
        if abs(units) > LARGEST_UNITS and scale.decimals < LONGEST_NUMBER:
            self.fault(path, f"is {text}, more than 10^30 units of {format_units(1, scale)}")
            return fallback
        return units

    def known(self, path: Path, name: str, names: Iterable[str], what: str) -> bool:
        """Return whether a name is known; if not, note it with the nearest valid one."""
        every = list(names)
        if name in every:
            return True
        self.fault(path, f"{what} {name!r} is unknown, {nearest(name, every)}")
        return False
