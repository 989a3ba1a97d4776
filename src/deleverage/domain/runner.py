"""One writer around a domain and its journal, in a thread: commands wait in a bounded line and are done in batches.

Rules of this module:

* One thread decides, writes and reads; whoever else wants to look ``ask``s it. Who is behind in line waits, and where
  the line is full that is said at once: nothing is dropped silently.
* Whatever waits is done together (group commit): the device is asked once for all of it.
* Domains side by side are runners side by side: they share nothing.

Deliberately absent: sockets, users, and the clock (``timer`` brings time in, as commands).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread, current_thread
from typing import Any, NamedTuple, TypeVar

from deleverage.domain.clerk import Clerk
from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS
from deleverage.domain.faults import DomainStopped
from deleverage.domain.keeper import Settings
from deleverage.domain.outcomes import Asked, Outcome, Written, fail, tell
from deleverage.domain.texts import LAWFUL
from deleverage.journal.entry import require_keys
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.rulebook.messages import Command

Result = TypeVar("Result")


class Busy(Exception):
    """The line is full: nothing was done, ask again later."""

    def __init__(self, waiting: int) -> None:
        """Keep how many commands wait."""
        super().__init__(f"{waiting} commands wait already")
        self.waiting = waiting


class _Look(NamedTuple):
    """A question in line: what to do with domain and journal between two batches."""

    act: Callable[[Domain, Journal], Any]
    future: Future[Any]


class Runner:
    """A domain at work. ``close`` ends it."""

    def __init__(
        self,
        journal: Journal,
        engine: str = COLUMNS,
        settings: Settings | None = None,
        stamp: Callable[[int], int] | None = None,
        pool: Executor | None = None,
        listener: Callable[[Sequence[Written]], None] | None = None,
    ) -> None:
        """Start from the state that the journal tells of; ``Clerk`` says what the others are."""
        self._clerk = Clerk(journal, engine, settings, stamp, pool, listener)
        self._line: Queue[Asked | _Look | None] = Queue(self._clerk.settings.most_waiting)
        self._closing = Lock()
        self._closed, self._ended = False, Event()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._work, name=f"runner of {journal.head.domain}", daemon=True)
        self._thread.start()

    @property
    def read_only(self) -> JournalFault | DomainStopped | None:
        """Why no command is taken any more; None: they are."""
        return self._clerk.read_only

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return self._line.qsize()

    def submit(self, key: str, command: Command, wait_s: float = 0.0, plan_hash: str = "") -> Future[Outcome]:
        """Return a future with the answer, once it is durable.

        ``wait_s`` seconds are waited for a place in line, then Busy is raised; TypeError where it is no command of the
        law. With a ``plan_hash`` the future raises Moved, and nothing was done, where the command would force something
        else. A future that is cancelled in line was not done; once it is begun it cannot be. For this command alone the
        future raises KeyReused, BadDocument (the law would have it, and no document can hold it), or what the policy
        raised; DomainStopped where nothing of its batch was done; JournalFault where the journal failed: the outcome is
        then unknown, and the same key asked again after a restart tells it.
        """
        require_keys([key])
        if type(command) not in LAWFUL:
            raise TypeError(f"{type(command).__name__} is no command of the law")
        future: Future[Outcome] = Future()
        self._queue(Asked(key, command, future, plan_hash), wait_s)
        return future

    def ask(self, act: Callable[[Domain, Journal], Result], wait_s: float = 0.0) -> Future[Result]:
        """Return a future with what ``act`` returns, called between two batches. It may look, and not write."""
        future: Future[Result] = Future()
        self._queue(_Look(act, future), wait_s)
        return future

    def close(self) -> None:
        """Do what stands in line, sign and keep the state, and let go of the journal; raises what failed in that."""
        if current_thread() is self._thread:
            raise RuntimeError("a runner is closed by another thread than its own")
        with self._closing:
            if not self._closed:
                self._closed = True
                self._line.put(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _queue(self, item: Asked | _Look, wait_s: float) -> None:
        if self._closed or self._ended.is_set():
            raise JournalFault(Why.SHUT, "the runner was closed")
        try:
            self._line.put(item, block=wait_s > 0, timeout=wait_s or None)
        except Full:
            raise Busy(self.waiting) from None
        if self._ended.is_set():  # in the meantime: nobody else will look into the line
            self._turn_away()

    def _work(self) -> None:
        try:
            while (item := self._line.get()) is not None:
                batch: list[Asked] = []
                while isinstance(item, Asked):
                    batch.append(item)
                    item = self._next() if len(batch) < self._clerk.settings.most_at_once else _NOTHING
                if batch:
                    self._clerk.do(batch)
                if isinstance(item, _Look):
                    self._look(item)
                if item is None:
                    break
        finally:
            self._end()

    def _next(self) -> Asked | _Look | None:
        """Return who is next in line, without waiting; nobody: a look at nothing."""
        try:
            return self._line.get_nowait()
        except Empty:
            return _NOTHING

    def _look(self, look: _Look) -> None:
        if look is _NOTHING or not look.future.set_running_or_notify_cancel():
            return
        try:
            tell(look.future, self._clerk.look(look.act))
        except BaseException as error:
            fail(look.future, error)

    def _end(self) -> None:
        """Let go of the journal, and tell whoever came too late."""
        try:
            self._clerk.end()
        except BaseException as error:
            self._failure = error
        finally:
            self._ended.set()
            self._turn_away()

    def _turn_away(self) -> None:
        """Tell everybody in line that nothing is done any more."""
        while (late := self._next()) is not _NOTHING:
            if late is not None and late.future.set_running_or_notify_cancel():
                fail(late.future, JournalFault(Why.SHUT, "the runner was closed"))


_NOTHING = _Look(lambda domain, journal: None, Future())
"""Stands for nobody in line."""
