"""States signed and kept, as often as it is worth: never more than a tenth of the time. When, changes no result."""

from concurrent.futures import Executor, Future
from dataclasses import dataclass
from time import perf_counter_ns

from deleverage.domain.domain import Domain
from deleverage.domain.recovery import snapshot_of
from deleverage.journal.journal import Journal
from deleverage.journal.parts import leaves_of_block

REST = 9
"""How many times as long as signing took the keeper does nothing before it signs again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What may not change a result: how much waits, how much is done at once, how often the state is signed.

    ``most_waiting`` commands stand in line at most; a block has at most ``most_at_once``. A checkpoint is due after so
    many commands, a snapshot (a checkpoint with the state itself, where the next start begins) after so many.
    """

    most_waiting: int = 10_000
    most_at_once: int = 1_000
    checkpoint_every: int = 10_000
    snapshot_every: int = 100_000

    def __post_init__(self) -> None:
        """Refuse what would be no bound."""
        for name in self.__slots__:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, it is 1 at least")


class Keeper:
    """Signs the state of a journal's domain, and keeps it for the next start."""

    def __init__(self, journal: Journal, settings: Settings, pool: Executor | None) -> None:
        """Begin behind what the journal has signed; ``pool`` does in other processes what each entry needs for that."""
        self._journal, self._settings, self._pool = journal, settings, pool
        snapshot = journal.store.snapshot()
        self._snapshot_seq = 0 if snapshot is None else snapshot.seq
        self._parts: list[Future[list[bytes]]] | None = [] if journal.seq == journal.checked_seq else None
        self._rests_until_ns = 0

    def written(self) -> None:
        """Begin the work on the block that was written last."""
        if self._pool is None or self._parts is None:
            return
        try:
            blind = self._journal.head.blind
            self._parts.append(self._pool.submit(leaves_of_block, self._journal.last_content, blind))
        except RuntimeError:  # broken down or shut: the same work is done here
            self._parts = None

    def keep(self, domain: Domain) -> None:
        """Sign the state where it is due, and keep it where that is."""
        journal, settings = self._journal, self._settings
        keep = journal.seq - self._snapshot_seq >= settings.snapshot_every
        due = keep or journal.seq - journal.checked_seq >= settings.checkpoint_every
        if due and perf_counter_ns() >= self._rests_until_ns:
            started = perf_counter_ns()
            self._sign(domain, keep)
            ended = perf_counter_ns()
            self._rests_until_ns = ended + REST * (ended - started)

    def end(self, domain: Domain) -> None:
        """Sign and keep the state as it is, unless it is kept."""
        if self._journal.seq > self._snapshot_seq:
            self._sign(domain, keep=True)

    def _sign(self, domain: Domain, keep: bool) -> None:
        journal = self._journal
        if journal.seq > journal.checked_seq:  # signed and not kept: whoever did it ended in between
            journal.checkpoint(domain.digest(), self._leaves())
            self._parts = []
        if keep:
            journal.snapshot(snapshot_of(domain))
            self._snapshot_seq = journal.seq

    def _leaves(self) -> list[bytes] | None:
        """Return what the pool made of every entry since the last checkpoint; None: the journal makes it itself."""
        if self._pool is None or self._parts is None:
            return None
        try:
            return [leaf for part in self._parts for leaf in part.result()]
        except Exception:  # whatever became of the pool: what it would have made does not hang on it
            return None
