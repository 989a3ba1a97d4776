"""How a message reaches a client: past everything that would make it again for each one, where the server allows it."""

from collections.abc import Callable
from typing import Any, Protocol

from litestar import WebSocket

from deleverage.service.streams.frames import Frame

Socket = WebSocket[Any, Any, Any]

EXTENSION = "deleverage.wire"
"""The name under which a server's connection offers itself."""


class Wire(Protocol):
    """A connection to one client."""

    on_silence: Callable[[], None] | None
    """Called where a ping was not answered in time."""

    @property
    def is_ready(self) -> bool:
        """Whether a message can be written now, without waiting."""
        ...

    def write(self, frame: Frame) -> None:
        """Write a message, where it is ready."""
        ...

    async def send_frame(self, frame: Frame) -> None:
        """Write a message once it is ready; OSError where the client has gone."""
        ...


class AsgiWire:
    """A connection of any server."""

    is_ready = False
    on_silence: Callable[[], None] | None = None

    def __init__(self, socket: Socket) -> None:
        """Send over a socket."""
        self._socket = socket

    def write(self, frame: Frame) -> None:
        """Never called: it is never known to be ready."""
        raise NotImplementedError

    async def send_frame(self, frame: Frame) -> None:
        """Send a message."""
        await self._socket.send({"type": "websocket.send", "text": frame.text, "bytes": None})


def wire_of(socket: Socket) -> Wire:
    """Return the way to a client."""
    extensions: dict[str, Any] = socket.scope.get("extensions") or {}
    return extensions.get(EXTENSION) or AsgiWire(socket)
