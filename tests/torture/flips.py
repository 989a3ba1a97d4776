"""Bits that flip by themselves: in the database, its log, the state kept in it, the anchor and the signing key.

A journal at rest, and one whose process ended in the middle of its work. After a flip it is not opened, with a typed
reason; or a verification that is shown the anchor names it; or it does no harm: everything that was acknowledged is
there as it was, and the state is right. A fourth way is silent, and fails.
"""

from dataclasses import dataclass, replace
from random import Random

from deleverage.domain.clerk import Clerk
from deleverage.domain.keeper import Settings
from deleverage.domain.recovery import snapshot_of
from deleverage.journal.faults import JournalFault
from deleverage.journal.local import anchor_of, key_of
from deleverage.journal.signing import Signer, read_key
from tests.torture import ground, processes
from tests.torture.chance import seed_sqlite
from tests.torture.disk import Disk
from tests.torture.ground import PATH, Build
from tests.torture.tally import Tally
from tests.torture.witness import Witness

NAME = "bit flips"
FLIPS = 50
"""Flips of one pair of journals before the next."""
AGAIN = f"python -m tests.torture --only '{NAME}' --count {FLIPS}"
BUILD = Build(settings=Settings(checkpoint_every=30, snapshot_every=60))
LOG = f"{PATH}-wal"
LIVES = ((25, 40, 10), (1, 15, 2, 3))
"""Commands of each batch; the first writer ends in order, and its state is kept in the database."""
EMPTY = 20
"""Every so many-th byte that is zero may flip, too: most of them are read by nobody."""
WINDOW = 48
"""Bytes of a kept state by which the place is found where it lies in the file."""


@dataclass(frozen=True)
class Left:
    """What a writer has left: every file, what its clients were told, and the newest state that it kept."""

    files: dict[str, bytes]
    witness: Witness
    state: bytes
    seed: int


def run(count: int, seed: int, build: Build = BUILD) -> Tally:
    """Return what ``count`` flipped bits did; the journals' seeds are ``seed`` onwards, one for ``FLIPS`` flips."""
    tally = Tally(NAME)
    for at in range(count):
        each = seed + at // FLIPS
        if at % FLIPS == 0:
            both = [_left(each, build, ends) for ends in (True, False)]
            rng = Random(each)
        kind, what = _flipped(rng.choice(both), rng, build)
        if what.startswith(("silent", "untyped")):
            tally.fail(each, f"{kind}: {what}"[:1_000], f"{AGAIN} --seed {each}", kind)
        else:
            tally.note(what, kind)
    return tally


def _left(seed: int, build: Build, ends: bool) -> Left:
    """Let a writer work on a new disk and end in order, or not."""
    seed_sqlite(seed)
    disk, witness, state = Disk(seed), Witness(), b""
    for life, batches in enumerate(LIVES):
        with ground.running(disk, build, create=life == 0) as clerk:
            for count in batches:
                _ask(clerk, witness, seed, count)
            if ends or life == 0:
                state = clerk.look(lambda domain, journal: snapshot_of(domain))
                clerk.end()
        disk = disk.kill()
    files = {path: _content(disk, path) for path in (PATH, LOG, anchor_of(PATH), key_of(PATH)) if disk.exists(path)}
    with ground.running(Disk(seed, contents=files), build) as clerk:
        complaint = witness.complaint(clerk)
    if complaint is not None:
        raise AssertionError(f"before any flip: {complaint}")
    return Left(files, witness, state, seed)


def _ask(clerk: Clerk, witness: Witness, seed: int, count: int) -> None:
    first = len(witness.told) + 1
    batch = witness.script(seed, range(first, first + count))
    clerk.do(batch)
    for one in batch:
        witness.hear(one.key, one.future)


def _content(disk: Disk, path: str) -> bytes:
    content = disk.open(path)
    return disk.read(content, 0, disk.size(content))


def _flipped(left: Left, rng: Random, build: Build) -> tuple[str, str]:
    """Flip one bit, and return where and what came of it."""
    hot = LOG in left.files
    kind = rng.choice(["database", "anchor", "kept state", "signing key", *(["log"] if hot else [])])
    where = f"{kind}, {'hot' if hot else 'at rest'}"
    if kind == "signing key":
        try:
            return where, _judged(Disk(left.seed, contents=left.files), left, replace(build, signer=_flipped_key(rng)))
        except JournalFault as fault:
            return where, f"refused: {fault.why.name}"
    if kind == "kept state":
        path, at = _place_in_state(left, rng)
    else:
        path = {"database": PATH, "anchor": anchor_of(PATH), "log": LOG}[kind]
        at = rng.choice([place for place, byte in enumerate(left.files[path]) if byte or rng.randrange(EMPTY) == 0])
    flipped = bytearray(left.files[path])
    flipped[at] ^= 1 << rng.randrange(8)
    return where, _judged(Disk(left.seed, contents=left.files | {path: bytes(flipped)}), left, build)


def _place_in_state(left: Left, rng: Random) -> tuple[str, int]:
    """Return a byte of the newest state that was kept, wherever in a file it lies: its pages are not side by side."""
    while True:
        start = rng.randrange(len(left.state) - WINDOW)
        window = left.state[start : start + WINDOW]
        found = [(path, content.rfind(window)) for path, content in left.files.items() if window in content]
        if found:
            path, at = rng.choice(found)
            return path, at + rng.randrange(WINDOW)


def _flipped_key(rng: Random) -> Signer:
    """Return who signs with a key file of which one bit was flipped."""
    with processes.folder() as folder:
        path = folder / "key"
        path.write_text(f"{ground.SEED.hex()}\n", encoding="ascii")
        path.chmod(0o600)
        content = bytearray(path.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        return read_key(str(path))


def _judged(disk: Disk, left: Left, build: Build) -> str:
    """Return what a start and a verification make of a disk."""
    try:
        with ground.running(disk, build) as clerk:
            found = left.witness.verified(clerk, shown=False)
            if found is not None:
                return "found by verification"
            complaint = left.witness.complaint(clerk)
            return "harmless" if complaint is None else f"silent: {complaint}"
    except JournalFault as fault:
        return f"refused: {fault.why.name}"
    except Exception as error:
        return f"untyped: {type(error).__name__}: {error}"
