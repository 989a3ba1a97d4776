"""One-time tickets for WebSocket handshakes, which a browser cannot sign: asked for by a signed request, good once.

The ticket travels as a subprotocol (``Sec-WebSocket-Protocol: deleverage.v1, deleverage.ticket.TICKET``): an address
is written down by every proxy on the way, a header is not. The server answers with ``deleverage.v1``.

Only what a ticket hashes to is kept: who reads the memory of the service finds none.
"""

import secrets
from collections.abc import Callable, Iterable
from hashlib import sha256
from time import monotonic_ns

from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem

SUBPROTOCOL = "deleverage.v1"
PREFIX = "deleverage.ticket."
LASTS_S = 30
MOST = 10_000
MOST_OF_ONE_KEY = 100


class Tickets:
    """The tickets that are out: who each lets in, and until when.

    >>> tickets = Tickets()
    >>> tickets.redeem(tickets.issue(Principal("k1", "ann", frozenset()))).key_id
    'k1'
    """

    def __init__(self, clock_ns: Callable[[], int] = monotonic_ns, most: int = MOST) -> None:
        """Keep at most so many at a time, by a clock that never goes back."""
        self._clock_ns, self._most = clock_ns, most
        self._out: dict[bytes, tuple[int, Principal]] = {}

    def issue(self, principal: Principal) -> str:
        """Return a new ticket for a principal; Problem TOO_MANY where too many are out."""
        now_ns = self._clock_ns()
        self._forget(now_ns)
        own = sum(holder.key_id == principal.key_id for _, holder in self._out.values())
        if own >= MOST_OF_ONE_KEY or len(self._out) >= self._most:
            raise Problem(Code.TOO_MANY, "too many tickets are out", retry_s=LASTS_S, own=own, out=len(self._out))
        ticket = secrets.token_urlsafe(32)
        self._out[_name(ticket)] = now_ns + LASTS_S * 1_000_000_000, principal
        return ticket

    def redeem(self, ticket: str) -> Principal:
        """Return whom a ticket lets in, once; Problem UNSIGNED, in the same words, where it is unknown, used or old."""
        ends_ns, principal = self._out.pop(_name(ticket), (0, None))
        if principal is None or self._clock_ns() >= ends_ns:
            raise Problem(Code.UNSIGNED, "a ticket that was not used is needed: POST /v1/tickets", lasts_s=LASTS_S)
        return principal

    def _forget(self, now_ns: int) -> None:
        """Let go of what has run out: all lie in the order in which they end."""
        while self._out:
            first = next(iter(self._out))
            if self._out[first][0] > now_ns:
                return
            del self._out[first]


def offered(subprotocols: Iterable[str]) -> str:
    """Return the ticket among the subprotocols that a handshake offers; "" where there is none."""
    return next((name.removeprefix(PREFIX) for name in subprotocols if name.startswith(PREFIX)), "")


def _name(ticket: str) -> bytes:
    return sha256(ticket.encode("utf-8", "replace")).digest()
