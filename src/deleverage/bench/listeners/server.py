"""The service under load, in a process of its own; it notes when what became durable, and how much memory it has."""

import json
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from deleverage.domain.outcomes import Written
from deleverage.journal import local
from deleverage.service.doorman import OpenDoor
from deleverage.service.feed import Feed
from deleverage.service.rounds.office import Ways
from deleverage.service.serving import serve


class NotingFeed(Feed):
    """Notes by a clock that all processes share when each batch became durable."""

    noted: list[tuple[int, int]]

    def hear(self, written: Sequence[Written]) -> None:
        """Note it, and go on."""
        self.noted.append((time.monotonic_ns(), written[-1].receipt.seq))
        super().hear(written)


def main(folder: Path, port: int) -> None:
    """Serve until asked to end; then write what was noted."""
    feed = NotingFeed()
    feed.noted = []
    up = threading.Event()
    serve(
        local.open_journal(str(folder / "journal.db")),
        OpenDoor(),
        "127.0.0.1",
        port,
        ways=Ways(every_s=0.25),
        up=up.set,
        feed=feed,
    )
    (folder / "durable.json").write_text(json.dumps(feed.noted), encoding="ascii")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
