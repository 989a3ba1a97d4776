"""What comes out of a verification: what was looked at, how much of it, and the first thing that is not so."""

from dataclasses import dataclass, field
from typing import NamedTuple

from deleverage.journal.faults import JournalFault


class Deviation(NamedTuple):
    """The first difference: what kind, where, what the journal says there, and what it had to be."""

    what: str
    where: str
    found: str
    expected: str


@dataclass(kw_only=True)
class Verdict:
    """What a verification has looked at; it passes where there is no deviation."""

    domain: str = ""
    program: str = ""
    rules_hash: str = ""
    policy_hash: str = ""
    public_key: str = ""
    from_seq: int = 0
    to_seq: int = 0
    chained_blocks: int = 0
    chained_seq: int = 0
    chain_hash: str = ""
    anchor: str = "not looked at"
    checkpoints: int = 0
    witnesses: int = 0
    executed_from: int = 0
    executed_commands: int = 0
    executed_facts: int = 0
    ranges: int = 0
    chain_ns: int = 0
    way_ns: int = 0
    """Until the state at the start of the first stretch was there, of the fast engine."""
    execution_ns: int = 0
    """From there to the end, all processes side by side."""
    unchecked: list[str] = field(default_factory=list)
    deviation: Deviation | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return self.deviation is None

    @property
    def facts_per_second(self) -> int:
        """How many facts were made again in a second; rounded down."""
        return self.executed_facts * 1_000_000_000 // max(1, self.execution_ns)

    @property
    def commands_per_second(self) -> int:
        """How many commands were executed again in a second; rounded down, the way to the first of them apart."""
        return self.executed_commands * 1_000_000_000 // max(1, self.execution_ns)


def deviation_of(fault: JournalFault, where: str) -> Deviation:
    """Return what a fault of the journal says."""
    return Deviation(fault.why.name.lower().replace("_", " "), where, fault.found or fault.sentence, fault.expected)
