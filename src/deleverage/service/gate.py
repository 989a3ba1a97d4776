"""What every connection passes before anything of it is read: whose page asks, who asks, may that key ask here at all.

No path is open because somebody forgot it: what ``paths.PATHS`` does not name is nobody's. Cookies play no part and
no other origin is allowed, so a page that somebody is lured to can ask for nothing; a program sends no origin.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import WebSocket
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Message, Scope

from deleverage.service import paths
from deleverage.service.doorman import Doorman
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.tickets import Tickets, offered
from deleverage.service.well_formed import require_well_formed

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]

_KIND = re.compile(r":\w+\}")
_FOREIGN = ("cross-site", "same-site")
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
)


def gate_of(doorman: Doorman, tickets: Tickets, origins: frozenset[str] = frozenset()) -> Guard:
    """Return the guard of all paths; ``origins``: pages that may ask, as ``https://desk.example``."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        require_origin(connection, origins)
        endpoint = endpoint_of(connection)
        if paths.PATHS.get(endpoint) != paths.OPEN:
            ticket = offered(connection.scope["subprotocols"]) if isinstance(connection, WebSocket) else ""
            principal = tickets.redeem(ticket) if ticket else await doorman.admit(connection)
            paths.require_path(principal, endpoint)
            connection.scope["user"] = principal
        require_well_formed(connection, handler)

    return guard


def endpoint_of(connection: Connection) -> str:
    """Return method and path as the description has them; a stream's method is STREAM."""
    path = _KIND.sub("}", connection.scope["path_template"])
    return f"{connection.scope.get('method', 'STREAM')} {path}"


def principal_of(connection: Connection) -> Principal:
    """Return who was let in."""
    principal: Principal = connection.scope["user"]
    return principal


def require_origin(connection: Connection, origins: frozenset[str]) -> None:
    """Raise FOREIGN_ORIGIN where a page of another origin asks."""
    origin = connection.headers.get("origin")
    if origin is not None and origin not in origins:
        raise Problem(Code.FOREIGN_ORIGIN, "a page of another origin asks")
    if origin is None and connection.headers.get("sec-fetch-site") in _FOREIGN:
        raise Problem(Code.FOREIGN_ORIGIN, "a page of another origin asks")


async def put_headers(message: Message, _: Scope) -> None:
    """Put the headers that keep an answer from being shown as a page, kept or framed on whatever leaves."""
    if message["type"] in ("http.response.start", "websocket.http.response.start"):
        present = {name.lower() for name, _ in message["headers"]}
        message["headers"] = [*message["headers"], *(one for one in _HEADERS if one[0] not in present)]
