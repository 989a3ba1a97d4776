"""What an opponent alters in the blocks of a journal.

Each edit takes a seeded generator and all that the journal holds, alters it, and returns what it did; None: there was
nothing to alter so. The chain is done anew by whoever asks for the edit.
"""

from dataclasses import replace
from random import Random

from deleverage.domain.domain import Domain
from deleverage.journal import papers
from deleverage.journal.block import Block, block_of, read_block
from deleverage.journal.papers import Head
from deleverage.journal.rows import ROW
from deleverage.journal.store import Stored
from tests.torture.held import Held


def _put_block(held: Held, at: int, block: Block) -> None:
    row = (block.number, block.first_seq, block.last_seq, block.epoch, b"", block.to_bytes())
    held.blocks[at] = Stored(*row)


def _some(rng: Random, held: Held) -> tuple[int, Block]:
    at = rng.randrange(len(held.blocks))
    return at, read_block(held.blocks[at].content)


def edit_row(rng: Random, held: Held) -> str:
    """Flip a bit of one number in a row."""
    at, block = _some(rng, held)
    table, row = block.rows.copy(), rng.randrange(len(block.rows))
    name = rng.choice([name for name in ROW.names or () if name != "kind"])
    table[name][row] ^= 1 << rng.randrange(ROW[name].itemsize * 8 - 1)
    _put_block(held, at, replace(block, rows=table))
    return f"block {at + 1}, row {row}: {name} is {table[name][row]}"


def edit_text(rng: Random, held: Held) -> str | None:
    """Alter a digit in the text of a command or its answer."""
    at, block = _some(rng, held)
    if not block.texts:
        return None
    texts = [bytearray(text) for text in block.texts]
    text = rng.choice(texts)
    digits = [place for place, byte in enumerate(text) if chr(byte).isdigit()]
    place = rng.choice(digits)
    text[place] = ord(rng.choice("0123456789".replace(chr(text[place]), "")))
    _put_block(held, at, replace(block, texts=[bytes(one) for one in texts]))
    return f"block {at + 1}, a text: digit {place} is {chr(text[place])}"


def edit_name(rng: Random, held: Held) -> str | None:
    """Put another name in a name's place, or swap two."""
    at, block = _some(rng, held)
    if len(block.names) < 2:
        return None
    names = list(block.names)
    one, other = rng.sample(range(len(names)), 2)
    names[one], names[other] = rng.choice(((names[other], names[one]), (f"{names[one][:-1]}0", names[other])))
    _put_block(held, at, replace(block, names=names))
    return f"block {at + 1}, names: {names[one]!a}, {names[other]!a}"


def edit_key(rng: Random, held: Held) -> str:
    """Call a command by another key."""
    at, block = _some(rng, held)
    keys = list(block.keys)
    one = rng.randrange(len(keys))
    keys[one] = rng.choice(("k-1", f"{keys[one]}x", keys[-1], "new"))
    _put_block(held, at, replace(block, keys=keys))
    return f"block {at + 1}: key {one} is {keys[one]}"


def edit_number(rng: Random, held: Held) -> str:
    """Alter one of a block's own numbers, and its row's beside it or not."""
    at, block = _some(rng, held)
    name = rng.choice(("number", "epoch", "first_seq", "facts_before"))
    altered = replace(block, **{name: max(0, getattr(block, name) + rng.choice((-1, 1, 7)))})
    stored = held.blocks[at]
    _put_block(held, at, altered)
    if rng.random() < 0.5:
        held.blocks[at] = stored._replace(content=altered.to_bytes())
    return f"block {at + 1}: {name} is {getattr(altered, name)}"


def _renumbered(held: Held, blocks: list[Block]) -> None:
    """Lay blocks down as if they had been written in this order: numbers, commands and facts follow."""
    held.blocks, seq, facts = [], 1, papers.read(Head, held.head).state_at_start.seq
    for number, block in enumerate(blocks, 1):
        block = replace(block, number=number, first_seq=seq, facts_before=facts)
        held.blocks.append(Stored(number, seq, block.last_seq, block.epoch, b"", block.to_bytes()))
        seq, facts = block.last_seq + 1, block.facts_after


def _read(held: Held) -> list[Block]:
    return [read_block(stored.content) for stored in held.blocks]


def delete(rng: Random, held: Held) -> str:
    """Take a few blocks out."""
    blocks, at = _read(held), rng.randrange(len(held.blocks))
    count = rng.choice((1, 1, 2, 5))
    del blocks[at : at + count]
    _renumbered(held, blocks)
    return f"{count} blocks from {at + 1} on are gone"


def reorder(rng: Random, held: Held) -> str:
    """Swap two blocks."""
    blocks = _read(held)
    one, other = rng.sample(range(len(blocks)), 2)
    blocks[one], blocks[other] = blocks[other], blocks[one]
    _renumbered(held, blocks)
    return f"blocks {one + 1} and {other + 1} are swapped"


def repeat(rng: Random, held: Held) -> str:
    """Put a block in once more, elsewhere, under its own keys or under new ones."""
    blocks = _read(held)
    at, to = rng.randrange(len(blocks)), rng.randrange(len(blocks) + 1)
    again = blocks[at]
    if rng.random() < 0.7:
        again = replace(again, keys=[f"again-{key}"[:64] for key in again.keys])
    blocks.insert(to, again)
    _renumbered(held, blocks)
    return f"block {at + 1} lies once more before block {to + 1}"


def truncate(rng: Random, held: Held) -> str:
    """Cut the end off, with checkpoints and notes behind it."""
    left = rng.randrange(len(held.blocks))
    seq = held.blocks[left - 1].last_seq if left else 0
    held.blocks = held.blocks[:left]
    held.checkpoints = [one for one in held.checkpoints if one[0] <= left]
    held.snapshots = [one for one in held.snapshots if one.number <= left]
    held.keys = {key: at for key, at in held.keys.items() if at <= seq}
    held.indexed = min(held.indexed, left)
    return f"{left} blocks are left"


def recut(rng: Random, held: Held) -> str:
    """Lay the same entries into other blocks."""
    entries = [entry for block in _read(held) for entry in block.entries()]
    at_once = rng.randint(1, 40)
    blocks: list[Block] = []
    facts = papers.read(Head, held.head).state_at_start.seq
    for at in range(0, len(entries), at_once):
        told = [(entry.key, entry.command, entry.answer) for entry in entries[at : at + at_once]]
        blocks.append(block_of(len(blocks) + 1, 1, at + 1, facts, told))
        facts = blocks[-1].facts_after
    _renumbered(held, blocks)
    return f"{at_once} entries a block"


def execute_anew(rng: Random, held: Held) -> str:
    """Take one command out and answer all others as the law would have: what could have been."""
    head, blocks = papers.read(Head, held.head), _read(held)
    entries = [entry for block in blocks for entry in block.entries()]
    gone = rng.randrange(len(entries))
    cuts, left = {stored.last_seq for stored in held.blocks}, [entry for entry in entries if entry.seq != gone + 1]
    answers = Domain(head.state_at_start.copy(), head.rules).submit([entry.command for entry in left])
    held.blocks, told, facts = [], [], head.state_at_start.seq
    for entry, answer in zip(left, answers, strict=True):
        told.append((entry.key, entry.command, answer))
        if entry.seq in cuts or entry is left[-1]:
            seq = held.blocks[-1].last_seq + 1 if held.blocks else 1
            block = block_of(len(held.blocks) + 1, held.epoch, seq, facts, told)
            held.blocks.append(Stored(block.number, seq, block.last_seq, block.epoch, b"", block.to_bytes()))
            told, facts = [], block.facts_after
    held.keys, held.indexed, held.snapshots = {}, 0, []
    return f"command {gone + 1} never was"
