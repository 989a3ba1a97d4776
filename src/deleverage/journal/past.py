"""What is looked at before a journal is believed: head, chain, checkpoints, and what the anchor says of its end.

Nothing here writes; whoever opens a journal, verifies it or answers for it begins with these.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from deleverage.documents import BadDocument
from deleverage.journal import chain, papers
from deleverage.journal.anchor import Mark
from deleverage.journal.block import Block, place_of, read_block
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.papers import Checkpoint, Head
from deleverage.journal.store import Store, Stored

_HEXADECIMAL = re.compile(r"[0-9a-f]{64}")


def read_head(store: Store) -> Head:
    """Return a store's head; BAD_FORMAT where its bytes are none, or its own hashes are not those of its parts."""
    try:
        head: Head = papers.read_stored(Head, store.head())
    except BadDocument as error:
        raise JournalFault(Why.BAD_FORMAT, f"the head: {error}") from None
    for what, digits in (("public key", head.public_key), ("blind", head.blind)):
        if _HEXADECIMAL.fullmatch(digits) is None:
            raise JournalFault(Why.BAD_FORMAT, f"the head's {what}", ascii(digits)[:80], "64 hexadecimal digits")
    for what, found, expected in (
        ("rules", head.rules.hash(), head.rules_hash),
        ("policy", papers.policy_hash_of(head.rules), head.policy_hash),
        ("state at the start", head.state_at_start.digest(), head.digest_at_start),
    ):
        if found != expected:
            raise JournalFault(Why.OTHER_HEAD, f"the hash of its {what}", found, expected)
    return head


def read_checkpoints(store: Store) -> list[Checkpoint]:
    """Return a store's checkpoints, in order; BAD_FORMAT where bytes are none. Nobody has looked at signatures yet."""
    try:
        return [papers.read_stored(Checkpoint, content) for content in store.checkpoints()]
    except BadDocument as error:
        raise JournalFault(Why.BAD_FORMAT, f"a checkpoint: {error}") from None


def require_acknowledged(store: Store, mark: Mark) -> Mark:
    """Return the anchor's mark; LOST_TAIL or OTHER_PAST where the store does not hold what it names."""
    last = store.last()
    number = 0 if last is None else last.number
    if number < mark.number:
        raise JournalFault(Why.LOST_TAIL, "the last block", number, f"{mark.number} at least")
    if mark.number == 0:
        found, seq = chain.of_head(store.head()), 0
    else:
        stored = next(store.blocks(mark.number - 1))
        found, seq = stored.chain_hash, stored.last_seq
    if (found, seq) != (mark.chain_hash, mark.seq):
        sentence = f"block {mark.number} and its last command"
        raise JournalFault(Why.OTHER_PAST, sentence, f"{found.hex()}, {seq}", f"{mark.chain_hash.hex()}, {mark.seq}")
    return mark


def require_noted(store: Store) -> int:
    """Return up to which block keys are noted; BAD_FORMAT where it is not there: keys would be free to use again."""
    noted, last = store.indexed(), store.last()
    number = 0 if last is None else last.number
    if not 0 <= noted <= number:
        raise JournalFault(Why.BAD_FORMAT, "the block up to which keys are noted", noted, f"0 to {number}")
    return noted


def require_hashes(store: Store, upto: int) -> None:
    """Raise BROKEN_CHAIN unless the blocks up to a number are those that were chained, and stand where they say.

    Nothing of them is executed again; but keys are asked for again, and what lies there is answered and signed.
    """
    behind = chain.of_head(store.head())
    for stored in store.blocks() if upto > 0 else ():
        if stored.number > upto:
            return
        behind = chain.of_block(behind, stored.content)
        found, right = stored._replace(content=b""), Stored(*place_of(stored.content), behind, b"")
        if found != right:
            told, expected = (f"{one[:4]}, {one.chain_hash.hex()}" for one in (found, right))
            raise JournalFault(Why.BROKEN_CHAIN, f"block {stored.number}", told, expected)


def require_signed_past(store: Store, head: Head) -> None:
    """Raise OTHER_PAST where the newest checkpoint names another chain than the one that is there, BAD_SIGNATURE where
    it is not the journal's: who rewrites all files can do the chain anew, and not this.
    """
    for newest in read_checkpoints(store)[-1:]:
        papers.require_signature(newest, head.public_key)
        stored = next(store.blocks(newest.number - 1), None) if newest.number else None
        found = chain.of_head(store.head()) if newest.number == 0 else b"" if stored is None else stored.chain_hash
        if found.hex() != newest.chain_hash:
            sentence = f"block {newest.number}, which a checkpoint names"
            raise JournalFault(Why.OTHER_PAST, sentence, found.hex(), newest.chain_hash)


def walk(store: Store, after: int = 0) -> Iterator[Block]:
    """Yield each block behind number ``after`` once it is known to follow from the one before.

    BROKEN_CHAIN: a hash, a number, a command or an epoch does not follow; BAD_FORMAT: the bytes are no block.
    """
    expected = _behind(store, after)
    for stored in store.blocks(after):
        block = read_block(stored.content)
        chain_hash = chain.of_block(expected.chain_hash, stored.content)
        for what, found, right in (
            ("number", (stored.number, block.number), (expected.number + 1, expected.number + 1)),
            ("hash", stored.chain_hash.hex(), chain_hash.hex()),
            ("first command", (stored.first_seq, block.first_seq), (expected.last_seq + 1, expected.last_seq + 1)),
            ("last command", (stored.last_seq, True), (block.last_seq, len(block.rows) > 0)),
            ("epoch", (stored.epoch, True), (block.epoch, block.epoch >= expected.epoch)),
            ("facts before it", block.facts_before, expected.facts),
        ):
            if found != right:
                raise JournalFault(Why.BROKEN_CHAIN, f"block {stored.number}: {what}", found, right)
        expected = _Behind(block.number, block.last_seq, block.epoch, block.facts_after, chain_hash)
        yield block


class _Behind(NamedTuple):
    """What the next block has to follow."""

    number: int
    last_seq: int
    epoch: int
    facts: int
    chain_hash: bytes


def _behind(store: Store, number: int) -> _Behind:
    if number == 0:
        return _Behind(0, 0, 0, read_head(store).state_at_start.seq, chain.of_head(store.head()))
    stored = next(store.blocks(number - 1), None)
    if stored is None or stored.number != number:
        raise JournalFault(Why.BROKEN_CHAIN, "a block is missing", "nothing", f"block {number}")
    return _Behind(number, stored.last_seq, stored.epoch, read_block(stored.content).facts_after, stored.chain_hash)
