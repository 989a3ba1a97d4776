"""The WebSocket side of the server: what lies in a socket is bounded, and who does not read cannot keep it open.

The server's own protocol waits for a reader before it says goodbye, and then for what was not read. Here a goodbye
waits for nobody, and the connection is cut where it was not heard in time.
"""

import asyncio
import socket
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from deleverage.service.streams.frames import Frame
from deleverage.service.streams.limits import Limits
from deleverage.service.streams.wire import EXTENSION

GOODBYE_S = 5.0


class BoundedSocket(WebSocketsSansIOProtocol):
    """A connection to one client."""

    buffer_bytes = Limits().buffer_bytes
    on_silence: Callable[[], None] | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Bound what is sent and not yet read."""
        super().connection_made(transport)
        self.close_timeout = GOODBYE_S
        self.transport.set_write_buffer_limits(high=self.buffer_bytes)
        found = transport.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.buffer_bytes)

    async def run_asgi(self) -> None:
        """Run the application, which may write whole frames by itself."""
        extensions: Any = self.scope["extensions"]
        extensions[EXTENSION] = self
        await super().run_asgi()

    @property
    def is_ready(self) -> bool:
        """Whether a message can be written now."""
        return self.writable.is_set() and not (self.disconnected or self.close_sent)

    def write(self, frame: Frame) -> None:
        """Write a message."""
        self.transport.write(frame.wire)

    async def send_frame(self, frame: Frame) -> None:
        """Write a message once there is room; OSError where the client has gone."""
        await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ClientDisconnected
        self.write(frame)

    async def send(self, message: Any) -> None:
        """Send a message once there is room; a goodbye at once, and cut the connection where it is not heard."""
        if message["type"] == "websocket.close" and self.handshake_complete:
            self.writable.set()
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True  # refused, and said so
        if message["type"] == "websocket.close" and self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """Say that no answer to a ping came: whoever runs the stream says goodbye; where nobody does, it is cut."""
        if self.on_silence is not None and not self.close_sent:
            self.pong_timer = self.pending_ping_payload = None
            self.on_silence()
            return
        super().keepalive_timeout()
        self.disconnected = True  # whoever is about to send is told so
        self.transport.abort()

    def shutdown(self) -> None:
        """Close it as the server ends; what was not read by then is lost."""
        super().shutdown()
        asyncio.get_running_loop().call_later(self.close_timeout, self.transport.abort)
