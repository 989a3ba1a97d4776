"""Looking through a journal in bounded pages: blocks forwards or backwards, entries that may matter, and a cursor."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from deleverage.journal.block import Block, read_block
from deleverage.journal.entry import Entry
from deleverage.journal.journal import Journal
from deleverage.journal.rows import TEXT

MOST_BLOCKS = 200
"""Blocks that one question reads at most; where nothing was found in them, the cursor goes on behind them."""

MOST_ROWS = 20_000
"""Commands that one question looks at at most."""

MOST_BYTES = 1 << 19
"""So large a part of the journal is looked at; one step of a crash may be larger, and is the only one then."""


class Cursor(NamedTuple):
    """A block, and the first of its commands that was asked for."""

    block: Block
    first: int  # counts from 0


def blocks_from(journal: Journal, from_seq: int) -> Iterator[Cursor]:
    """Yield blocks from the one with a command on, up to the bounds."""
    found, rows, size = journal.store.block_with(from_seq), 0, 0
    if found is None:
        return
    for count, stored in enumerate(journal.store.blocks(found.number - 1)):
        if count >= MOST_BLOCKS or rows >= MOST_ROWS or size >= MOST_BYTES or stored.first_seq > journal.seq:
            return
        rows, size = rows + stored.last_seq - stored.first_seq + 1, size + len(stored.content)
        yield Cursor(read_block(stored.content), max(0, from_seq - stored.first_seq))


def blocks_before(journal: Journal, before_seq: int) -> Iterator[Block]:
    """Yield blocks backwards, the first being that of the command before one, up to the bounds."""
    last_seq, rows = min(before_seq - 1, journal.seq), 0
    for _ in range(MOST_BLOCKS):
        stored = journal.store.block_with(last_seq) if last_seq > 0 and rows < MOST_ROWS else None
        if stored is None:
            return
        block = read_block(stored.content)
        rows += len(block.rows)
        yield block
        last_seq = stored.first_seq - 1


def entries_naming(cursor: Cursor, names: frozenset[str]) -> Iterator[Entry]:
    """Yield the entries of a block that may name somebody; the others are not made."""
    block = cursor.block
    own = [place for place, name in enumerate(block.names) if name in names]
    mine = np.isin(block.rows["one"], own) | np.isin(block.rows["other"], own) | np.isin(block.rows["refused"], own)
    mine &= block.rows["kind"] != TEXT
    spelled = [json.dumps(name)[:-1] for name in names]
    texts = [f"{name}{end}".encode("ascii") for name in spelled for end in ('"', ": ")]  # a removal says why behind it
    places = np.flatnonzero(block.rows["kind"] == TEXT).tolist()
    for place, text in zip(places, block.texts, strict=True):
        mine[place] = any(one in text for one in texts)
    for at in np.flatnonzero(mine).tolist():
        if at >= cursor.first:
            yield from block.entries(at, at + 1)
