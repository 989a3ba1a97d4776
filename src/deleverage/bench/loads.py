"""Commands over HTTP until they are durable: as fast as connections can (closed), or at a rate (open)."""

import time
from collections.abc import Iterator, Sequence
from itertools import chain
from threading import Thread
from typing import NamedTuple

from deleverage.bench.wire import Full, Wire, bodies
from deleverage.service.signing import Signer

AGAIN_S = 0.05
"""How long after a full line the same is asked again: what was in front of it is then durable."""


class Load(NamedTuple):
    """What a load did: commands, seconds, and the ns of each request, ascending.

    ``refused``: commands that the law did not take. ``full``: how often the line was, and the same was asked again;
    a request's time goes on until it is answered.
    """

    commands: int
    seconds: float
    times: list[int]
    refused: int = 0
    full: int = 0

    @property
    def per_second(self) -> int:
        """Commands acknowledged in a second."""
        return int(self.commands / self.seconds)

    def ms(self, percent: float) -> float:
        """Return a percentile of the times of requests."""
        return self.times[max(0, -(-int(len(self.times) * percent) // 100) - 1)] / 1e6


def closed(port: int, signer: Signer, streams: Sequence[Iterator[str]], size: int, seconds: float, name: str) -> Load:
    """Return what connections got done that each ask as soon as they were answered; one for each stream."""
    times: list[list[int]] = [[] for _ in streams]
    refused, full, faults = [0] * len(streams), [0] * len(streams), list[Exception]()
    ends = time.monotonic() + seconds

    def work(at: int) -> None:
        wire = Wire(port, signer)
        try:
            requests = bodies(streams[at], size, f"{name}-{size}-{at}")
            while time.monotonic() < ends:
                body = next(requests)
                started = time.perf_counter_ns()
                while (answer := _taken(wire, body)) is None:
                    full[at] += 1
                times[at].append(time.perf_counter_ns() - started)
                refused[at] += answer.count(b'"outcome":"refused"')
        except Exception as error:
            faults.append(error)
        finally:
            wire.close()

    started = time.monotonic()
    _run([Thread(target=work, args=(at,)) for at in range(len(streams))])
    if faults:
        raise faults[0]
    return Load(size * sum(map(len, times)), time.monotonic() - started, sorted(chain(*times)), sum(refused), sum(full))


def paced(
    port: int, signer: Signer, streams: Sequence[Iterator[str]], size: int, per_second: float, seconds: float, name: str
) -> Load:
    """Return what came of requests at a rate, over as many connections as there are streams.

    A request's time begins when it was due, not when its connection was free: what had to wait counts.
    """
    times: list[list[int]] = [[] for _ in streams]
    refused, full, faults = [0] * len(streams), [0] * len(streams), list[Exception]()
    apart_ns = int(1e9 * size * len(streams) / per_second)
    first_ns = time.perf_counter_ns()

    def work(at: int) -> None:
        wire = Wire(port, signer)
        try:
            requests, due_ns = bodies(streams[at], size, f"{name}-{at}"), first_ns + apart_ns * at // len(streams)
            while due_ns < first_ns + seconds * 1e9:
                body = next(requests)
                time.sleep(max(0.0, (due_ns - time.perf_counter_ns()) / 1e9))
                while (answer := _taken(wire, body)) is None:
                    full[at] += 1
                refused[at] += answer.count(b'"outcome":"refused"')
                times[at].append(time.perf_counter_ns() - due_ns)
                due_ns += apart_ns
        except Exception as error:
            faults.append(error)
        finally:
            wire.close()

    _run([Thread(target=work, args=(at,)) for at in range(len(streams))])
    if faults:
        raise faults[0]
    took = (time.perf_counter_ns() - first_ns) / 1e9
    return Load(size * sum(map(len, times)), took, sorted(chain(*times)), sum(refused), sum(full))


def _taken(wire: Wire, body: bytes) -> bytes | None:
    """Return the answer to a request; None where the line was full, after a wait as a client would make it."""
    try:
        return wire.post(body)
    except Full:
        time.sleep(AGAIN_S)
        return None


def _run(threads: list[Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
