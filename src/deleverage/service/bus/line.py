"""A connection to the bus: made, kept, and refused where the server is older than what is safe."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from deleverage.service.bus.faults import BusFault
from deleverage.service.private_files import Exposed, read_private

FLOOR = "2.12.7, or 2.14 and later"
"""Before these a server can be entered, or made to fall, by whoever reaches its port."""
LONGEST_FRAME = 600_000
"""A server that takes less than a frame is none for us."""

_PING_S = 2
_AGAIN_S = 0.25
_LOG = logging.getLogger("deleverage.service")


class Dial(NamedTuple):
    """Which bus: addresses with commas between, a private file with ``user:password``, what TLS trusts and shows."""

    urls: str
    login: str | None = None
    ca: str | None = None
    certificate: str | None = None


@asynccontextmanager
async def connected(dial: Dial, name: str) -> AsyncIterator[Any]:
    """Give a connection that comes back for ever, once a server answers; BusFault where there can be none."""
    try:
        import nats
    except ImportError:
        raise BusFault("a bus needs nats-py: pip install 'deleverage[nats]'") from None
    options = _options(dial)
    told: set[str] = set()

    async def note(error: Exception) -> None:
        if (words := f"{type(error).__name__}: {error}") not in told and len(told) < 100:
            told.add(words)
            _LOG.warning("the bus: %s", words)

    client = await nats.connect(
        [url.strip() for url in dial.urls.split(",")],
        name=name,
        max_reconnect_attempts=-1,
        reconnect_time_wait=_AGAIN_S,
        connect_timeout=2,
        ping_interval=_PING_S,
        max_outstanding_pings=2,
        error_cb=note,
        **options,
    )
    try:
        found = client.connected_server_version
        require_floor(f"{found.major}.{found.minor}.{found.patch}", client.max_payload)
        yield client
    finally:
        with suppress(Exception):
            await asyncio.wait_for(client.close(), 5)


def require_floor(version: str, longest: int) -> None:
    """Raise BusFault where a server is too old to be reached by anybody else, or takes too little.

    >>> require_floor("2.15.1", 1_048_576)
    """
    try:
        found = tuple(int(part) for part in version.partition("-")[0].split(".")[:3])
    except ValueError:
        found = (0, 0, 0)
    if not (found >= (2, 14, 0) or (2, 12, 7) <= found < (2, 13, 0)):
        raise BusFault(f"the bus is nats-server {version}, needed is {FLOOR}")
    if longest < LONGEST_FRAME:
        raise BusFault(f"the bus takes messages of {longest} bytes, needed are {LONGEST_FRAME} (max_payload)")


def _options(dial: Dial) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if dial.login is not None:
        try:
            user, colon, password = read_private(dial.login).decode("utf-8").strip().partition(":")
        except (Exposed, UnicodeDecodeError) as refusal:
            raise BusFault(f"{dial.login}: {refusal}") from None
        if not colon:
            raise BusFault(f"{dial.login}: one line, user:password, is expected")
        options |= {"user": user, "password": password}
    if dial.ca is not None or dial.certificate is not None:
        try:
            options["tls"] = context = ssl.create_default_context(cafile=dial.ca)
            if dial.certificate is not None:
                read_private(dial.certificate)
                context.load_cert_chain(dial.certificate)
        except (Exposed, OSError) as refusal:
            raise BusFault(f"TLS: {refusal}") from None
    return options
