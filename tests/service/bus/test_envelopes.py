"""What is signed is opened once, where it belongs and in time; everything else is ignored and counted."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from deleverage.scenarios.faults import ScenarioError
from deleverage.service.bus.envelopes import WINDOW_S, Opener, Said, new_id, seal
from deleverage.service.bus.frames import PIECE_BYTES, Joiner, frames
from deleverage.service.bus.ring import FRONT, WORKER, Party, join, read_party, read_ring

NOW_NS = 1_000 * 10**9
Change = Callable[[bytes], bytes]


def party(folder: Path, name: str = "f1", part: str = FRONT) -> Party:
    """Return a new party of the folder's ring."""
    join(name, part, str(folder / f"{name}.key"), str(folder / "ring.toml"))
    return read_party(part, str(folder / f"{name}.key"), str(folder / "ring.toml"))


def said(subject: str = "s", time_ns: int = NOW_NS, content: bytes = b"c") -> Said:
    """Return a message."""
    return Said(
        subject=subject,
        reply="r",
        id=new_id(),
        answers="",
        time_ns=time_ns,
        until_ns=time_ns + 10**9,
        epoch=0,
        kind="ask",
        content=content,
    )


def opened(opener: Opener, message: bytes, subject: str = "s") -> Said | None:
    """Return what a message says, all its frames taken."""
    found = None
    for frame in frames(message):
        found = opener.open(subject, frame)
    return found


def test_envelope_when_signed_by_a_known_front_then_it_is_opened(tmp_path: Path) -> None:
    """Whole, also where it takes several frames."""
    front = party(tmp_path)
    opener = Opener(front.ring.fronts, lambda: NOW_NS)
    one = said(content=bytes(3 * PIECE_BYTES))
    assert one == opened(opener, seal(front, one))
    assert dict(opener.ignored) == {}


def test_envelope_when_played_again_then_it_is_ignored(tmp_path: Path) -> None:
    """It was taken once."""
    front = party(tmp_path)
    opener, message = Opener(front.ring.fronts, lambda: NOW_NS), seal(front, said())
    assert opened(opener, message) is not None
    assert opened(opener, message) is None
    assert dict(opener.ignored) == {"again": 1}


@pytest.mark.parametrize(
    ("off_s", "reason"), [(-WINDOW_S - 1, "late"), (WINDOW_S + 1, "late"), (-2, "late"), (2, None)]
)
def test_envelope_when_out_of_time_then_it_is_ignored(tmp_path: Path, off_s: int, reason: str | None) -> None:
    """Too old, from the future, or of one who does not wait any more."""
    front = party(tmp_path)
    opener = Opener(front.ring.fronts, lambda: NOW_NS)
    found = opened(opener, seal(front, said(time_ns=NOW_NS + off_s * 10**9)))
    assert (reason is None) == (found is not None)
    assert ({} if reason is None else {reason: 1}) == dict(opener.ignored)


def test_envelope_when_of_another_subject_or_part_then_it_is_ignored(tmp_path: Path) -> None:
    """A request of one domain is none of another; a worker's answer is no request; who is in no ring says nothing."""
    front, worker = party(tmp_path), party(tmp_path, "w1", WORKER)
    opener = Opener(front.ring.fronts, lambda: NOW_NS)
    stranger = front._replace(name="nobody")
    thief = front._replace(signer=worker.signer)
    for message in (seal(front, said("other")), seal(worker, said()), seal(stranger, said()), seal(thief, said())):
        assert opened(opener, message) is None
    assert dict(opener.ignored) == {"misplaced": 1, "foreign": 2, "unsigned": 1}


def test_envelope_when_any_byte_differs_then_it_is_ignored(tmp_path: Path) -> None:
    """Whatever is flipped, nothing but what was signed is opened."""
    front = party(tmp_path)
    one = said()
    message = seal(front, one)
    for at in range(len(message)):
        opener = Opener(front.ring.fronts, lambda: NOW_NS)
        flipped = bytearray(message)
        flipped[at] ^= 1
        assert opened(opener, bytes(flipped)) is None, at
        assert sum(opener.ignored.values()) == 1


def test_joiner_when_flooded_with_pieces_then_what_it_keeps_is_bounded() -> None:
    """The oldest message that never ends is forgotten."""
    joiner = Joiner(most_bytes=4 * PIECE_BYTES)
    for _ in range(20):
        first = next(iter(frames(bytes(2 * PIECE_BYTES))))
        assert joiner.take(first) is None
    assert joiner._bytes <= 4 * PIECE_BYTES
    assert next(filter(None, map(joiner.take, frames(b"whole")))) == b"whole"


@pytest.mark.parametrize("frame", [b"", b"DLV1", b"XXXX" + bytes(30), msgspec.msgpack.encode({"a": 1})])
def test_frame_when_it_is_none_then_it_is_counted(tmp_path: Path, frame: bytes) -> None:
    """Whatever somebody writes on the subject."""
    opener = Opener(party(tmp_path).ring.fronts)
    assert opener.open("s", frame) is None
    assert dict(opener.ignored) == {"torn": 1}


def test_ring_when_entries_are_wrong_then_all_faults_are_told(tmp_path: Path) -> None:
    """Each with its place."""
    ring = tmp_path / "ring.toml"
    ring.write_text(
        '[[parties]]\nname = "a b"\npart = "front"\npublic_key = "00"\n'
        '[[parties]]\nname = "b"\npart = "boss"\npublic_key = "00"\n'
        '[[parties]]\nname = "c"\npart = "front"\npublic_key = "00"\n[[parties]]\nname = "d"\n'
    )
    ring.chmod(0o600)
    with pytest.raises(ScenarioError) as refusal:
        read_ring(str(ring))
    places = [fault.path for fault in refusal.value.faults]
    assert [f"parties[{at}]" for at in range(4)] == places
    ring.chmod(0o644)
    with pytest.raises(ScenarioError, match="0600"):
        read_ring(str(ring))


def test_key_when_the_ring_has_it_as_another_part_then_it_is_refused(tmp_path: Path) -> None:
    """A front is no worker; and no key is written over."""
    party(tmp_path)
    with pytest.raises(ScenarioError, match="no worker with the key"):
        read_party(WORKER, str(tmp_path / "f1.key"), str(tmp_path / "ring.toml"))
    with pytest.raises(ScenarioError, match="f1 is there already"):
        join("f1", FRONT, str(tmp_path / "g.key"), str(tmp_path / "ring.toml"))
    with pytest.raises(ScenarioError, match="no key is written over"):
        join("f2", FRONT, str(tmp_path / "f1.key"), str(tmp_path / "ring.toml"))
