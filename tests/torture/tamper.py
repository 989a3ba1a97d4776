"""A journal rewritten a thousand times: ``verify`` detects each change with one kept paper, or nothing has changed.

The opponent may write every file and do the chain anew. He has no signing key (or, as ``forge``, has it), and not the
paper that somebody kept: the last checkpoint, or the receipt of the last command. ``python -m tests.torture.tamper
--seed 1 --count 1000`` prints what was found, kind by kind; the exit is 1 where a change went unseen.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from deleverage.journal.place import FilePlace
from deleverage.journal.signing import Signer
from tests.torture import edits_beside as beside
from tests.torture import edits_of_blocks as blocks
from tests.torture.forger import forge
from tests.torture.held import Held, copy, put, taken
from tests.torture.rewritten import original, rewrite
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


def edited(rng: Random, kind: Edit | str, held: Held, signer: Signer) -> tuple[str, str | None]:
    """Alter what a journal holds; return the kind, and what was done."""
    if isinstance(kind, str):
        return kind, forge(rng, held, signer)
    told, name = kind(rng, held), kind.__name__.replace("_", " ")
    if kind in CHAINED and rng.random() < 0.8:
        held.chained()
    return name, told


def _flipped(rng: Random, file: Path) -> str:
    content = bytearray(file.read_bytes())
    most = len(content) if rng.random() < 0.5 else 512
    places = [rng.randrange(most * 8) for _ in range(rng.choice((1, 1, 2, 8)))]
    for place in places:
        content[place // 8] ^= 1 << place % 8
    file.write_bytes(content)
    return f"bits {places}"


def run(count: int, seed: int = 1) -> Tally:
    """Return what came of so many changes, the first with this seed."""
    with tempfile.TemporaryDirectory() as folder:
        path, place = Path(folder) / "original.db", FilePlace(f"{folder}/altered.db")
        one = original(FilePlace(str(path)))
        whole = taken(path)

        def act(rng: Random) -> tuple[str, str | None, FilePlace]:
            for file in Path(folder).glob("altered.db*"):
                file.unlink()
            kind = rng.choice(KINDS)
            copy(path, Path(place.name))
            if kind in (FLIP, FLIP_ANCHOR):
                return str(kind), _flipped(rng, Path(place.name if kind == FLIP else place.anchor)), place
            held = whole.copied()
            name, told = edited(rng, kind, held, one.signer)
            if told is not None:
                put(held, Path(place.name))
            return name, told, place

        return rewrite(Tally("tampering"), "tamper", one, act, count, seed)


def main(arguments: list[str] | None = None, tried: Callable[[int, int], Tally] = run) -> int:
    """Tamper and print what was found."""
    parser = argparse.ArgumentParser(description="Rewrite a journal and see whether verification notices.")
    parser.add_argument("--seed", type=int, default=1, help="the first change")
    parser.add_argument("--count", type=int, default=1000, help="how many changes")
    given = parser.parse_args(arguments)
    tally = tried(given.count, given.seed)
    print("\n".join(tally.lines()))
    return 0 if tally.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
