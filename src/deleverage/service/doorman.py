"""Who is let in: a request is turned into the principal that made it, or a problem.

Rules of ``SignedDoor``, in the order in which they are asked:

* The four headers are there and well formed.
* The time lies in the window until the body is there: at most ``BEHIND_MS`` ago, at most ``AHEAD_MS`` to come, by this
  machine's clock; and behind the start of the service. What another process took before may not be taken again, and its
  nonces are unknown: so nothing is taken that it could have taken.
* A key that is unknown, used from elsewhere than its networks, or signed wrongly: one answer, in the same words.
* The handshake of a stream is signed like a request without a body.
* Only who has signed is told more: that the key has expired, that the nonce was there before.

Bad signatures are counted by address and key id together, so that a flood of them shows; a good one is let in all the
same: behind a proxy everybody has one address, and whoever forges a key must not lock its holder out.
"""

import asyncio
import re
from collections.abc import Callable
from time import time_ns
from typing import Any, Protocol

from litestar import Request
from litestar.connection import ASGIConnection

from deleverage.service.buckets import Buckets, Budget
from deleverage.service.keyring import Key, Keyring
from deleverage.service.nonces import Nonces
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code, Problem
from deleverage.service.signing import KEY, NONCE, SIGNATURE, TIME, PublicKey, text_of

Connection = ASGIConnection[Any, Any, Any, Any]

BEHIND_MS, AHEAD_MS = 5_000, 1_000
BAD_SIGNATURES = Budget(burst=100, per_s=2)
_NS_PER_MS = 1_000_000
_ID, _TIME = re.compile(r"[A-Za-z0-9_.-]{1,19}"), re.compile(r"[1-9][0-9]{0,15}")
_NONCE, _SIGNATURE = re.compile(r"[A-Za-z0-9_-]{8,64}"), re.compile(r"(?:[0-9a-f]{2}){1,64}")
_NOBODY = PublicKey(bytes(32))
"""Checks for a key that is not there, so that its absence takes as long as a wrong signature."""


class Doorman(Protocol):
    """Looks at who asks."""

    async def admit(self, connection: Connection) -> Principal:
        """Return who made a request; Problem UNSIGNED, OUT_OF_TIME or REPLAYED."""
        ...

    def knows(self, principal: Principal) -> bool:
        """Return whether who was let in would be let in again: the key is there, unchanged, and has not expired."""
        ...


class OpenDoor:
    """Lets everybody in as one principal with every role: for a laptop, never for a venue (``--insecure-demo``)."""

    async def admit(self, connection: Connection) -> Principal:
        """Return the one principal."""
        return Principal("demo", "demo", frozenset(Role))

    def knows(self, principal: Principal) -> bool:
        """Return that it is so."""
        return True


class SignedDoor:
    """Lets in who has signed."""

    def __init__(self, keys: Keyring, clock_ns: Callable[[], int] = time_ns) -> None:
        """Know the keys; whatever was asked until now is too old."""
        self.keys, self._clock_ns = keys, clock_ns
        self._not_before_ms = clock_ns() // _NS_PER_MS + AHEAD_MS
        self._nonces: dict[str, Nonces] = {}
        self._bad = Buckets(BAD_SIGNATURES)

    async def admit(self, connection: Connection) -> Principal:
        """Return who signed a request; Problem UNSIGNED, OUT_OF_TIME, REPLAYED or TOO_MANY."""
        address = connection.client.host if connection.client else ""
        key_id, time, nonce, signature = self._headers(connection)
        self._require_window(int(time))
        body = await self._body(connection, int(time))
        text = text_of(str(connection.scope.get("method", "GET")), _target(connection), time, nonce, body)
        key = self._signed(key_id, address, text, bytes.fromhex(signature))
        if key is None:
            if self._bad.take((address, key_id), 1):
                raise Problem(Code.TOO_MANY, "too many bad signatures came for this key from this address", retry_s=1)
            raise _unsigned()
        self._require_window(int(time))  # reading the body may have taken any time
        if key.expires_ns is not None and self._clock_ns() >= key.expires_ns:
            raise Problem(Code.UNSIGNED, "the key has expired", key=key_id)
        keep_ms = BEHIND_MS + AHEAD_MS
        new = self._nonces.setdefault(key_id, Nonces()).take(nonce, self._clock_ns() // _NS_PER_MS, keep_ms)
        if new is None:
            raise Problem(Code.TOO_MANY, "this key made more requests than can be remembered", retry_s=1)
        if not new:
            raise Problem(Code.REPLAYED, "the nonce was there before", nonce=nonce)
        return key.principal

    def knows(self, principal: Principal) -> bool:
        """Return whether the key is still that of this principal."""
        key = self.keys.get(principal.key_id)
        if key is None or key.principal != principal:
            return False
        return key.expires_ns is None or self._clock_ns() < key.expires_ns

    def _headers(self, connection: Connection) -> tuple[str, str, str, str]:
        """Return the four headers; UNSIGNED where one is missing, there twice, or malformed."""
        found = []
        for name, form in ((KEY, _ID), (TIME, _TIME), (NONCE, _NONCE), (SIGNATURE, _SIGNATURE)):
            values = connection.headers.getall(name, [])
            if len(values) != 1 or form.fullmatch(values[0]) is None:
                raise _unsigned()
            found.append(values[0])
        return found[0], found[1], found[2], found[3]

    def _require_window(self, time_ms: int) -> None:
        now_ms = self._clock_ns() // _NS_PER_MS
        if not now_ms - BEHIND_MS <= time_ms <= now_ms + AHEAD_MS:
            raise Problem(Code.OUT_OF_TIME, "the time lies outside the window", time_ms=time_ms, now_ms=now_ms)
        if time_ms <= self._not_before_ms:
            words = "the service has started since: make the request anew"
            raise Problem(Code.OUT_OF_TIME, words, retry_s=1, time_ms=time_ms, started_ms=self._not_before_ms)

    async def _body(self, connection: Connection, time_ms: int) -> bytes:
        """Return the body; OUT_OF_TIME where it has not come when the window closes: nobody keeps memory for longer."""
        if not isinstance(connection, Request):
            return b""
        left_ms = time_ms + BEHIND_MS - self._clock_ns() // _NS_PER_MS
        try:
            async with asyncio.timeout(left_ms / 1_000):
                return await connection.body()
        except TimeoutError:
            words = "the body had not come when the window closed"
            raise Problem(Code.OUT_OF_TIME, words, time_ms=time_ms, behind_ms=BEHIND_MS) from None

    def _signed(self, key_id: str, address: str, text: bytes, signature: bytes) -> Key | None:
        """Return the key that signed a text from there; None where none did, after as much work."""
        key = self.keys.get(key_id)
        if key is None:
            _NOBODY.is_signed(text, signature)
            return None
        signed = key.verifier.is_signed(text, signature)
        return key if signed and key.comes_from(address) else None


def _target(connection: Connection) -> str:
    """Return path and query as they were sent."""
    raw, query = connection.scope.get("raw_path") or b"", connection.scope.get("query_string") or b""
    return (raw.split(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")


def _unsigned() -> Problem:
    return Problem(Code.UNSIGNED, "the signature of a known key is needed: see the page on keys")
