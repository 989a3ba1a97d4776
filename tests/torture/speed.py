"""How long a block takes until it is on the device, beside a plain file that is written and synced in the same run.

    python -m tests.torture.speed --blocks 200

Blocks of one command and of 1,000 in turn: their bytes alone; kept by a store; and through a whole journal, which makes
the bytes, has a store keep them, and syncs the anchor.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from statistics import median

from deleverage.journal.block import block_of
from deleverage.journal.files import SystemFiles
from deleverage.journal.journal import Answered, Journal
from deleverage.journal.store import Store, Stored
from tests.journal.places import PostgresPlace, SqlitePlace, answered, empty, migrated
from tests.torture.server import Server

SIZES = (1, 1_000)
_KEYS = 100_000


def main(arguments: list[str]) -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=200, help="of each size")
    blocks = parser.parse_args(arguments).blocks
    # On a device, not in memory: a sync has to cost what it costs.
    server = migrated(Server.fresh(ground=tempfile.gettempdir()))
    try:
        with tempfile.TemporaryDirectory() as folder:
            _measure(server, Path(folder), blocks)
    finally:
        server.remove()
    return 0


def _measure(server: Server, folder: Path, blocks: int) -> None:
    print(f"{'median ms per block of':<24}" + "".join(f"{size:>8,}" for size in SIZES))
    _row("bytes alone", _bytes, blocks)
    _row("plain file", _file(folder / "plain"), blocks)
    for name in ("SQLite", "PostgreSQL"):
        for number, through in enumerate(("store", "journal")):
            named = f"{name.lower()}-{number}"
            with closing(
                SqlitePlace(folder, named) if name == "SQLite" else PostgresPlace(server, folder, named)
            ) as place:
                if through == "store":
                    _row(f"{name}, store", _store(place.fresh()), blocks)
                    _keys(place.store())
                else:
                    journal = place.create()
                    _row(f"{name}, journal", _journal(journal), blocks)
                    journal.close()


def _row(name: str, write: Callable[[list[Answered]], object], blocks: int) -> None:
    domain, took_s, numbers = empty(), {size: list[float]() for size in SIZES}, count()
    for size in SIZES * blocks:
        one = answered(domain, [f"k{next(numbers)}" for _ in range(size)])
        started = time.perf_counter()
        write(one)
        took_s[size].append(time.perf_counter() - started)
    ms = [1_000 * median(took_s[size]) for size in SIZES]
    print(f"{name:<24}" + "".join(f"{each:>8.2f}" for each in ms), flush=True)


def _bytes(one: list[Answered]) -> bytes:
    return block_of(1, 1, 1, 0, one).to_bytes()


def _made() -> dict[int, bytes]:
    """Return the bytes of a block of each size: what keeps them does not look into them."""
    return {size: _bytes(answered(empty(), [f"k{number}" for number in range(size)])) for size in SIZES}


def _file(path: Path) -> Callable[[list[Answered]], None]:
    file, ends, made = SystemFiles().open(str(path), create=True), [0], _made()

    def write(one: list[Answered]) -> None:
        content = made[len(one)]
        file.write_at(ends[0], content)
        ends[0] += len(content)
        file.sync()

    return write


def _store(store: Store) -> Callable[[list[Answered]], None]:
    store.create(b"head")
    epoch, numbers, seqs, made = store.claim(), count(1), [0], _made()

    def write(one: list[Answered]) -> None:
        first_seq = seqs[0] + 1
        seqs[0] += len(one)
        store.append(Stored(next(numbers), first_seq, seqs[0], epoch, bytes(32), made[len(one)]))

    return write


def _journal(journal: Journal) -> Callable[[list[Answered]], None]:
    def write(one: list[Answered]) -> None:
        journal.append(one)

    return write


def _keys(store: Store) -> None:
    started = time.perf_counter()
    store.index_keys([(f"x{number}", number) for number in range(_KEYS)], 1)
    print(f"{'':<4}{_KEYS / (time.perf_counter() - started):,.0f} keys a second noted in the index")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
