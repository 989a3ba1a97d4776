"""Servers and folders for as long as something is tried in them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journal.places import migrated
from tests.torture.server import Server


@contextmanager
def a_server() -> Iterator[Server]:
    server = Server.fresh()
    try:
        yield migrated(server)
    finally:
        server.remove()


@contextmanager
def a_standby(primary: Server) -> Iterator[Server]:
    standby = primary.standby()
    try:
        yield standby
    finally:
        standby.remove()


@contextmanager
def a_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dlv-anchor-") as folder:
        yield Path(folder)
