"""The hash chain: each block's hash says what it holds and everything before it.

``h_0 = SHA-256("deleverage head" 0 head)``, ``h_n = SHA-256("deleverage block" 0 h_(n-1) length block)``: the words
keep one kind of bytes from being taken for another, the length keeps two blocks from being read as one.
"""

from hashlib import sha256

HASH_BYTES = 32


def of_head(head: bytes) -> bytes:
    """Return the hash that the first block follows."""
    return sha256(b"deleverage head\0" + head).digest()


def of_block(before: bytes, block: bytes) -> bytes:
    """Return the chain's hash behind a block."""
    digest = sha256(b"deleverage block\0" + before + len(block).to_bytes(8, "little"))
    digest.update(block)
    return digest.digest()
