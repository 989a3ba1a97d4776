"""States signed and kept, as often as it is worth: never more than a tenth of the time. When, changes no result.

A checkpoint commits to every entry since the last one, and each entry needs some work for that. Where no pool does it,
it is done here between batches as soon as more than a checkpoint's worth waits for it: put off until the state is
signed, it would stop everybody for longer each time, and rest for longer behind that.
"""

from concurrent.futures import Executor, Future
from dataclasses import dataclass
from time import perf_counter_ns

from deleverage.domain.domain import Domain
from deleverage.domain.recovery import snapshot_of
from deleverage.journal.faults import JournalFault, Why
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
        self._made: list[bytes] = []
        """What was made here of the first entries since the last checkpoint."""
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
        # Twice what a batch can have added: whoever starts far behind catches up, a little with each batch.
        self._make(settings.checkpoint_every, 2 * settings.most_at_once)
        if due and self._unmade() <= settings.checkpoint_every and perf_counter_ns() >= self._rests_until_ns:
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
            self._parts, self._made = [], []
        if keep:
            journal.snapshot(snapshot_of(domain))
            self._snapshot_seq = journal.seq

    def _leaves(self) -> list[bytes]:
        """Return what is made of every entry since the last checkpoint."""
        if self._pool is not None and self._parts is not None:
            try:
                return [leaf for part in self._parts for leaf in part.result()]
            except Exception:  # whatever became of the pool: what it would have made does not hang on it
                self._parts = None
        self._make(0, self._journal.seq)
        return self._made

    def _make(self, leave: int, most: int) -> None:
        """Make what nobody makes elsewhere, block by block: all but ``leave`` entries, and no more than ``most``."""
        first = len(self._made)
        while self._unmade() > leave and len(self._made) - first < most:
            stored = self._journal.store.block_with(self._journal.checked_seq + len(self._made) + 1)
            if stored is None:
                raise JournalFault(Why.BROKEN_CHAIN, "a block is missing behind command", self._journal.checked_seq)
            self._made += leaves_of_block(stored.content, self._journal.head.blind)

    def _unmade(self) -> int:
        """Return for how many entries it is still to be made, and not by the pool."""
        if self._pool is not None and self._parts is not None:
            return 0
        return self._journal.seq - self._journal.checked_seq - len(self._made)
