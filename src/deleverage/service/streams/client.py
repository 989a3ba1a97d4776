"""One who listens: what is told goes out at once, or waits in a bounded queue of messages that a channel shares."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from deleverage.service.principals import Principal
from deleverage.service.streams.frames import Frame
from deleverage.service.streams.limits import Close, Limits
from deleverage.service.streams.wire import Wire


class Ended(Exception):
    """The service ends a stream: with a code, and a reason that its client is told."""

    def __init__(self, code: Close, reason: str) -> None:
        """Keep both."""
        super().__init__(f"{code.name}: {reason}")
        self.code, self.reason = code, reason


class Client:
    """A connection. Only the event loop touches it."""

    def __init__(self, principal: Principal, wire: Wire, limits: Limits) -> None:
        """Send over a connection that somebody else opens and closes."""
        self.principal, self._wire, self._limits = principal, wire, limits
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._idles = False  # all that was before is out, and nothing is being sent
        self.ended: Ended | None = None
        self.on_end: Callable[[], object] = lambda: None
        """Called when it is ended: whoever sends to it is to stop."""
        self.next_from = 0
        self.live_from = 0

    def offer(self, frames: Sequence[Frame]) -> None:
        """Write messages now, or put them behind those that wait; too many end the client, and none is kept."""
        if self.ended is not None:
            return
        waiting = deque(frames)
        while waiting and self._idles and not self._frames and self._wire.is_ready:
            self._wire.write(waiting[0])
            self.next_from = waiting.popleft().next_from or self.next_from
        if not waiting:
            return
        size = sum(map(len, waiting))
        most = self._limits
        has_room = len(self._frames) + len(waiting) <= most.most_frames and self._bytes + size <= most.most_bytes
        if self._frames and not has_room:
            self.end(Close.TOO_SLOW)
            return
        self._frames.extend(waiting)
        self._bytes += size
        self._news.set()

    def end(self, code: Close, reason: str = "") -> None:
        """End it, once; without a reason it is told from where to go on."""
        if self.ended is None:
            self.ended = Ended(code, reason or (f"from={self.next_from}" if self.next_from else "connect again"))
            self._frames.clear()
            self._bytes = 0
            self.on_end()

    async def send(self, frame: Frame) -> None:
        """Send a message now; raises Ended where the client does not take it in time."""
        try:
            async with asyncio.timeout(self._limits.send_s):
                await self._wire.send_frame(frame)
        except TimeoutError:
            self.end(Close.TOO_SLOW)
            assert self.ended is not None
            raise self.ended from None
        self.next_from = frame.next_from or self.next_from

    async def live(self) -> None:
        """Send what is offered, until this is cancelled or the client is ended."""
        while True:
            while self._frames:
                frame = self._frames.popleft()
                self._bytes -= len(frame)
                await self.send(frame)
            self._news.clear()
            self._idles = True
            await self._news.wait()
            self._idles = False
