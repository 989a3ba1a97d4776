"""What a step forces, as one hash: two steps that do the same have the same, whenever they are run.

Whoever has prepared for a step (an outside matching engine that has locked the positions it names) hands the hash back,
and the step is run only while it would still do that. Left out: the facts' times and sequence numbers, which every
deposit in between moves, and facts that report and force nothing: the end of a step, and lots that are named because
they wait.
"""

from collections.abc import Iterable
from hashlib import sha256

from deleverage.documents import canonical, encode
from deleverage.rulebook.messages import Fact, ResidualNamed, StepEnded


class Moved(Exception):
    """A step was to do what was planned, and would do something else by now: nothing was done."""

    def __init__(self, found: str, expected: str) -> None:
        """Keep both hashes."""
        super().__init__(f"the step would do {found} now, and not {expected}")
        self.found, self.expected = found, expected


def plan_hash(facts: Iterable[Fact]) -> str:
    """Return the SHA-256 of what the facts of a step force, 64 hexadecimal digits."""
    said = sha256(b"deleverage plan\0")
    for fact in forced(facts):
        document = dict(encode(Fact, fact))
        del document["seq"], document["time_ns"]
        said.update(canonical(document).encode("ascii") + b"\0")
    return said.hexdigest()


def forced(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts of a step that change something: all but its end, and lots that wait and are named again."""
    return [fact for fact in facts if not (isinstance(fact, StepEnded) or _names_only(fact))]


def _names_only(fact: Fact) -> bool:
    """Return whether a fact says that lots wait, and no money was given up."""
    return isinstance(fact, ResidualNamed) and not fact.named_quanta
