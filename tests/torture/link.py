"""A socket between a client and a server that goes dumb on command: what is asked arrives, the answer does not."""

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import TracebackType

_CHUNK_BYTES = 1 << 16


class Link:
    """Passes bytes on between a socket of its own and a server's; both have the same name, in different folders."""

    def __init__(self, behind: Path) -> None:
        """Listen in a new folder."""
        self.dumb = False
        self.dumb_from: bytes | None = None
        """It goes dumb at the next question with these bytes in it."""
        self._behind = behind
        self._folder = tempfile.TemporaryDirectory(prefix="dlv-link-")
        self.folder = Path(self._folder.name)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = asyncio.start_unix_server(self._meet, self.folder / behind.name)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()

    def __enter__(self) -> "Link":
        """Return the link."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it, and whatever still goes through it."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._folder.cleanup()

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            answers, asks = await asyncio.open_unix_connection(self._behind)
            await asyncio.gather(self._pass(reader, asks, True), self._pass(answers, writer, False))
        writer.close()

    async def _pass(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, asked: bool) -> None:
        try:
            while data := await source.read(_CHUNK_BYTES):
                if asked and self.dumb_from is not None and self.dumb_from in data:
                    self.dumb, self.dumb_from = True, None
                if asked or not self.dumb:
                    to.write(data)
                    await to.drain()
        finally:
            to.close()
