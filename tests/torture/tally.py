"""What a family of torture has run and what came of it: the same for all of them, so that one table shows all."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Failure(NamedTuple):
    """A run that ended as none may: its seed, what happened, and the command that plays it again."""

    seed: int
    sentence: str
    again: str


@dataclass
class Tally:
    """The runs of a family: how many ended how, by whatever kinds it has, and those that ended as none may."""

    name: str
    runs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    skipped: str = ""
    """Why nothing was run, where this machine cannot."""

    def note(self, outcome: str, kind: str = "") -> None:
        """Count a run that ended as it may."""
        self.runs += 1
        self.outcomes[outcome] += 1
        if kind:
            self.kinds.setdefault(kind, Counter())[outcome] += 1

    def fail(self, seed: int, sentence: str, again: str, kind: str = "") -> None:
        """Count a run that ended as none may."""
        self.note(FAILED, kind)
        self.failures.append(Failure(seed, sentence, again))

    def add(self, other: "Tally") -> None:
        """Add the runs of another tally of this family."""
        self.runs += other.runs
        self.outcomes.update(other.outcomes)
        for kind, outcomes in other.kinds.items():
            self.kinds.setdefault(kind, Counter()).update(outcomes)
        self.failures += other.failures

    @property
    def passed(self) -> bool:
        """Whether something was run and nothing failed: a family that ran nothing has shown nothing."""
        return self.runs > 0 and not self.failures

    def lines(self) -> list[str]:
        """Return the table: a line for the family, one for each kind, three for each of the first failures."""
        state = "passed" if self.passed else "FAILED" if self.runs else f"NOTHING RUN {self.skipped}".rstrip()
        lines = [f"{self.name:24} {self.runs:>9,} runs  {state:8} {_told(self.outcomes)}"]
        lines += [f"  {kind:30} {outcomes.total():>9,}  {_told(outcomes)}" for kind, outcomes in self.kinds.items()]
        for seed, sentence, again in self.failures[:SHOWN]:
            lines += [f"  failed, seed {seed}", f"    {sentence}", f"    again: {again}"]
        return lines


FAILED = "failed"
"""The outcome that none may have."""

SHOWN = 10
"""Failures that are printed; all are counted."""


def _told(outcomes: Counter[str]) -> str:
    return ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items()))
