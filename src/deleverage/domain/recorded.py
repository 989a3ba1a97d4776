"""A domain whose answers are durable before anybody has them: whoever embeds one with no runner uses this."""

from collections.abc import Iterable
from itertools import islice

from deleverage.documents import BadDocument
from deleverage.domain.domain import Domain, Watcher
from deleverage.domain.engines import COLUMNS, Answer
from deleverage.domain.recovery import recover, require_next, snapshot_of
from deleverage.journal.entry import has_text, require_keys
from deleverage.journal.journal import Journal
from deleverage.rulebook.messages import Command, Rejection

AT_ONCE = 1000
"""Commands of one block, at most."""

LARGEST_SEQ = 2**63 - 1
"""No journal counts further: a prefix that leaves no place for this number would fail late."""

CHECKPOINT_EVERY = 4096
"""Commands between two signed states, at least: each costs a look at the whole state, and lets verification start."""


class RecordedDomain(Domain):
    """A domain beside its journal; each ``submit`` is made durable block by block before it returns.

    Keys are ``PREFIX-SEQ``: one writer that never asks twice needs no better. A refusal without a text (``has_text``)
    changed nothing and is not recorded. Where the journal fails, JournalFault is raised and the domain has gone further
    than the journal: it must not be used any more.
    """

    def __init__(self, journal: Journal, engine: str = COLUMNS, prefix: str = "run") -> None:
        """Take over the state that the journal tells of."""
        require_keys([f"{prefix}-{LARGEST_SEQ}"])
        self._take(recover(journal, engine).engine)
        self.journal, self._prefix = journal, prefix

    def submit_into(self, commands: Iterable[Command], answers: list[Answer], watcher: Watcher | None = None) -> None:
        """Do as ``Domain.submit_into``, and return once everything is on the device."""
        rest = iter(commands)
        while asked := list(islice(rest, AT_ONCE)):
            before = len(answers)
            try:
                super().submit_into(asked, answers, watcher)
            finally:
                if self.stopped is None:  # the batch in which it stopped is what the sums do not hold in
                    self._record(asked, answers[before:])

    def checkpoint(self) -> None:
        """Sign the state as it is, and keep it: the next opening starts here."""
        self.journal.checkpoint(self.digest())
        self.journal.snapshot(snapshot_of(self))

    def _record(self, commands: list[Command], answers: list[Answer]) -> None:
        """Make durable what was answered; of a batch that ended early, what was done before."""
        journal, pairs = self.journal, list(zip(commands, answers, strict=False))
        try:
            self._append(pairs)
        except BadDocument:
            self._append([pair for pair in pairs if not isinstance(pair[1], Rejection) or has_text(*pair)])
        if journal.seq - journal.checked_seq >= CHECKPOINT_EVERY:
            journal.checkpoint(self.digest())

    def _append(self, pairs: list[tuple[Command, Answer]]) -> None:
        first = self.journal.seq + 1
        if pairs:
            require_next(self.journal, self, (answer for _, answer in pairs))
            self.journal.append([(f"{self._prefix}-{first + at}", *pair) for at, pair in enumerate(pairs)])
