"""A domain served by this process: journal, runner, application, server; opened in this order, closed backwards.

The server does not answer signals by itself: it would end the process before the journal is closed.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from time import time_ns as clock_ns
from typing import Protocol

import uvicorn
from litestar import Litestar

from deleverage.domain.keeper import Settings
from deleverage.domain.outcomes import Written
from deleverage.domain.runner import Runner
from deleverage.journal.files import SystemFiles
from deleverage.journal.journal import Journal
from deleverage.service.app import make_app
from deleverage.service.clock import Clock
from deleverage.service.counter import Counter
from deleverage.service.desk import Desk, LocalDesk
from deleverage.service.doorman import Doorman
from deleverage.service.feed import Feed
from deleverage.service.grid import keep_ticking, tick_of
from deleverage.service.levels import DEFAULT, Level
from deleverage.service.meters import Meters
from deleverage.service.questions.published import Held
from deleverage.service.rates import Rates
from deleverage.service.read_file import ReadFile
from deleverage.service.reads import Reads
from deleverage.service.rounds.office import Office, Ways
from deleverage.service.scrapes import told_at
from deleverage.service.sockets import BoundedSocket
from deleverage.service.streams.streams import Streams, streams_over
from deleverage.service.watch import Watch

GRACE_S = 10
BACKLOG = 2_048
GENEROUS = 1_000
"""How many times its budgets a service that nobody has a key of allows: on a laptop all are one."""


def serve(
    journal: Journal,
    doorman: Doorman,
    host: str,
    port: int,
    *,
    ways: Ways,
    up: Callable[[], None],
    reads: str | None = None,
    origins: frozenset[str] = frozenset(),
    hang_up: Callable[[], None] | None = None,
    held: Held | None = None,
    levels: tuple[Level, ...] = DEFAULT,
    metrics_port: int | None = None,
    feed: Feed | None = None,
) -> None:
    """Serve until the process is asked to end; ``up`` is called once requests are taken. Then everything is closed.

    ``reads``: the file in which looks at who is next are noted; ``origins``: pages that may ask;
    ``hang_up`` is called where the process is told that a file has changed (SIGHUP); ``held``: what the venue says it
    really holds; ``feed`` hears what became durable; ``levels``: how dear asking becomes under load and stress;
    ``metrics_port``: a port of this machine alone, for Prometheus. OSError where an address cannot be listened on.
    """
    feed, clock = feed or Feed(), Clock()
    with ExitStack() as closing:
        settings = Settings()
        meters = Meters()
        pool = ProcessPoolExecutor(1, get_context("spawn"), _end_with_us)
        closing.callback(pool.shutdown, cancel_futures=True)
        hear = _heard_by(feed.hear, meters.hear)
        runner = Runner(journal, settings=settings, stamp=clock.stamp, pool=pool, listener=hear)
        closing.callback(runner.close)
        log = None if reads is None else Reads(ReadFile(SystemFiles(), reads, journal.head))
        if log is not None:
            closing.callback(log.close)
        time_ns, seq = runner.ask(lambda domain, journal: (domain.book.time_ns, journal.seq)).result()
        clock.begin(time_ns)
        feed.begin(seq)
        desk = LocalDesk(runner)
        rates = Rates(settings.most_waiting, times=GENEROUS if log is None else 1)
        office = Office(desk, clock, ways)
        streams = streams_over(desk, feed, doorman.knows, times=GENEROUS if log is None else 1)
        counter = Counter(desk, log, held, rates, office=office, meters=meters)
        looks = (lambda: 0) if log is None else lambda: log.mass_reads
        watch = Watch(
            desk,
            meters,
            rates,
            office,
            places=settings.most_waiting,
            levels=levels,
            mass_reads=looks,
            clients=lambda: streams.count,
        )
        if metrics_port is not None:
            closing.callback(told_at(meters, metrics_port))
        app = make_app(counter, doorman, origins, streams)
        listening = bound(host, port)
        closing.callback(listening.close)
        asyncio.run(listen(app, counter, watch, desk, office, streams, listening, up, hang_up))


def _heard_by(*listeners: Callable[[Sequence[Written]], None]) -> Callable[[Sequence[Written]], None]:
    def hear(written: Sequence[Written]) -> None:
        for listener in listeners:
            listener(written)

    return hear


def _end_with_us() -> None:
    """Let whoever works for this process end with it, however it ends, and not when somebody presses Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    whole = parent_process()
    assert whole is not None

    def watch() -> None:
        wait([whole.sentinel])
        os._exit(0)

    Thread(target=watch, name="watch", daemon=True).start()


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens; OSError where somebody else does there, which the server would exit with.

    Its protocol is named: asyncio answers at once (TCP_NODELAY) only where it is, else each answer waits 40 ms.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Shift(Protocol):
    """What begins before requests are taken, and ends behind the last."""

    async def start(self) -> None:
        """Begin."""
        ...

    def begin_to_end(self) -> None:
        """Keep nobody waiting any longer."""
        ...

    async def end(self) -> None:
        """End behind what is being done."""
        ...


async def listen(
    app: Litestar,
    counter: Counter,
    watch: Watch,
    desk: Desk,
    office: Shift,
    streams: Streams,
    listening: socket.socket,
    up: Callable[[], None],
    hang_up: Callable[[], None] | None,
) -> None:
    """Take requests until the process is asked to end, and return once the last is answered."""
    streams.hub.feed.loop = asyncio.get_running_loop()
    await streams.start()
    await desk.tick(tick_of(clock_ns()))
    ticking = asyncio.create_task(keep_ticking(desk, clock_ns, streams.ticks.tick))
    await office.start()
    watching = asyncio.create_task(watch.work())
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        http="h11",  # its bounds on heads are those that the tests try; "auto" takes whatever is installed
        proxy_headers=False,  # an address that the sender may choose is none
        ws=BoundedSocket,
        ws_max_size=streams.limits.most_inbound_bytes,
        ws_ping_interval=streams.limits.ping_s,
        ws_ping_timeout=streams.limits.ping_s,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Server(config)

    def end(number: int) -> None:
        counter.ending = True
        office.begin_to_end()
        streams.begin_to_end()
        server.handle_exit(number, None)

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    if hang_up is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    if server.started:
        up()
    try:
        await task
    finally:
        await office.end()
        ticking.cancel()
        watching.cancel()
        await streams.end()
