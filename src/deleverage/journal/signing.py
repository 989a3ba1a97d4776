"""Ed25519 signatures of what a journal vouches for: receipts and checkpoints.

The private key lies in a file of its own that only its owner may read; the public one stands in the journal's head. Who
verifies may know it from elsewhere, and should: a forged journal has a key of its own.
"""

import os
import re
import stat

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from deleverage.journal.faults import JournalFault, Why

SEED_BYTES = 32
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
"""The one spelling of a signature: in another, a paper would be signed and not the one that was signed."""


class Signer:
    """Signs with one private key.

    >>> signer = Signer(bytes(32))
    >>> is_signed(signer.public_key, b"text", signer.sign(b"text"))
    True
    """

    def __init__(self, seed: bytes) -> None:
        """Derive the key from 32 secret bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw().hex()

    def sign(self, text: bytes) -> str:
        """Return the signature, 128 hexadecimal digits."""
        return self._key.sign(text).hex()


def is_signed(public_key: str, text: bytes, signature: str) -> bool:
    """Return whether a signature over these bytes was made with the private key of a public one (both hexadecimal)."""
    if _SIGNATURE.fullmatch(signature) is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_key(path: str) -> Signer:
    """Return the signer of a key file; JournalFault EXPOSED_KEY where others may read it, BAD_FORMAT: no key."""
    try:
        mode = os.stat(path).st_mode
        with open(path, encoding="ascii") as file:
            text = file.read(2 * SEED_BYTES + 2)
    except UnicodeDecodeError:
        text = ""
    except OSError as error:
        raise JournalFault(Why.NO_JOURNAL, f"the signing key {path} cannot be read: {error}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise JournalFault(Why.EXPOSED_KEY, path, oct(stat.S_IMODE(mode)), "0o600")
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise JournalFault(Why.BAD_FORMAT, f"{path} holds no key", f"{len(seed)} bytes", SEED_BYTES)
    return Signer(seed)
