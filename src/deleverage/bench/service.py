"""``python -m deleverage.bench.service``: how many commands a second a service makes durable here, and how soon.

Over HTTP, signed, the server in a process of its own, beside the least that the device needs for a flush, in one run.
Then the demo: its peak in a crash, and twice that driven on top of another crash. It is no test: a machine that is busy
with other things says little.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from deleverage.bench import crash_load, flushes
from deleverage.bench.days import MARKET, PRICE, day, opening
from deleverage.bench.flushes import APPENDED, JOURNAL, Case
from deleverage.bench.loads import Load, closed
from deleverage.bench.served import Served
from deleverage.documents import encode
from deleverage.domain.runner import Runner
from deleverage.journal import local
from deleverage.rulebook.messages import Command, Deposit, Trade, Withdraw
from deleverage.rulebook.rules import Rules
from deleverage.service.asking import Asker
from deleverage.service.key_files import NewKey, make, read_signer
from deleverage.service.signing import ED25519, HMAC

UNITS, DAY = 1_000, 40_000
SIZES, CONNECTIONS = (1, 10, 100, 1_000), (1, 4, 16)
WAIT_S = 600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m deleverage.bench.service", description="How fast the service is.")
    parser.add_argument("--quick", action="store_true", help="two minutes: a second for each cell")
    parser.add_argument("--seconds", type=float, help="of each cell (5)")
    parser.add_argument("--folder", type=Path, help="a folder on the device that is asked; a temporary one")
    parser.add_argument("--no-demo", action="store_true", help="leave out the demo's crash")
    chosen = parser.parse_args(arguments)
    seconds = chosen.seconds or (1.0 if chosen.quick else 5.0)
    with TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        for line in floor_lines(folder, 30 if chosen.quick else 100):
            _print(line)
        for line in table_lines(folder, seconds):
            _print(line)
        if not chosen.no_demo:
            for line in crash_load.lines(folder):
                _print(line)
    return 0


def floor_lines(folder: Path, rounds: int) -> Iterator[str]:
    """Yield what the device needs, without a service."""
    times = flushes.latencies(folder, rounds)
    yield f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before anything was measured"
    yield f"the device: latency until a block is durable, ms, {rounds} rounds        p50     p99"
    for who, words in ((APPENDED, "a plain file, appended"), (JOURNAL, "the journal: store, then anchor")):
        for size in flushes.SIZES:
            load = Load(0, 1.0, list(times[Case(who, size)]))
            yield f"  {f'{words}, block of {size:,}':62}{load.ms(50):8.2f}{load.ms(99):8.2f}"
    yield ""


def table_lines(folder: Path, seconds: float) -> Iterator[str]:
    """Yield commands a second and latencies by batch and connections."""
    served, asker = _serve(folder)
    try:
        documents = _documents()
        yield "over HTTP to durable acknowledgement    connections   commands/s   p50 ms   p99 ms   of a request"
        for algorithm in (ED25519, HMAC):
            signer = read_signer(str(folder / f"{algorithm}.key"))
            for size in SIZES if algorithm == ED25519 else SIZES[:1]:
                for connections in CONNECTIONS:
                    crash_load.mark(asker, {MARKET: PRICE})
                    streams = [cycle(documents[at::connections]) for at in range(connections)]
                    load = closed(served.port, signer, streams, size, seconds, f"c{connections}{algorithm[:1]}")
                    words = f"{f'batches of {size:,}' if size > 1 else 'one by one'}, {algorithm}"
                    notes = f"   {load.refused} not taken" if load.refused else ""
                    notes += f"   the line was full {load.full} times" if load.full else ""
                    cells = f"{connections:11}{load.per_second:13,}{load.ms(50):9.1f}{load.ms(99):9.1f}"
                    yield f"  {words:38}{cells}{notes}"
    finally:
        asker.close()
        ended_s = served.stop()
    yield f"  started in {served.started_s:.1f} s, ended in {ended_s:.1f} s"
    yield ""


def _serve(folder: Path) -> tuple[Served, Asker]:
    """Return a service over a journal that had its opening, with a mark of now."""
    journal, keys = str(folder / "service.db"), str(folder / "keys.toml")
    runner = Runner(local.create(journal, "bench", Rules()))
    for at, command in enumerate(opening(UNITS)):
        runner.submit(f"opening-{at}", command, WAIT_S)
    runner.close()
    for algorithm in (ED25519, HMAC):
        new = NewKey(algorithm, "venue", ("clearing", "oracle"), algorithm=algorithm)
        make(new, keys, str(folder / f"{algorithm}.key"))
    served = Served(folder / "service.log", "--db", journal, "--keys", keys)
    asker = Asker(served.url, read_signer(str(folder / f"{ED25519}.key")))
    crash_load.mark(asker, {MARKET: PRICE})
    return served, asker


def _documents() -> list[str]:
    """Return commands of a day as texts: trades, money in and out."""
    kinds = (Trade, Deposit, Withdraw)
    return [text(command) for command in day(UNITS, DAY) if isinstance(command, kinds)]


def text(command: Command) -> str:
    """Return the document of a command as the API takes it."""
    document = encode(Command, command)
    del document["time_ns"]
    return json.dumps(document, separators=(",", ":"))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
