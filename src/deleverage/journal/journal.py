"""The journal of one clearing domain: blocks appended, acknowledged once they are durable, and never changed.

Rules of this module:

* A block is on the device in the store, then its mark is on the device in the anchor, and only then is there a receipt.
  Whatever a crash leaves between two of these is found at the next opening: a block that nobody was told of is kept,
  a missing one that somebody was told of is LOST_TAIL and nothing is opened.
* Whatever goes wrong on writing shuts the journal: what became of the block is not guessed, it is read when the journal
  is opened again. A full device is the exception that is known: nothing was written.
* Nothing is truncated or mended here.

Deliberately absent: what commands mean, threads, clocks.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from deleverage.journal import anchor, chain, merkle, papers
from deleverage.journal.anchor import Mark
from deleverage.journal.block import Packed, block_of, keys_of, read_block
from deleverage.journal.entry import Answer, Entry
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import File, Files, Lock, locked, typed
from deleverage.journal.papers import Checkpoint, Head, Receipt
from deleverage.journal.parts import leaf_of
from deleverage.journal.past import (
    read_checkpoints,
    read_head,
    require_acknowledged,
    require_hashes,
    require_noted,
    require_signed_past,
    walk,
)
from deleverage.journal.reading import receipt_of, receipts_of, signed_receipt
from deleverage.journal.signing import Signer
from deleverage.journal.store import Snapshot, Store, Stored
from deleverage.rulebook.messages import Command

Answered = tuple[str, Command, Answer]
"""A key, the command under it, and its answer."""

KEYS_AT_HAND = 50_000
"""Keys that lie in memory before they are noted in the store: they are kept for ever, and a writer lives for years."""

Result = TypeVar("Result")


class Journal:
    """An open journal: the one writer of its domain."""

    def __init__(self, store: Store, file: File, lock: Lock | None, head: Head, signer: Signer) -> None:
        """Take over what ``create`` or ``open`` has looked at; not for use elsewhere."""
        self.store, self.head, self.signer = store, head, signer
        self._file, self._lock = file, lock
        self.shut: JournalFault | None = None
        self.epoch = store.claim()
        self.mark = anchor.read(file)
        self.facts = head.state_at_start.seq
        self.last_content = b""
        self._keys: dict[str, int] = {}
        self._behind: list[dict[str, int]] = []  # of the blocks since somebody asked for a key
        for stored in store.blocks(store.indexed()):
            first, keys = keys_of(stored.content)
            self._keys.update(zip(keys, range(first, first + len(keys)), strict=True))
        last = store.last()
        if last is not None:
            if self.epoch <= last.epoch:
                raise JournalFault(
                    Why.BROKEN_CHAIN, "the epoch that was claimed", self.epoch, f"{last.epoch + 1} at least"
                )
            self.facts = read_block(last.content).facts_after
        self.newest = next(reversed(self.checkpoints()), None)
        self.previous = "" if self.newest is None else papers.hash_of(self.newest)
        self.checked_seq = 0 if self.newest is None else self.newest.seq

    # -- opening ------------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, store: Store, files: Files, anchor_path: str, head: Head, signer: Signer) -> "Journal":
        """Return a new journal with nothing in it. EXISTS where there is an anchor, or the store holds something.

        The store's head is written last, as a whole: where there is one, all the rest is on the device.
        """
        lock: Lock | None = None
        file: File | None = None
        with typed(anchor_path):
            if files.exists(anchor_path):
                raise JournalFault(Why.EXISTS, anchor_path)
            try:
                content = papers.text_of(head)
                file = files.open(anchor_path, create=True)
                lock = locked(files, anchor_path)
                anchor.start(file, chain.of_head(content))
                files.sync_folder(anchor_path)
                store.create(content)
                return cls(store, file, lock, head, signer)
            except BaseException:
                _let_go(file, lock)
                raise

    @classmethod
    def open(cls, store: Store, files: Files, anchor_path: str, signer: Signer, lock: Lock | None = None) -> "Journal":
        """Return the journal in a store, or raise JournalFault: its chain is done again from the start, and its blocks
        are read from the newest snapshot on.

        ``lock`` is the claim on the anchor, where somebody holds it for this journal already; it goes with the journal.
        """
        lock = lock or locked(files, anchor_path)
        file: File | None = None
        try:
            head = read_head(store)
            if head.public_key != signer.public_key:
                raise JournalFault(Why.OTHER_HEAD, "the signing key", signer.public_key, head.public_key)
            with typed(anchor_path):
                file = files.open(anchor_path, create=False)
            snapshot = store.snapshot()
            mark = require_acknowledged(store, anchor.read(file))
            require_noted(store)
            start = 0 if snapshot is None else min(snapshot.number, mark.number)
            require_hashes(store, start)
            deque(walk(store, start), maxlen=0)
            require_signed_past(store, head)
            journal = cls(store, file, lock, head, signer)
            journal._catch_up()
        except BaseException:
            _let_go(file, lock)
            raise
        return journal

    def _catch_up(self) -> None:
        """Anchor the last block that is there, though nobody may have been told of it; a known one again: what a sync
        that failed has left of the anchor reads well and may not be on the device.

        Until the claim an earlier writer could still add some, so they are looked at once more behind it.
        """
        deque(walk(self.store, self.mark.number), maxlen=0)
        last = self.store.last()
        if last is not None:
            self._anchor(Mark(last.number, last.last_seq, last.chain_hash))

    # -- writing ------------------------------------------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """The last command that was acknowledged."""
        return self.mark.seq

    def append(self, answered: Sequence[Answered]) -> list[Receipt]:
        """Make commands and answers durable as one block, and return a receipt for each.

        UNLAWFUL where a key is malformed or was used before; nothing is written then.
        """
        self._require_open()
        used = self.known([key for key, _, _ in answered])
        if used:
            raise JournalFault(Why.UNLAWFUL, "keys that were used before, with their commands", used)
        block = block_of(self.mark.number + 1, self.epoch, self.seq + 1, self.facts, answered).packed()
        return receipts_of(self.append_block(block), block.first_seq)

    def append_block(self, block: Packed) -> Receipt:
        """Make a block durable and return the receipt of its last command; its keys were never used (``known``)."""
        self._require_open()
        if len(self._keys) >= KEYS_AT_HAND:
            self._note_keys()
        chain_hash = chain.of_block(self.mark.chain_hash, block.content)
        stored = Stored(block.number, block.first_seq, block.last_seq, block.epoch, chain_hash, block.content)
        self._guarded(lambda: self.store.append(stored))
        self._guarded(lambda: self._anchor(Mark(block.number, block.last_seq, chain_hash)))
        self.facts, self.last_content = block.facts_after, block.content
        self._behind.append(block.seqs)
        return signed_receipt(stored, self.head.domain, block.last_seq, self.signer)

    def _used(self) -> dict[str, int]:
        """Return the command under each key that is not noted. Whoever waits for a receipt does not wait for this."""
        for seqs in self._behind:
            self._keys.update(seqs)
        self._behind.clear()
        return self._keys

    def checkpoint(self, state_digest: str, leaves: Sequence[bytes] | None = None) -> Checkpoint:
        """Sign the state behind the last block, with a commitment to every entry since the checkpoint before.

        ``leaves`` are those of the entries (``parts.leaf_of``), where somebody has made them already. Where that state
        is signed already it is the same checkpoint; UNLAWFUL where it would be another state.
        """
        self._require_open()
        if self.newest is not None and self.newest.number == self.mark.number:
            signed = self.newest.state_digest
            if state_digest != signed:
                raise JournalFault(Why.UNLAWFUL, f"two states behind command {self.seq}", state_digest, signed)
            return self.newest
        if leaves is None:
            entries = islice(self.entries(self.checked_seq + 1), self.seq - self.checked_seq)
            leaves = [leaf_of(entry, self.head.blind) for entry in entries]
        if len(leaves) != self.seq - self.checked_seq:
            raise JournalFault(Why.UNLAWFUL, "leaves of a checkpoint", len(leaves), self.seq - self.checked_seq)
        checkpoint = Checkpoint(
            domain=self.head.domain,
            first_seq=self.checked_seq + 1,
            seq=self.seq,
            number=self.mark.number,
            facts=self.facts,
            chain_hash=self.mark.chain_hash.hex(),
            state_digest=state_digest,
            entries_root=merkle.root(leaves).hex(),
            epoch=self.epoch,
            rules_hash=self.head.rules_hash,
            policy_hash=self.head.policy_hash,
            program=papers.PROGRAM,
            previous=self.previous,
            signature="",
        )
        checkpoint = papers.signed(checkpoint, self.signer)
        self._guarded(lambda: self.store.add_checkpoint(self.mark.number, papers.text_of(checkpoint)))
        self.newest, self.previous, self.checked_seq = checkpoint, papers.hash_of(checkpoint), self.seq
        self._note_keys()
        return checkpoint

    def snapshot(self, content: bytes) -> None:
        """Keep the state behind the last block, whose checkpoint was just signed: the next opening starts there."""
        self._guarded(lambda: self.store.add_snapshot(Snapshot(self.mark.number, self.seq, content)))

    def close(self) -> None:
        """Let go of everything; another writer may open it."""
        try:
            self.store.close()
        finally:
            self._file.close()
            if self._lock is not None:
                self._lock.release()
            self.shut = self.shut or JournalFault(Why.SHUT, "the journal was closed")

    def _note_keys(self) -> None:
        """Note in the store what command lies under each key: all up to the last block."""
        self._guarded(lambda: self.store.index_keys(list(self._used().items()), self.mark.number))
        self._keys.clear()

    # -- reading ------------------------------------------------------------------------------------------------------

    def entries(self, from_seq: int = 1) -> Iterator[Entry]:
        """Yield every entry from command ``from_seq`` on."""
        first = self.store.block_with(from_seq)
        if first is not None:
            for stored in self.store.blocks(first.number - 1):
                yield from (entry for entry in read_block(stored.content).entries() if entry.seq >= from_seq)

    def entry(self, seq: int) -> Entry:
        """Return the entry of a command; UNLAWFUL where there is none."""
        for entry in self.entries(seq):
            return entry
        raise JournalFault(Why.UNLAWFUL, "no such command", seq, f"1 to {self.seq}")

    def known(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the command under each of these keys that was used before, however long ago.

        BAD_FORMAT where a note says so and the block does not.
        """
        noted = self.store.seqs_of(keys) if self.store.indexed() else {}
        looked: dict[int, Sequence[str]] = {}
        for key, seq in noted.items():
            stored = self.store.block_with(seq)
            if stored is not None and stored.number not in looked:
                looked[stored.number] = read_block(stored.content).keys
            there = "" if stored is None else looked[stored.number][seq - stored.first_seq]
            if there != key:
                raise JournalFault(Why.BAD_FORMAT, f"the key of command {seq}, as it is noted", key, there)
        noted = {key: seq for key, seq in noted.items() if seq <= self.seq}  # a later writer's are not ours to answer
        used = self._used()
        return noted | {key: used[key] for key in keys if key in used}

    def receipt(self, seq: int) -> Receipt:
        """Return the receipt of an acknowledged command again."""
        return receipt_of(self.store, self.head.domain, seq, self.seq, self.signer)

    def checkpoints(self) -> list[Checkpoint]:
        """Return every checkpoint, in order."""
        return read_checkpoints(self.store)

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    def _anchor(self, mark: Mark) -> None:
        try:
            anchor.write(self._file, mark)
        except OSError as error:
            raise JournalFault(Why.FAILED, f"the anchor: {error}") from None
        self.mark = mark

    def _require_open(self) -> None:
        if self.shut is not None:
            raise JournalFault(Why.SHUT, str(self.shut))

    def _guarded(self, act: Callable[[], Result]) -> Result:
        """Return what an act on the device returns; whatever it raises shuts the journal."""
        self._require_open()
        try:
            return act()
        except JournalFault as fault:
            self.shut = fault
            raise
        except BaseException as error:
            self.shut = JournalFault(Why.FAILED, f"{type(error).__name__}: {error}")
            raise


def _let_go(file: File | None, lock: Lock | None) -> None:
    if lock is not None:
        lock.release()
    if file is not None:
        file.close()
