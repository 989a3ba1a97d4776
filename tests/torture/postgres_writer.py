"""Who writes a journal while its store is tortured: what it was told, what it does not know, and what is there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from deleverage.domain.engines import RULEBOOK
from deleverage.domain.recovery import recover, snapshot_of
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.journal.papers import Receipt
from deleverage.journal.past import walk
from tests.journal.places import answered


@dataclass
class Tally:
    """What came of a family."""

    name: str
    cases: int = 0
    acknowledged: int = 0
    kept: int = 0
    """Commands nobody was told of, and there all the same."""
    retried: int = 0
    """Commands nobody was told of, not there, and asked again under their key."""
    refused: int = 0
    """Writes of a writer that had been overtaken, refused."""
    lost: int = 0
    twice: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether something was tried, and nothing went wrong."""
        return self.cases > 0 and self.acknowledged > 0 and not (self.lost or self.twice or self.complaints)

    def __str__(self) -> str:
        """Return one line."""
        told = f"{self.acknowledged} acknowledged, {self.lost} lost, {self.twice} twice"
        unknown = f"{self.kept} unknown and kept, {self.retried} unknown and asked again"
        verdict = "pass" if self.passed else "FAIL"
        return f"{verdict}  {self.name}: {self.cases}; {told}; {unknown}; {self.refused} refused"

    def refusal(self, act: Callable[[], object], *whys: Why) -> None:
        """Do what has to be refused, and count the refusal."""
        try:
            act()
            self.complaints.append(f"done, and not refused as {whys}")
        except JournalFault as fault:
            self.refused += 1
            self.require(fault, *whys)

    def require(self, fault: JournalFault | None, *whys: Why) -> None:
        """Complain unless it went wrong for one of these reasons."""
        if fault is None or fault.why not in whys:
            self.complaints.append(f"{fault}, and not {whys}")


@dataclass
class Writer:
    """Appends deposits under keys of its own, and remembers what it was told."""

    name: str
    rng: Random
    tally: Tally
    receipts: dict[str, Receipt] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    asked: int = 0

    def write(self, journal: Journal, until: Callable[[], bool]) -> JournalFault | None:
        """Append block after block until told to end, None, or until a fault; what it asked for is then unknown."""
        try:
            domain = recover(journal, RULEBOOK)
            while not until():
                self.unknown = self.unknown or self._keys()
                receipts = journal.append(answered(domain, self.unknown))
                self.receipts |= zip(self.unknown, receipts, strict=True)
                self.tally.acknowledged += len(self.unknown)
                self.unknown = []
                if self.rng.random() < 0.1:
                    journal.checkpoint(domain.digest())
                    journal.snapshot(snapshot_of(domain))
        except JournalFault as fault:
            return fault
        return None

    def write_some(self, journal: Journal, blocks: int) -> None:
        """Append so many blocks; a fault is a complaint."""
        answers = iter([False] * blocks)
        fault = self.write(journal, lambda: next(answers, True))
        if fault is not None:
            self.tally.complaints.append(str(fault))

    def settle(self, journal: Journal) -> None:
        """Read what became of what is unknown: by key, as whoever asked would."""
        found = journal.known(self.unknown)
        if found and len(found) < len(self.unknown):
            self.tally.complaints.append(f"a block is there in part: {sorted(found)} of {self.unknown}")
        if found:
            self.receipts |= {key: journal.receipt(seq) for key, seq in found.items()}
            self.tally.kept += len(found)
            self.unknown = []
        self.tally.retried += len(self.unknown)

    def _keys(self) -> list[str]:
        first = self.asked + 1
        self.asked += self.rng.randrange(1, 20)
        return [f"{self.name}-{number}" for number in range(first, self.asked + 1)]


def check(journal: Journal, writers: list[Writer], tally: Tally) -> None:
    """Count what is lost and what is twice; every block follows from the one before, and executes to its answers."""
    told = {key: receipt for writer in writers for key, receipt in writer.receipts.items()}
    met: set[str] = set()
    for stored, one in zip(journal.store.blocks(), walk(journal.store), strict=True):
        behind = stored.number, stored.last_seq, stored.chain_hash.hex(), stored.epoch
        for seq, key in enumerate(one.keys, one.first_seq):
            tally.twice += key in met
            met.add(key)
            if key in told:
                receipt = told.pop(key)
                named = receipt.number, receipt.last_seq, receipt.chain_hash, receipt.epoch
                tally.lost += (seq, *behind) != (receipt.seq, *named)
    tally.lost += len(told)
    recover(journal, RULEBOOK)
