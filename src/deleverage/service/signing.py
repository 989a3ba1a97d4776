"""A request signed by a key: the one text that is signed, and the four headers that carry it.

The text has five lines: the method, path and query as sent, the time in milliseconds, a nonce, and the SHA-256 of the
body in hexadecimal digits. Whoever signs (``Signer``) and whoever checks (``Verifier``) make it with the same function.

A secret never shows itself: neither in what an object prints, nor in an error.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from time import time_ns
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, HMAC = "ed25519", "hmac-sha256"
ALGORITHMS = (ED25519, HMAC)
KEY, TIME, NONCE, SIGNATURE = HEADERS = (
    "deleverage-key",
    "deleverage-time-ms",
    "deleverage-nonce",
    "deleverage-signature",
)


def text_of(method: str, target: str, time_ms: str, nonce: str, body: bytes) -> bytes:
    r"""Return what is signed; ``target`` is the path with its query, as it is sent.

    >>> text_of("GET", "/v1/markets", "1000", "n1", b"")[:30]
    b'GET\n/v1/markets\n1000\nn1\ne3b0c'
    """
    return "\n".join((method, target, time_ms, nonce, sha256(body).hexdigest())).encode("latin-1")


class Verifier(Protocol):
    """Says whether a text was signed with one key."""

    def is_signed(self, text: bytes, signature: bytes) -> bool:
        """Return whether the signature is the key's."""
        ...


class PublicKey:
    """Checks signatures of an Ed25519 key; the service never has the other half."""

    def __init__(self, raw: bytes) -> None:
        """Take the 32 bytes; ValueError where they are no key."""
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def is_signed(self, text: bytes, signature: bytes) -> bool:
        """Return whether the signature is the key's."""
        try:
            self._key.verify(signature, text)
        except InvalidSignature:
            return False
        return True


class SharedSecret:
    """Checks, and makes, HMACs with a secret that both sides have."""

    def __init__(self, secret: bytes) -> None:
        """Take the secret."""
        self._secret = secret

    def sign(self, text: bytes) -> bytes:
        """Return the HMAC of a text."""
        return hmac.digest(self._secret, text, "sha256")

    def is_signed(self, text: bytes, signature: bytes) -> bool:
        """Return whether the signature is the key's, in a time that does not tell how much of it is."""
        return hmac.compare_digest(self.sign(text), signature)


class Signer:
    """A key id and its secret half, which signs requests.

    >>> Signer("k1", HMAC, bytes(32))
    Signer('k1')
    """

    def __init__(self, key_id: str, algorithm: str, secret: bytes, clock_ns: Callable[[], int] = time_ns) -> None:
        """Take the secret: 32 bytes of an Ed25519 key, or those shared for HMAC."""
        self.key_id, self._clock_ns = key_id, clock_ns
        self._sign = (
            Ed25519PrivateKey.from_private_bytes(secret).sign if algorithm == ED25519 else SharedSecret(secret).sign
        )

    def headers(self, method: str, target: str, body: bytes = b"") -> Mapping[str, str]:
        """Return the headers of a request that is sent now, once: the nonce is a new one."""
        time_ms, nonce = str(self._clock_ns() // 1_000_000), secrets.token_hex(16)
        signature = self._sign(text_of(method, target, time_ms, nonce, body)).hex()
        return dict(zip(HEADERS, (self.key_id, time_ms, nonce, signature), strict=True))

    def __repr__(self) -> str:
        """Return the id alone."""
        return f"Signer({self.key_id!r})"
