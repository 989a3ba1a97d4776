"""A journal that somebody rewrote: what it was, and whether a verification with one kept paper sees the change."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from random import Random

from deleverage.documents import BadDocument
from deleverage.domain.engines import COLUMNS
from deleverage.domain.recovery import recover
from deleverage.domain.verification.verify import verify
from deleverage.journal.anchor import Mark
from deleverage.journal.block import read_block
from deleverage.journal.entry import Entry
from deleverage.journal.faults import JournalFault
from deleverage.journal.files import FilesToRead
from deleverage.journal.papers import Checkpoint, Receipt
from deleverage.journal.place import Place
from deleverage.journal.reading import read_mark
from deleverage.journal.signing import Signer, read_key
from tests.journal.made import Checking, has_text
from tests.parity.engine_worlds import played
from tests.torture.tally import Tally

DETECTED, HARMLESS = "detected", "harmless"
FEWER = "harmless, with fewer checkpoints"
"""With a receipt alone nobody can know of a state that was signed behind it: all is there but a signature."""

WORLD, COMMANDS, AT_ONCE, EVERY = 5, 260, 9, 60


@dataclass
class Original:
    """The journal as it was, and what somebody kept of it."""

    head: bytes
    checkpoints: list[bytes]
    entries: list[Entry]
    digest: str
    signer: Signer
    witnesses: tuple[Receipt | Checkpoint, ...]


def original(place: Place) -> Original:
    """Return a journal of a random world: some hundred commands, several signed states, a snapshot in the middle."""
    world = played(WORLD, COMMANDS)
    pairs = [pair for pair in zip(world.commands, world.answers, strict=True) if has_text(pair)]
    domain = Checking(place.create("tampered", world.law), COLUMNS, EVERY)
    for at in range(0, len(pairs), AT_ONCE):
        domain.submit([command for command, _ in pairs[at : at + AT_ONCE]])
    domain.checkpoint()
    with closing(domain.journal) as journal:
        return Original(
            head=journal.store.head(),
            checkpoints=journal.store.checkpoints(),
            entries=list(journal.entries()),
            digest=domain.digest(),
            signer=read_key(place.key),
            witnesses=(journal.checkpoints()[-1], journal.receipt(journal.seq)),
        )


def outcome(one: Original, place: Place, witness: Receipt | Checkpoint) -> str | None:
    """Return what came of an altered copy; None where nobody saw it and it is not as it was."""
    try:
        with closing(place.store()) as store:
            verdict = verify(store, _mark(place), witnesses=[witness], public_key=one.signer.public_key)
            if not verdict.passed:
                return DETECTED
            entries = [entry for stored in store.blocks() for entry in read_block(stored.content).entries()]
            head, papers_left = store.head(), store.checkpoints()
        with closing(place.open()) as journal:
            digest = recover(journal).digest()
            noted = journal.known([entry.key for entry in one.entries])
    except JournalFault:
        return DETECTED
    same = (entries, head, digest) == (one.entries, one.head, one.digest)
    if not same or noted != {entry.key: entry.seq for entry in one.entries}:
        return None
    if papers_left == one.checkpoints:
        return HARMLESS
    fewer = papers_left == one.checkpoints[: len(papers_left)]
    return FEWER if isinstance(witness, Receipt) and fewer else None


def _mark(place: Place) -> Mark | None:
    try:
        return read_mark(FilesToRead(), place.anchor)
    except JournalFault:
        return None


Act = Callable[[Random], tuple[str, str | None, Place]]
"""Alters a fresh copy; returns the kind, what was done (None: there was nothing to alter so), and where it lies."""


def rewrite(tally: Tally, module: str, one: Original, act: Act, count: int, seed: int) -> Tally:
    """Return what came of so many changes, the first with this seed."""
    while tally.runs < count:
        rng = Random(f"tamper {seed}")
        witness = rng.choice(one.witnesses)
        kind, told, place = act(rng)
        again = f"python -m tests.torture.{module} --seed {seed} --count 1"
        if told is not None:
            try:
                found = outcome(one, place, witness)
            except (BadDocument, ArithmeticError, LookupError, TypeError, ValueError, RuntimeError, OSError) as error:
                tally.fail(seed, f"{told}: {type(error).__name__}: {error}", again, kind)
            else:
                if found is None:
                    tally.fail(seed, f"{told}: nobody saw it, with a {type(witness).__name__}", again, kind)
                else:
                    tally.note(found, kind)
        seed += 1
    return tally
