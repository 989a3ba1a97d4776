"""A front: the API of a domain whose journal lies with a worker, asked over the bus. It keeps nothing that counts."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from time import monotonic
from typing import NamedTuple

from deleverage.domain.keeper import Settings
from deleverage.journal.files import SystemFiles
from deleverage.service.app import make_app
from deleverage.service.bus.caller import Caller
from deleverage.service.bus.line import Dial, connected
from deleverage.service.bus.remote_desk import RemoteDesk
from deleverage.service.bus.remote_feed import RemoteFeed
from deleverage.service.bus.remote_office import RemoteOffice
from deleverage.service.bus.ring import Party
from deleverage.service.bus.subjects import require_domain
from deleverage.service.counter import Counter
from deleverage.service.doorman import Doorman
from deleverage.service.feed import Feed
from deleverage.service.levels import DEFAULT, Level
from deleverage.service.meters import Meters
from deleverage.service.questions.published import Held
from deleverage.service.rates import Rates
from deleverage.service.read_file import Owner, ReadFile
from deleverage.service.reads import Reads
from deleverage.service.scrapes import told_at
from deleverage.service.serving import GENEROUS, bound, listen
from deleverage.service.streams.streams import streams_over
from deleverage.service.watch import Watch

AGAIN_S, FIRST_S = 0.25, 5.0


class House(NamedTuple):
    """What a front has at its door; all of it is that of ``serving.serve``."""

    doorman: Doorman
    host: str
    port: int
    up: Callable[[], None]
    reads: str | None = None
    origins: frozenset[str] = frozenset()
    hang_up: Callable[[], None] | None = None
    held: Held | None = None
    levels: tuple[Level, ...] = DEFAULT
    metrics_port: int | None = None


def front(party: Party, dial: Dial, domain: str, house: House) -> None:
    """Serve until the process is asked to end. OSError where the address cannot be listened on, BusFault: no bus."""
    require_domain(domain)
    listening = bound(house.host, house.port)
    try:
        asyncio.run(_front(party, dial, domain, house, listening))
    finally:
        listening.close()


async def _front(party: Party, dial: Dial, domain: str, house: House, listening: socket.socket) -> None:
    async with AsyncExitStack() as closing:
        client = await closing.enter_async_context(connected(dial, party.name))
        caller = Caller(client, party, domain)
        await caller.start()
        desk, meters = RemoteDesk(caller), Meters()
        office = RemoteOffice(desk)
        feed = Feed(asyncio.get_running_loop())
        log = await _log(desk, domain, house.reads)
        if log is not None:
            closing.callback(log.close)
        if house.metrics_port is not None:
            closing.callback(told_at(meters, house.metrics_port))
        settings, times = Settings(), GENEROUS if log is None else 1
        rates = Rates(settings.most_waiting, times=times)
        feed.begin(desk.state.seq)
        streams = streams_over(desk, feed, house.doorman.knows, times=times)
        counter = Counter(desk, log, house.held, rates, office=office, meters=meters)
        looks = (lambda: 0) if log is None else lambda: log.mass_reads
        watch = Watch(desk, meters, rates, places=settings.most_waiting, levels=house.levels, mass_reads=looks)
        for work in (desk.keep_looking(), RemoteFeed(client, desk, feed, domain, meters.hear).work()):
            closing.callback(asyncio.create_task(work).cancel)
        app = make_app(counter, house.doorman, house.origins, streams)
        await listen(app, counter, watch, desk, office, streams, listening, house.up, house.hang_up)


async def _log(desk: RemoteDesk, domain: str, path: str | None) -> Reads | None:
    """Return where looks are noted: the file belongs to the journal, whose key a worker tells, however long that takes.

    Where nothing is noted, a worker is waited for only a while.
    """
    until_s = monotonic() + FIRST_S
    while not desk.state.public_key and (path is not None or monotonic() < until_s):
        with suppress(Exception):
            await desk.look()
        if not desk.state.public_key:
            await asyncio.sleep(AGAIN_S)
    if path is None:
        return None
    return Reads(ReadFile(SystemFiles(), path, Owner(domain, desk.state.public_key)))
