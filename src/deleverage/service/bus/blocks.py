"""Blocks of the journal as they travel: bytes, the hash they follow, and the receipt that vouches for both.

Nobody has to be believed who carries them: the receipt is signed with the journal's own key, and covers the hash.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import msgspec

from deleverage.documents import BadDocument, canonical, decode, encode, parse
from deleverage.domain.domain import Domain
from deleverage.domain.outcomes import Written
from deleverage.journal import chain, papers
from deleverage.journal.block import read_block
from deleverage.journal.faults import JournalFault
from deleverage.journal.journal import Journal
from deleverage.journal.papers import Receipt
from deleverage.journal.store import Stored

MOST_BYTES = 8 << 20
LONGEST_ON_STREAM = 512 * 1024
"""A longer block is only named on the stream: who wants it asks the worker."""


class BlockWords(msgspec.Struct, frozen=True, array_like=True):
    """A block; without content it is only named."""

    number: int
    previous: bytes
    receipt: bytes
    content: bytes

    def on_stream(self) -> bytes:
        """Return it as the stream keeps it."""
        short = len(self.content) <= LONGEST_ON_STREAM
        return msgspec.msgpack.encode(self if short else msgspec.structs.replace(self, content=b""))


_READ = msgspec.msgpack.Decoder(BlockWords)


class Unbelievable(Exception):
    """A block that the journal's key does not vouch for, or that does not follow."""


def blocks_after(number: int, most: int, journal: Journal) -> list[BlockWords]:
    """Return the acknowledged blocks behind a number, so many at most and not too many bytes; one at least."""
    found: list[BlockWords] = []
    for before, stored in pairwise(_with_before(number, journal)):
        if stored is None or stored.number > journal.mark.number:
            break
        receipt = journal.receipt(stored.last_seq)
        text = canonical(encode(Receipt, receipt)).encode("ascii")
        previous = chain.of_head(journal.store.head()) if before is None else before.chain_hash
        found.append(BlockWords(stored.number, previous, text, stored.content))
        if len(found) >= most or sum(len(one.content) for one in found) > MOST_BYTES:
            break
    return found


def _with_before(number: int, journal: Journal) -> Iterator[Stored | None]:
    """Yield block ``number`` (None where that is the head) and those behind it."""
    if number <= 0:
        yield None
    yield from journal.store.blocks(max(0, number - 1))


def look_at_blocks(number: int, most: int, domain: Domain, journal: Journal) -> list[BlockWords]:
    """Do as ``blocks_after``, between two batches of a runner."""
    return blocks_after(number, most, journal)


def read(message: bytes) -> BlockWords:
    """Return a block in words; Unbelievable where it is none."""
    try:
        return _READ.decode(message)
    except msgspec.MsgspecError as error:
        raise Unbelievable(f"no block: {error}") from None


def vouched(words: BlockWords, domain: str, public_key: str) -> Receipt:
    """Return the receipt of a block's last command; Unbelievable where the journal did not sign it for this one."""
    try:
        receipt: Receipt = decode(Receipt, parse(words.receipt))
        papers.require_signature(receipt, public_key)
    except (BadDocument, JournalFault) as error:
        raise Unbelievable(str(error)) from None
    if (receipt.domain, receipt.number) != (domain, words.number):
        raise Unbelievable(f"the receipt is of block {receipt.number} of {receipt.domain}")
    if words.content and chain.of_block(words.previous, words.content).hex() != receipt.chain_hash:
        raise Unbelievable("the hash is another's")
    return receipt


def written(words: BlockWords, receipt: Receipt) -> Sequence[Written]:
    """Return the commands of a block that is vouched for, each with its receipt."""
    return [
        Written(entry.key, entry.command, entry.answer, replace(receipt, seq=entry.seq))
        for entry in read_block(words.content).entries()
    ]
