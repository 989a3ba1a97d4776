"""Listening to a stream from a program: signed, and connected again from where it was, so that nothing is missing.

async for message in listen("http://127.0.0.1:8000", "/v1/streams/tape", first=1):
    print(message["rows"])
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from deleverage.service.signing import Signer

Json = dict[str, Any]

LONGEST_PAUSE_S = 10.0
TEMPORARY = (429, 503)
"""Statuses of a refused handshake behind which it is tried again."""

FINAL = (1008, 1009)
"""Codes of a closing behind which it is not."""


async def listen(address: str, path: str, *, first: int = 0, signer: Signer | None = None) -> AsyncIterator[Json]:
    """Yield the messages of a stream from a command on (0: what is new), for ever; connected again where it was cut.

    What will not get better is raised: InvalidStatus of a refused handshake, ConnectionClosed of a refused client.
    """
    pause_s = 0.1
    while True:
        target = f"{path}?from={first}" if first else path
        headers: Mapping[str, str] = {} if signer is None else signer.headers("GET", target)
        try:
            uri = f"ws{address.removeprefix('http')}{target}"
            async with connect(uri, additional_headers=headers, compression=None, proxy=None) as stream:
                async for text in stream:
                    message = json.loads(text)
                    first, pause_s = int(message.get("next_from", first)), 0.1
                    yield message
        except InvalidStatus as refused:
            if refused.response.status_code not in TEMPORARY:
                raise
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code in FINAL:
                raise
        except (OSError, InvalidHandshake):
            pass
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
