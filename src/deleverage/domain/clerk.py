"""Batches of commands decided, made durable and answered: what a runner's one thread does, without the thread.

Rules of this module:

* Nobody is answered before the journal has it. A key that was used before gets the answer it got then; the same key for
  another command is refused.
* What a user's policy or rule cannot answer fails for that command alone; the batch goes on behind it.
* Where the journal fails or the domain stops, every command of the batch that is not durable fails with the reason, and
  none is taken any more (``read_only``). The domain in memory is ahead of the journal then, and is shown to nobody: it
  is rebuilt where the journal is sound (a full device, a stopped domain), so that reading goes on.
* What cannot stand in a journal, for want of a text, is not done.
* What was planned is done as it was planned, or not at all (``planned``).
* Who takes a question back before it is begun is not answered, and it was not done.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TypeVar

from deleverage.documents import BadDocument, canonical, encode
from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS, Answer
from deleverage.domain.faults import DomainStopped
from deleverage.domain.keeper import Keeper, Settings
from deleverage.domain.outcomes import Acknowledged, Asked, KeyReused, Unwritten, Written, fail, tell
from deleverage.domain.planned import Moved, plan_hash
from deleverage.domain.recovery import recover, require_next
from deleverage.domain.texts import untold
from deleverage.journal.block import read_block
from deleverage.journal.entry import Entry, has_text
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.rulebook.losses.rule import LossFault
from deleverage.rulebook.messages import Command, Rejection
from deleverage.rulebook.plug import PlugFault
from deleverage.rulebook.selection import PolicyFault

Result = TypeVar("Result")


class Clerk:
    """A domain beside its journal, one batch at a time, in one thread."""

    def __init__(
        self,
        journal: Journal,
        engine: str = COLUMNS,
        settings: Settings | None = None,
        stamp: Callable[[int], int] | None = None,
        pool: Executor | None = None,
        listener: Callable[[Sequence[Written]], None] | None = None,
    ) -> None:
        """Start from the state that the journal tells of.

        ``stamp`` gives each batch its time (ns) from the one before it, at the start from that of the book; left out,
        commands keep their own. ``pool`` does in other processes what signing needs of each entry.
        ``listener`` hears of what was made durable, in this thread, behind those who asked; it may not raise or wait.
        """
        self.settings = settings or Settings()
        self.read_only: JournalFault | DomainStopped | None = None
        self._journal, self._engine, self._stamp = journal, engine, stamp
        self._domain = recover(journal, engine)
        self._ahead = False
        self._time_ns = 0  # of the last batch: the book's does not go on where all of it was refused
        self._keeper = Keeper(journal, self.settings, pool)
        self._listener = listener or (lambda written: None)

    def do(self, batch: Sequence[Asked]) -> None:
        """Answer a batch; whatever is raised reaches those who wait, and nobody else."""
        waiting = [asked for asked in batch if asked.future.set_running_or_notify_cancel()]
        try:
            while waiting:
                waiting = self._answer_keys(waiting)
            if self.read_only is None:
                self._keeper.keep(self._domain)
        except BaseException as error:
            halts = self._halt(error)
            for asked in batch:
                if not asked.future.done():
                    fail(asked.future, error)
            if halts:
                self._rebuild()

    def look(self, act: Callable[[Domain, Journal], Result]) -> Result:
        """Return what ``act`` says of the state that the journal tells of; raises why there is none to look at."""
        if self._ahead and self.read_only is not None:
            raise self.read_only
        return act(self._domain, self._journal)

    def end(self) -> None:
        """Sign and keep the state as it is, and let go of the journal."""
        try:
            if self.read_only is None:
                self._keeper.end(self._domain)
        finally:
            self._journal.close()

    # -- keys ---------------------------------------------------------------------------------------------------------

    def _answer_keys(self, waiting: Sequence[Asked]) -> list[Asked]:
        """Answer the first command under each key, and return those behind it: they know then what became of it."""
        known = self._journal.known([asked.key for asked in waiting])
        fresh: dict[str, Asked] = {}
        behind = []
        for asked in waiting:
            if asked.key not in known and fresh.setdefault(asked.key, asked) is not asked:
                behind.append(asked)
        self._answer_again([(known[asked.key], asked) for asked in waiting if asked.key in known])
        if fresh and self.read_only is not None:
            raise self.read_only
        rest = list(fresh.values())
        while rest:
            rest = self._answer(rest)
        return behind

    def _answer_again(self, asked_again: Sequence[tuple[int, Asked]]) -> None:
        """Answer as then; each block is read once, however many ask again after a restart."""
        entries: dict[int, Entry] = {}
        for seq, asked in sorted(asked_again, key=lambda one: one[0]):
            if seq not in entries:
                stored = self._journal.store.block_with(seq)
                entries = {} if stored is None else {one.seq: one for one in read_block(stored.content).entries()}
            entry = entries[seq]
            if self._differ(asked.command, entry.command):
                fail(asked.future, KeyReused(asked.key, seq))
            else:
                tell(asked.future, Acknowledged(seq, entry.answer, self._journal.receipt(seq), True))

    def _differ(self, one: Command, other: Command) -> bool:
        """Return whether two commands say different things; where the clerk gives the time, it is not compared."""
        if self._stamp is not None:
            one = replace(one, time_ns=other.time_ns)
        try:
            return canonical(encode(Command, one)) != canonical(encode(Command, other))
        except BadDocument:
            return True

    # -- deciding and writing -----------------------------------------------------------------------------------------

    def _answer(self, fresh: Sequence[Asked]) -> list[Asked]:
        """Answer commands up to the first that some plug could not answer, and return those behind it.

        What was planned is done alone: what it would do hangs on all that stands before it.
        """
        fresh = [asked for asked in fresh if not self._refuses(asked)]
        planned = next((at for at, asked in enumerate(fresh) if asked.plan_hash), len(fresh))
        fresh, rest = fresh[: max(1, planned)], fresh[max(1, planned) :]
        commands = [asked.command for asked in fresh]
        if self._stamp is not None:
            self._time_ns = self._stamp(max(self._time_ns, self._domain.book.time_ns))
            commands = [replace(command, time_ns=self._time_ns) for command in commands]
        if fresh and fresh[0].plan_hash and self._has_moved(fresh[0], commands[0]):
            return rest
        answers: list[Answer] = []
        fault: Exception | None = None
        self._ahead = True
        try:
            self._domain.submit_into(commands, answers)
        except (PolicyFault, LossFault, PlugFault) as raised:
            fault = raised
        self._write(fresh, commands, answers)
        if fault is None:
            return rest
        fail(fresh[len(answers)].future, fault)
        return [*fresh[len(answers) + 1 :], *rest]

    def _has_moved(self, asked: Asked, command: Command) -> bool:
        """Return whether a command would force something else than was planned: it is answered here then."""
        try:
            answer = self._domain.engine.decide(command)
        except (PolicyFault, LossFault, PlugFault) as fault:
            fail(asked.future, fault)
            return True
        found = answer.code.name if isinstance(answer, Rejection) else plan_hash(answer)
        if found != asked.plan_hash:
            fail(asked.future, Moved(found, asked.plan_hash))
        return found != asked.plan_hash

    def _refuses(self, asked: Asked) -> bool:
        """Return whether a command has no text: it is answered here then, and never done, whatever the law says."""
        reason = untold(asked.command)
        if reason is None:
            return False
        try:
            answer = self._domain.engine.decide(asked.command)
        except Exception as error:  # nothing was written, nobody else is concerned
            fail(asked.future, error)
            return True
        if isinstance(answer, Rejection):
            tell(asked.future, Unwritten(answer))
        else:
            fail(asked.future, reason)
        return True

    def _write(self, fresh: Sequence[Asked], commands: Sequence[Command], answers: Sequence[Answer]) -> None:
        """Make answers durable, then tell them; a refusal that has no text is told without."""
        written = []
        for asked, command, answer in zip(fresh, commands, answers, strict=False):
            if isinstance(answer, Rejection) and not has_text(command, answer):
                tell(asked.future, Unwritten(answer))
            else:
                written.append((asked, command, answer))
        receipts = []
        if written:
            require_next(self._journal, self._domain, answers)
            receipts = self._journal.append([(asked.key, command, answer) for asked, command, answer in written])
        self._ahead = False
        for (asked, _, answer), receipt in zip(written, receipts, strict=True):
            tell(asked.future, Acknowledged(receipt.seq, answer, receipt, False))
        if written:
            self._keeper.written()
            told = zip(written, receipts, strict=True)
            self._listener([Written(asked.key, command, answer, paper) for (asked, command, answer), paper in told])

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    def _halt(self, error: BaseException) -> bool:
        """Take no more commands, unless nothing was done; return whether that is new."""
        halts = self.read_only is None and (self._ahead or isinstance(error, JournalFault))
        if halts:
            told = error if isinstance(error, JournalFault | DomainStopped) else self._domain.stopped
            self.read_only = told or JournalFault(Why.FAILED, f"{type(error).__name__}: {error}")
        return halts

    def _rebuild(self) -> None:
        """Go back to the state that the journal tells of, where it is sound: the one in memory is ahead of it."""
        shut = self._journal.shut
        if self._ahead and (shut is None or shut.why is Why.FULL):
            try:
                self._domain, self._ahead = recover(self._journal, self._engine), False
            except Exception:  # then there is nothing to look at, and the reason is known already
                return
