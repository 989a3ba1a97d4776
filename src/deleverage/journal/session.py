"""A connection to PostgreSQL that never asks for a cancel, and takes every doubt for one.

* asyncpg runs on an event loop in a thread of its own. Whoever waits here may lose patience or be interrupted; what was
  asked goes on, because a cancelled wait for a standby is answered like a commit, and is none.
* Lost patience, a lost connection and any warning while writing mean that nobody knows: FAILED, and the session is
  over. The next one reads what is there.
* No text of a fault holds a part of the address: there is a password in it.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.server_faults import of_answer, of_connection

SCHEMA = "deleverage"
PATIENCE_S = 60.0
"""How long an answer may take: longer than any commit, and shorter than anybody waits who has no answer."""

_AT_START = {
    "application_name": "deleverage journal",
    "search_path": f"{SCHEMA}, pg_temp",
    "default_transaction_isolation": "read committed",
    # The server cancels nothing on its own account, but for a wait that is over before anything is written.
    "statement_timeout": "0",
    "lock_timeout": "10s",
}
Result = TypeVar("Result")


class Session:
    """One connection, used by one thread at a time."""

    def __init__(self, url: str, patience_s: float = PATIENCE_S) -> None:
        """Connect; JournalFault NO_LIBRARY, NO_SERVER, NO_RIGHT, NO_JOURNAL: no such database, UNLAWFUL: no address."""
        try:
            import asyncpg
        except ImportError:
            words = "a journal in PostgreSQL needs asyncpg: pip install 'deleverage[postgres]'"
            raise JournalFault(Why.NO_LIBRARY, words) from None
        self._patience_s = patience_s
        self._warnings: list[str] = []
        self._asked: Any = None
        self._connection: Any = None
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="journal in PostgreSQL", daemon=True)
        self._thread.start()
        try:
            connecting = asyncpg.connect(url, server_settings=_AT_START, command_timeout=None, timeout=patience_s)
            self._connection = self._wait(connecting)
        except Exception as error:  # whatever asyncpg makes of an address
            self._stop()
            raise of_connection(error) from None
        except BaseException:
            self._stop()
            raise
        self._connection.add_log_listener(self._note)

    def rows(self, query: str, *values: object) -> list[Any]:
        """Return what a query finds."""
        found: list[Any] = self._guarded(self._connection.fetch(query, *values))
        return found

    def write(self, statement: str, *values: object) -> list[Any]:
        """Return what one statement returns once it is committed, without a word of doubt from the server."""
        self._warnings.clear()
        found = self.rows(statement, *values)
        self._require_no_doubt()
        return found

    def script(self, text: str) -> None:
        """Run statements as one transaction."""
        self._warnings.clear()
        self._guarded(self._connection.execute(text))
        self._require_no_doubt()

    def close(self) -> None:
        """Let go of the connection, once; what is still being asked goes on at the server."""
        if self._loop.is_closed():
            return
        if self._asked is None or self._asked.done():
            with suppress(Exception):  # it may be gone already
                self._wait(self._connection.close(timeout=5))
        self._drop()
        self._stop()

    def _note(self, _connection: object, message: Any) -> None:
        if message.severity_en in ("WARNING", None):
            self._warnings.append(f"{message.sqlstate} {message.message}")

    def _require_no_doubt(self) -> None:
        if self._warnings:
            self._drop()
            raise JournalFault(Why.FAILED, f"PostgreSQL committed with a warning: {'; '.join(self._warnings)}")

    def _guarded(self, asked: Coroutine[Any, Any, Result]) -> Result:
        """Return the answer; what went wrong comes out as a typed reason."""
        try:
            return self._wait(asked)
        except JournalFault:
            raise
        except Exception as error:
            raise of_answer(error) from None

    def _wait(self, asked: Coroutine[Any, Any, Result]) -> Result:
        self._asked = future = asyncio.run_coroutine_threadsafe(asked, self._loop)
        try:
            return future.result(self._patience_s)
        except TimeoutError:
            if future.done():
                raise
            self._drop()
            raise JournalFault(Why.FAILED, f"PostgreSQL did not answer within {self._patience_s} s") from None

    def _drop(self) -> None:
        """Hang up without a word: a goodbye while something is being asked would be a cancel."""
        if self._connection is not None:
            self._loop.call_soon_threadsafe(self._connection.terminate)

    def _stop(self) -> None:
        """Let what was hung up on come to its end, and stop the thread."""
        asyncio.run_coroutine_threadsafe(_ended(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _ended() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=5)
    await asyncio.sleep(0)  # a socket is closed one turn after its connection
