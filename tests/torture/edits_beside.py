"""What an opponent alters beside the blocks: signed papers, head, anchor, notes of keys, snapshots, epochs."""

from dataclasses import replace
from random import Random
from typing import Any

from deleverage.documents import canonical, parse
from deleverage.journal import papers
from deleverage.journal.block import read_block
from deleverage.journal.papers import Head
from tests.torture.held import Held


def edit_checkpoint(rng: Random, held: Held) -> str:
    """Alter a field of a checkpoint, or its spelling."""
    at = rng.randrange(len(held.checkpoints))
    number, content = held.checkpoints[at]
    document = parse(content)
    name = rng.choice(list(document))
    value = document[name]
    if rng.random() < 0.2:
        altered = rng.choice((content + b" ", content.replace(b":", b": "), content.upper()))
    elif name == "signature" and rng.random() < 0.5:
        altered = canonical(document | {name: value.upper()}).encode("ascii")
    else:
        place = rng.randrange(max(1, len(value)))
        other = rng.choice("0123456789abcdef".replace(value[place : place + 1] or "?", ""))
        altered = canonical(document | {name: f"{value[:place]}{other}{value[place + 1 :]}"}).encode("ascii")
    held.checkpoints[at] = (number, altered)
    return f"checkpoint {at + 1}: {name}"


def move_checkpoints(rng: Random, held: Held) -> str:
    """Delete, double or swap checkpoints."""
    rows, at = held.checkpoints, rng.randrange(len(held.checkpoints))
    match rng.choice(("delete", "double", "swap", "last")):
        case "delete":
            del rows[at]
            return f"checkpoint {at + 1} is gone"
        case "double":
            rows.append((rows[-1][0] + rng.randint(1, 3), rows[at][1]))
            return f"checkpoint {at + 1} is there twice"
        case "swap":
            other = rng.randrange(len(rows))
            rows[at], rows[other] = (rows[at][0], rows[other][1]), (rows[other][0], rows[at][1])
            return f"checkpoints {at + 1} and {other + 1} are swapped"
        case _:
            del rows[at:]
            left = rows[-1][0] if rows else 0
            held.snapshots = [one for one in held.snapshots if one.number <= left]
            return f"{at} checkpoints are left"


def edit_head(rng: Random, held: Held) -> str:
    """Alter a text in the head."""
    head: Head = papers.read(Head, held.head)
    name = rng.choice(("domain", "program", "rules_hash", "policy_hash", "digest_at_start", "public_key", "blind"))
    value = getattr(head, name)
    place = rng.randrange(len(value))
    altered = f"{value[:place]}{rng.choice('0123456789abcdef')}{value[place + 1 :]}"
    change: dict[str, Any] = {name: altered}
    held.head = papers.text_of(replace(head, **change))
    return f"the head's {name} is {altered}"


def edit_anchor(rng: Random, held: Held) -> str:
    """Name another block, or none."""
    mark = held.mark
    assert mark is not None
    held.mark = rng.choice(
        (
            None,
            mark._replace(number=max(0, mark.number - rng.choice((1, 2)))),
            mark._replace(number=mark.number + 1),
            mark._replace(seq=mark.seq + rng.choice((-1, 1))),
            mark._replace(chain_hash=rng.randbytes(32)),
        )
    )
    return f"the anchor says {held.mark}"


def edit_notes(rng: Random, held: Held) -> str:
    """Forget, add or move a noted key, or how far they are noted."""
    key = rng.choice(list(held.keys))
    match rng.choice(("forget", "move", "add", "far")):
        case "forget":
            del held.keys[key]
        case "move":
            held.keys[key] = rng.choice((held.keys[key] + 1, 0, 2**62))
        case "add":
            held.keys["never"] = held.keys[key]
        case _:
            held.indexed = max(0, held.indexed + rng.choice((-2, -1, 1, 100)))
    return f"notes of keys up to block {held.indexed}, {key} is {held.keys.get(key)}"


def edit_snapshot(rng: Random, held: Held) -> str:
    """Alter a digit of a state, or say that it is another block's."""
    at = rng.randrange(len(held.snapshots))
    number, _, content = held.snapshots[at]
    if rng.random() < 0.2:
        held.snapshots[at] = held.snapshots[at]._replace(number=max(1, number + rng.choice((-1, 1))))
        return f"snapshot {at + 1} lies behind another block"
    digits = [place for place, byte in enumerate(content) if chr(byte).isdigit()]
    place = rng.choice(digits)
    altered = content[:place] + bytes([ord(rng.choice("0123456789"))]) + content[place + 1 :]
    held.snapshots[at] = held.snapshots[at]._replace(content=altered)
    return f"snapshot {at + 1}: digit {place}"


def edit_epoch(rng: Random, held: Held) -> str:
    """Say that another writer wrote a block, or that another is writing."""
    at = rng.randrange(len(held.blocks))
    stored = held.blocks[at]
    held.epoch = max(0, held.epoch + rng.choice((-1, 1, 5)))
    if rng.random() < 0.7:
        altered = replace(read_block(stored.content), epoch=held.epoch)
        held.blocks[at] = stored._replace(epoch=held.epoch, content=altered.to_bytes())
    return f"the epoch is {held.epoch}, from block {at + 1} or nowhere"
