"""Where a stream comes from, line by line from an offset: a file, or an address that answers with lines.

Only reading: a file is opened for reading, an address is asked with GET. A file that grows is waited for where the
user asks for it; a line is given once its end has been written, the last one without an end only at the very end.
"""

import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import IO, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from deleverage.shadow.shape import LONGEST_LINE

PATIENCE_S = 0.2
"""Between two looks at a file that may have grown."""

SCHEMES = ("http", "https")


class Line(NamedTuple):
    """A line without its end, the offset behind it in bytes, and whether its end was there."""

    content: bytes
    end: int
    ended: bool


class SourceFault(Exception):
    """A stream that cannot be read, or no further."""


Stopped = Callable[[], bool]


def lines_of(source: str, offset: int, wait: bool, stopped: Stopped, timeout_s: float = 30.0) -> Iterator[Line]:
    """Yield the lines of a file or an address behind an offset; ``wait``: also those that come later."""
    if urlsplit(source).scheme in SCHEMES:
        yield from _of_address(source, offset, timeout_s)
    else:
        yield from _of_file(Path(source), offset, wait, stopped)


def _of_file(path: Path, offset: int, wait: bool, stopped: Stopped) -> Iterator[Line]:
    try:
        with path.open("rb") as stream:
            if stream.seek(0, 2) < offset:
                raise SourceFault(f"{path} is shorter than what was read of it before: {offset} bytes")
            stream.seek(offset)
            while not stopped():
                for line in _lines(stream, offset):
                    if not line.ended and wait:
                        break
                    offset = line.end
                    yield line
                if not wait:
                    return
                stream.seek(offset)
                time.sleep(PATIENCE_S)
    except (OSError, ValueError) as error:
        raise SourceFault(f"{path}: {getattr(error, 'strerror', None) or error}") from None


class _Stay(HTTPRedirectHandler):
    """Goes nowhere else than where the user has sent us."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _of_address(address: str, offset: int, timeout_s: float) -> Iterator[Line]:
    """Ask for what lies behind the offset; who answers with everything is read from the beginning and skipped."""
    request = Request(address, headers={"Accept": "application/x-ndjson"})
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    try:
        with build_opener(_Stay).open(request, timeout=timeout_s) as answer:
            at = offset if answer.status == 206 else 0
            for line in _lines(answer, at):
                if not line.ended and answer.length:
                    break
                if line.end > offset:
                    yield line
            if answer.length:
                raise SourceFault(f"{address} broke off, {answer.length} bytes before the end that it had promised")
    except HTTPError as error:
        if error.code == 416 and offset:
            return
        raise SourceFault(f"{address} answers {error.code} {error.reason}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise SourceFault(f"{address}: {str(error) or type(error).__name__}") from None


def _lines(stream: IO[bytes], offset: int) -> Iterator[Line]:
    """Yield lines; of one that is too long only as much as tells that it is."""
    while content := stream.readline(LONGEST_LINE + 1):
        offset, last = offset + len(content), content
        while not last.endswith(b"\n") and (more := stream.readline(LONGEST_LINE)):
            offset, last = offset + len(more), more
        yield Line(content.removesuffix(b"\n"), offset, last.endswith(b"\n"))
