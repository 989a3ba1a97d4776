"""A stream that comes from an address, on the loopback only: whole, in parts, broken off, and refused."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deleverage.shadow.run import Run
from deleverage.shadow.source import SourceFault
from deleverage.shadow.wanted import BROKEN_OFF, END, Followed, Wanted
from tests.shadow.streams import own_rules, recorded

LINES = recorded("six-longs")
WHOLE = "".join(f"{line}\n" for line in LINES).encode("ascii")


class Speaker(BaseHTTPRequestHandler):
    """Answers with the stream: whole, from where it is asked to, with less than it has promised, or not at all."""

    def do_GET(self) -> None:
        """Answer by the path."""
        asked = self.headers.get("Range", "")
        first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.path == "/parts" else 0
        status, content = (206 if first else 200), WHOLE[first:]
        if self.path == "/moved":
            status, content = 302, b""
        if self.path == "/parts" and first >= len(WHOLE):
            status, content = 416, b""
        self.send_response(status)
        self.send_header("Location", "/whole")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.path == "/broken" else content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """Yield where a speaker listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Speaker)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def _follow(address: str, **wanted: object) -> Followed:
    return Run(Wanted(source=address, shape="deleverage", rules_of=own_rules, **wanted)).follow()  # type: ignore[arg-type]


def test_shadow_of_an_address_agrees_as_the_file_does(address: str) -> None:
    """The same lines, the same agreement."""
    found = _follow(f"{address}/whole")
    assert (found.ended, found.tally.differences, found.tally.rows["adl"].agreed) == (END, 0, 3)


@pytest.mark.parametrize("path", ["parts", "whole"])
def test_shadow_of_an_address_goes_on_where_it_was(address: str, path: str, tmp_path: Path) -> None:
    """Asked for the rest, a server that gives parts gives it; of one that gives all, what is known is skipped."""
    progress, seen = tmp_path / "progress", [0]

    def stopped() -> bool:
        seen[0] += 1
        return seen[0] == 20

    first = _follow(f"{address}/{path}", progress=progress, save_every=1, stopped=stopped)
    found = _follow(f"{address}/{path}", progress=progress, save_every=1)
    assert (first.tally.lines, found.resumed_at) == (20, 20)
    assert (found.tally.lines, found.tally.rows["adl"].agreed) == (len(LINES), 3)


def test_shadow_of_an_address_that_breaks_off_says_so(address: str) -> None:
    """Less than was promised is no end: the report says what was followed, and that it broke off."""
    found = _follow(f"{address}/broken")
    assert found.ended == BROKEN_OFF
    assert found.sentence


def test_shadow_goes_nowhere_else_than_where_it_was_sent(address: str) -> None:
    """A redirection is an answer that is no stream; so is nobody there, and a port that is none."""
    for where in (f"{address}/moved", "http://127.0.0.1:1/", "http://127.0.0.1:99999999/"):
        with pytest.raises(SourceFault):
            _follow(where)
