"""A primary that is none any more: its standby was promoted behind its back, and whoever writes there does not know."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from random import Random

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.journal.postgres import PostgresStore
from tests.journal.places import PostgresPlace, block
from tests.torture.grounds import a_folder, a_server, a_standby
from tests.torture.postgres_writer import Tally, Writer, check
from tests.torture.server import Server

_PATIENCE_S = 1.0
"""How long a zombie's writer waits for an answer that never comes."""
_COUNT = "SELECT count(*) FROM deleverage.block WHERE number = {}"
_ENOUGH = 20
"""Blocks that a writer would write on if a cancelled commit passed for one."""


def zombies(count: int, seed: int) -> Tally:
    """Promote the standby behind a primary's back, and cancel the commit that waits for it: it is answered as done."""
    rng, tally = Random(seed), Tally("zombies")
    while tally.cases < count and not tally.complaints:
        with (
            a_server() as primary,
            a_standby(primary) as standby,
            a_folder() as folder,
            closing(PostgresPlace(primary, folder, "demo")) as old,
            closing(PostgresPlace(standby, folder, "demo")) as new,
        ):
            _zombie(old, new, rng, tally)
        tally.cases += 1
    return tally


def _zombie(old: PostgresPlace, new: PostgresPlace, rng: Random, tally: Tally) -> None:
    writer, journal = Writer("z", rng, tally), old.create()
    writer.write_some(journal, rng.randrange(2, 8))
    new.server.promote()
    fault = _cancelled(old.server, writer, journal)
    tally.require(fault, Why.FAILED)
    number = journal.mark.number + 1
    journal.close()
    where = [place.server.sql(_COUNT.format(number), "journals") for place in (old, new)]
    if where != ["1", "0"] or "canceling wait" not in str(fault):
        tally.complaints.append(f"block {number} is on the old primary and the new {where} times, and it said: {fault}")
        return
    after = new.open()
    writer.settle(after)
    writer.write_some(after, rng.randrange(1, 6))
    check(after, [writer], tally)
    after.close()
    tally.refusal(old.open, Why.OTHER_PAST, Why.LOST_TAIL)
    _hang(_next_block, old, tally)
    _hang(PostgresStore.claim, old, tally)


def _cancelled(server: Server, writer: Writer, journal: Journal) -> JournalFault | None:
    """Write, cancel each commit that waits for a standby, as drivers do that run out of patience; return the fault."""
    faults, blocks = list[JournalFault | None](), iter([False] * _ENOUGH)
    writing = threading.Thread(target=lambda: faults.append(writer.write(journal, lambda: next(blocks, True))))
    writing.start()
    while writing.is_alive():
        server.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        time.sleep(0.02)
    writing.join()
    return faults[0]


def _next_block(store: PostgresStore) -> None:
    """Append what the old primary would take for the next block."""
    last = store.last()
    assert last is not None
    first_seq = last.last_seq + 1
    store.append(block(last.number + 1, last.epoch)._replace(first_seq=first_seq, last_seq=first_seq))


def _hang(act: Callable[[PostgresStore], object], place: PostgresPlace, tally: Tally) -> None:
    """Write on a primary that nobody follows any more: it must never answer that it is done."""
    store = PostgresStore(place.server.url("app"), place.domain, patience_s=_PATIENCE_S)
    tally.refusal(lambda: act(store), Why.FAILED)
    store.close()
