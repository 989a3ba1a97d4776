"""What can go wrong at the door of a domain, and what is kept of it as evidence.

* ``DomainStopped``: a bug of ours. The domain refuses everything from then on; the evidence says which command and
  which fact it was, so that the same steps lead there again.
* ``TypeError``: whoever embeds the domain handed in something that is no command. Nothing was changed, the domain goes
  on. (A command with a value of the wrong type is a rejection of the law.)
* ``UnknownMarket``, ``UnknownSide``: a queue was asked for that there is not; the fault lists what is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from deleverage.rulebook.checks.view import InvariantBroken
from deleverage.rulebook.messages import Command, Fact

LONGEST_EVIDENCE = 2_000
"""Characters of a command or fact that are told; a fact can name thousands of accounts."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was being done when a domain stopped: all that is needed to do it again."""

    command: Command
    fact: Fact | None  # None: while deciding, nothing was written
    seq: int  # facts that were applied before
    rules_hash: str

    def as_json(self) -> dict[str, str]:
        """Return the evidence as texts."""
        return {
            "command": _told(self.command),
            "fact": "" if self.fact is None else _told(self.fact),
            "facts_before": str(self.seq),
            "rules_hash": self.rules_hash,
        }


class DomainStopped(InvariantBroken):
    """An invariant does not hold, or deciding, writing or watching failed in a way that nobody foresaw."""

    def __init__(self, invariant: str, sentence: str, evidence: Evidence) -> None:
        """Keep the broken invariant's id (``DEFECT`` where it is none), what was found, and the evidence."""
        super().__init__(invariant, sentence)
        self.evidence = evidence


class UnknownName(LookupError):
    """A name that the domain does not know; ``known`` lists, in order, what it knows."""

    noun = "name"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Keep the name and what is known instead."""
        super().__init__(f"{self.noun} {name!a} is unknown, known are {', '.join(known) or 'none'}")
        self.name = name
        self.known = tuple(known)


class UnknownMarket(UnknownName):
    """No market of this id was listed."""

    noun = "market"


class UnknownSide(UnknownName):
    """A side is long or short."""

    noun = "side"


def stopped_by(defect: BaseException, evidence: Evidence) -> DomainStopped:
    """Return the stop that a defect causes."""
    if isinstance(defect, InvariantBroken):
        return DomainStopped(defect.invariant, defect.sentence, evidence)
    doing = "deciding" if evidence.fact is None else f"writing {type(evidence.fact).__name__}"
    sentence = f"{doing} for {type(evidence.command).__name__} failed: {type(defect).__name__}: {defect}"
    return DomainStopped("DEFECT", sentence, evidence)


def _told(record: Command | Fact) -> str:
    text = ascii(record)
    return text if len(text) <= LONGEST_EVIDENCE else f"{text[:LONGEST_EVIDENCE]}... ({len(text)} characters)"
