"""A journal rewritten a thousand times: ``verify`` detects each change with one kept paper, or nothing has changed.

The opponent may write every file and do the chain anew. He has no signing key (or, as ``forge``, has it), and not the
paper that somebody kept: the last checkpoint, or the receipt of the last command. ``python -m tests.torture.tamper
--seed 1 --count 1000`` prints what was found, kind by kind; the exit is 1 where a change went unseen.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from deleverage.documents import BadDocument
from deleverage.domain.engines import COLUMNS
from deleverage.domain.recovery import recover
from deleverage.domain.verification.verify import verify
from deleverage.journal import anchor, local
from deleverage.journal.block import read_block
from deleverage.journal.entry import Entry
from deleverage.journal.faults import JournalFault
from deleverage.journal.files import SystemFiles
from deleverage.journal.papers import Checkpoint, Receipt
from deleverage.journal.signing import Signer, read_key
from tests.journal.made import Checking, has_text
from tests.parity.engine_worlds import played
from tests.torture import edits_beside as beside
from tests.torture import edits_of_blocks as blocks
from tests.torture.forger import forge
from tests.torture.held import Held, copy, put, taken
from tests.torture.tally import Tally

Edit = Callable[[Random, Held], str | None]

CHAINED: tuple[Edit, ...] = (
    *(blocks.edit_row, blocks.edit_text, blocks.edit_name, blocks.edit_key, blocks.edit_number, blocks.delete),
    *(blocks.reorder, blocks.repeat, blocks.truncate, blocks.recut, blocks.execute_anew, beside.edit_head),
    beside.edit_epoch,
)
"""Edits behind which the chain is mostly done anew."""

BESIDE: tuple[Edit, ...] = (
    *(beside.edit_checkpoint, beside.move_checkpoints, beside.edit_anchor, beside.edit_notes, beside.edit_snapshot),
)
FLIP, FLIP_ANCHOR, FORGE = "bits of the file", "bits of the anchor", "forged with the key"
KINDS: tuple[Edit | str, ...] = (*CHAINED, *BESIDE, FLIP, FLIP, FLIP_ANCHOR, FORGE, FORGE, FORGE)

DETECTED, HARMLESS = "detected", "harmless"
FEWER = "harmless, with fewer checkpoints"
"""With a receipt alone nobody can know of a state that was signed behind it: all is there but a signature."""

WORLD, COMMANDS, AT_ONCE, EVERY = 5, 260, 9, 60


@dataclass
class Original:
    """The journal as it was, and what somebody kept of it."""

    path: Path
    held: Held
    entries: list[Entry]
    digest: str
    signer: Signer
    witnesses: tuple[Receipt | Checkpoint, ...]


def original(folder: Path) -> Original:
    """Return a journal of a random world: some hundred commands, several signed states, a snapshot in the middle."""
    path, world = folder / "original.db", played(WORLD, COMMANDS)
    pairs = [pair for pair in zip(world.commands, world.answers, strict=True) if has_text(pair)]
    domain = Checking(local.create(str(path), "tampered", world.law), COLUMNS, EVERY)
    for at in range(0, len(pairs), AT_ONCE):
        domain.submit([command for command, _ in pairs[at : at + AT_ONCE]])
    journal = domain.journal
    domain.checkpoint()
    kept = (journal.checkpoints()[-1], journal.receipt(journal.seq))
    entries, digest = list(journal.entries()), domain.digest()
    journal.close()
    return Original(path, taken(path), entries, digest, read_key(local.key_of(str(path))), kept)


def tamper(rng: Random, one: Original, path: Path) -> tuple[str, str | None]:
    """Alter a copy; return the kind, and what was done."""
    kind = rng.choice(KINDS)
    copy(one.path, path)
    if isinstance(kind, str) and kind != FORGE:
        file = path if kind == FLIP else Path(local.anchor_of(str(path)))
        content = bytearray(file.read_bytes())
        most = len(content) if rng.random() < 0.5 else 512
        places = [rng.randrange(most * 8) for _ in range(rng.choice((1, 1, 2, 8)))]
        for place in places:
            content[place // 8] ^= 1 << place % 8
        file.write_bytes(content)
        return kind, f"bits {places}"
    held = one.held.copied()
    if isinstance(kind, str):
        told, name = forge(rng, held, one.signer), kind
    else:
        told, name = kind(rng, held), kind.__name__.replace("_", " ")
        if kind in CHAINED and rng.random() < 0.8:
            held.chained()
    if told is not None:
        put(held, path)
    return name, told


def outcome(one: Original, path: Path, witness: Receipt | Checkpoint) -> str | None:
    """Return what came of an altered copy; None where nobody saw it and it is not as it was."""
    try:
        store = local.open_store(str(path))
    except JournalFault:
        return DETECTED
    try:
        public_key = one.signer.public_key
        verdict = verify(store, _mark(path), witnesses=[witness], public_key=public_key)
        if not verdict.passed:
            return DETECTED
        entries = [entry for stored in store.blocks() for entry in read_block(stored.content).entries()]
        head, papers_left = store.head(), store.checkpoints()
    finally:
        store.close()
    try:
        journal = local.open_journal(str(path))
    except JournalFault:
        return DETECTED
    try:
        digest = recover(journal).digest()
        noted = journal.known([entry.key for entry in one.entries])
    except JournalFault:
        return DETECTED
    finally:
        journal.close()
    signed = [content for _, content in one.held.checkpoints]
    same = (entries, head, digest) == (one.entries, one.held.head, one.digest)
    if not same or noted != {entry.key: entry.seq for entry in one.entries}:
        return None
    if papers_left == signed:
        return HARMLESS
    return FEWER if isinstance(witness, Receipt) and papers_left == signed[: len(papers_left)] else None


def _mark(path: Path) -> anchor.Mark | None:
    try:
        file = SystemFiles().open(local.anchor_of(str(path)), create=False)
    except FileNotFoundError:
        return None
    try:
        return anchor.read(file)
    except JournalFault:
        return None
    finally:
        file.close()


def run(count: int, seed: int = 1) -> Tally:
    """Return what came of so many changes, the first with this seed."""
    tally = Tally("tampering")
    with tempfile.TemporaryDirectory() as folder:
        one = original(Path(folder))
        while tally.runs < count:
            rng = Random(f"tamper {seed}")
            path, witness = Path(folder) / "altered.db", rng.choice(one.witnesses)
            kind, told = tamper(rng, one, path)
            if told is not None:
                again = f"python -m tests.torture.tamper --seed {seed} --count 1"
                try:
                    found = outcome(one, path, witness)
                except (
                    BadDocument,
                    ArithmeticError,
                    LookupError,
                    TypeError,
                    ValueError,
                    RuntimeError,
                    OSError,
                ) as error:
                    tally.fail(seed, f"{told}: {type(error).__name__}: {error}", again, kind)
                else:
                    if found is None:
                        tally.fail(seed, f"{told}: nobody saw it, with a {type(witness).__name__}", again, kind)
                    else:
                        tally.note(found, kind)
            for name in Path(folder).glob("altered.db*"):
                name.unlink()
            seed += 1
    return tally


def main(arguments: list[str] | None = None) -> int:
    """Tamper and print what was found."""
    parser = argparse.ArgumentParser(description="Rewrite a journal and see whether verification notices.")
    parser.add_argument("--seed", type=int, default=1, help="the first change")
    parser.add_argument("--count", type=int, default=1000, help="how many changes")
    given = parser.parse_args(arguments)
    tally = run(given.count, given.seed)
    print("\n".join(tally.lines()))
    return 0 if tally.passed else 1


if __name__ == "__main__":
    sys.exit(main())
