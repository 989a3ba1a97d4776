"""The worker of a domain: it has the journal, or stands by until it may have it, and answers fronts over the bus.

Two workers of one domain: one writes, the other waits. Of a journal in a file the lock on its anchor says which one, of
one in a database the lease says who should try; in both it is the epoch that keeps a writer that was followed by
another from writing anything more.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from time import time_ns as clock_ns
from typing import Any, NamedTuple

from deleverage.domain.keeper import Settings
from deleverage.domain.runner import Runner
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.service.bus.answerer import Answerer
from deleverage.service.bus.lease import Lease
from deleverage.service.bus.line import Dial, connected
from deleverage.service.bus.publisher import Publisher
from deleverage.service.bus.ring import Party
from deleverage.service.bus.subjects import require_domain
from deleverage.service.clock import Clock
from deleverage.service.desk import LocalDesk
from deleverage.service.feed import Feed
from deleverage.service.grid import keep_ticking, tick_of
from deleverage.service.rounds.office import Office, Ways

AGAIN_S = 0.25
GRACE_S = 10
_TAKEN = frozenset({Why.LOCKED, Why.FENCED})
_STAYS = frozenset({Why.FULL, Why.UNLAWFUL})


class Post(NamedTuple):
    """Where a worker works: how its journal is opened, and how rounds are run in it.

    ``lease`` is the name of the lease where workers on other machines could open the journal, too.
    """

    open: Callable[[], Journal]
    ways: Callable[[Journal], Ways]
    lease: str | None = None


def work(post: Post, party: Party, dial: Dial, say: Callable[[str], None]) -> None:
    """Work until the process is asked to end; raises JournalFault where the journal is not one to go on with."""
    asyncio.run(_work(post, party, dial, say))


async def _work(post: Post, party: Party, dial: Dial, say: Callable[[str], None]) -> None:
    end = asyncio.Event()
    async with connected(dial, party.name) as client:
        for number in (
            signal.SIGINT,
            signal.SIGTERM,
        ):  # not before: nothing is open, and a bus may not be there for long
            asyncio.get_running_loop().add_signal_handler(number, end.set)
        lease = None if post.lease is None else Lease(client, post.lease, f"{party.name} {clock_ns()}")
        while not end.is_set():
            journal = await _opened(post, lease, end, say)
            if journal is not None:
                keeping = None if lease is None else asyncio.create_task(lease.keep())
                try:
                    await _write(journal, client, party, post.ways(journal), say, end)
                finally:
                    if keeping is not None and lease is not None:
                        keeping.cancel()
                        await lease.give_back()
            await _pause(end)


async def _opened(post: Post, lease: Lease | None, end: asyncio.Event, say: Callable[[str], None]) -> Journal | None:
    """Return the journal once this worker may have it; None: the process ends first."""
    told = ""
    while not end.is_set():
        waits = "another worker has the lease"
        if lease is None or await lease.take():
            try:
                return await asyncio.to_thread(post.open)
            except JournalFault as fault:
                if lease is not None:
                    await lease.give_back()
                if fault.why not in _TAKEN:
                    raise
                waits = str(fault)
        if waits != told:
            told = waits
            say(f"standing by: {waits}")
        await _pause(end)
    return None


async def _pause(end: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(end.wait(), AGAIN_S)


async def _write(
    journal: Journal, client: Any, party: Party, ways: Ways, say: Callable[[str], None], end: asyncio.Event
) -> None:
    """Write until the process ends, or until another writer has followed this one."""
    domain = require_domain(journal.head.domain)
    feed, clock = Feed(asyncio.get_running_loop()), Clock()
    runner = Runner(journal, settings=Settings(), stamp=clock.stamp, listener=feed.hear)
    try:
        clock.begin(await asyncio.wrap_future(runner.ask(lambda book, _: book.book.time_ns)))
        desk = LocalDesk(runner)
        office = Office(desk, clock, ways)
        await desk.tick(tick_of(clock_ns()))
        publisher = Publisher(client, runner, feed, journal.epoch)
        answerer = Answerer(client, party, desk, office, runner, journal.epoch)
        tasks = [
            asyncio.create_task(keep_ticking(desk, clock_ns)),
            asyncio.create_task(publisher.work(domain, journal.head.public_key)),
        ]
        await office.start()
        await answerer.start(domain)
        say(f"working on {domain}, epoch {journal.epoch}, behind command {journal.seq}")
        try:
            while not end.is_set() and not _is_over(runner, publisher):
                await _pause(end)
        finally:
            office.begin_to_end()
            await answerer.end(GRACE_S)
            await office.end()
            for task in tasks:
                task.cancel()
            say(_ended(domain, runner, publisher, answerer))
    finally:
        with suppress(JournalFault):  # said already: it is why this ends
            await asyncio.to_thread(runner.close)


def _is_over(runner: Runner, publisher: Publisher) -> bool:
    """Return whether this writer is none any more: opening the journal again tells what became of its last block."""
    fault = runner.read_only
    return publisher.superseded or (isinstance(fault, JournalFault) and fault.why not in _STAYS)


def _ended(domain: str, runner: Runner, publisher: Publisher, answerer: Answerer) -> str:
    counts = (
        f"{publisher.published} blocks published, {publisher.refills} streams filled, {publisher.refused} refused, "
        f"{sum(answerer.opener.ignored.values())} messages ignored"
    )
    return f"ended work on {domain}: {runner.read_only or 'asked to'}; {counts}"
