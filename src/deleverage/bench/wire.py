"""A connection that sends signed requests and does as little else as it can: what is measured is the service."""

import socket
from collections.abc import Iterator
from itertools import count

from deleverage.service.signing import Signer

_END = b"\r\n\r\n"
TARGET = "/v1/commands"


class Full(ValueError):
    """The line of the service is full: nothing was done, and the same may be asked again."""


class Wire:
    """One connection to a service."""

    def __init__(self, port: int, signer: Signer) -> None:
        """Connect, over loopback."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._signer, self._rest = signer, b""

    def post(self, body: bytes) -> bytes:
        """Return the answer to commands; Full where there was no room in line, ValueError at any other problem."""
        headers = self._signer.headers("POST", TARGET, body)
        lines = [f"POST {TARGET} HTTP/1.1", "host: x", "content-type: application/json", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join(lines).encode("latin-1") + _END + body)
        head = self._until_head()
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        while len(self._rest) < length:
            self._rest += self._more()
        answer, self._rest = self._rest[:length], self._rest[length:]
        if head.startswith(b"HTTP/1.1 503"):
            raise Full(answer[:300].decode("utf-8", "replace"))
        if not head.startswith(b"HTTP/1.1 200"):
            raise ValueError(answer[:300].decode("utf-8", "replace"))
        return answer

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _until_head(self) -> bytes:
        while _END not in self._rest:
            self._rest += self._more()
        head, _, self._rest = self._rest.partition(_END)
        return head

    def _more(self) -> bytes:
        got = self._socket.recv(1 << 16)
        if not got:
            raise ValueError("the service hung up")
        return got


def bodies(documents: Iterator[str], size: int, prefix: str) -> Iterator[bytes]:
    """Yield requests of so many commands (texts of documents), each under a key of its own."""
    for number in count():
        parts = [f'{{"key":"{prefix}-{number}-{at}","command":{next(documents)}}}' for at in range(size)]
        yield ('{"commands":[' + ",".join(parts) + "]}").encode("ascii")
