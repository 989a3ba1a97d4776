"""What a set of vectors shows: every command, kind of fact and rejection code, counted, and why one is missing."""

from collections import Counter
from typing import NamedTuple

from deleverage.documents.codec import members_of
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.vectors.vector import Vector

UNREACHABLE = {
    "BAD_TYPE": "a document holds texts where the law wants integers: a value of another type has no spelling"
}
"""What no vector can show, and why."""

UNMET = "the draws of this seed and count did not meet it"


class Missing(NamedTuple):
    """Something of the language that no vector of a set shows."""

    what: str  # command, fact or rejection
    name: str
    reason: str


class Coverage:
    """Counts of accepted commands, facts and rejections over a set of vectors, by name."""

    def __init__(self) -> None:
        """Start with everything there is, at 0, in the order of the language."""
        self.counts: dict[str, Counter[str]] = {
            "command": Counter(dict.fromkeys(members_of(Command), 0)),
            "fact": Counter(dict.fromkeys(members_of(Fact), 0)),
            "rejection": Counter(dict.fromkeys((code.name for code in Code), 0)),
        }

    def add(self, vector: Vector) -> None:
        """Count a vector."""
        for entry in vector.entries:
            if entry.rejection is not None:
                self.counts["rejection"][entry.rejection.code.name] += 1
            for fact in entry.facts or ():
                self.counts["fact"][type(fact).__name__] += 1
            if entry.facts is not None:
                self.counts["command"][type(entry.command).__name__] += 1

    def missing(self) -> list[Missing]:
        """Return what was not met, each with its reason."""
        return [
            Missing(what, name, UNREACHABLE.get(name, UNMET))
            for what, counter in self.counts.items()
            for name, count in counter.items()
            if count == 0
        ]
