"""What a power cut leaves of content and names on the simulated disk."""

import itertools
from collections.abc import Iterable

import pytest

from tests.torture.disk import ORDINARY, Disk, Traits
from tests.torture.faults import Fault, Kind, PowerCut
from tests.torture.sectors import FORGET, KEEP, NOISE, SECTOR_BYTES, TEAR, Content, Survival

PATH = "/d/file"
OLD, NEW = b"o" * SECTOR_BYTES, b"n" * SECTOR_BYTES


def _disk_with(durable: bytes, seed: int = 0, traits: Traits = ORDINARY) -> Disk:
    """Return a disk on which a file and its name are durable."""
    disk = Disk(seed, traits)
    content = disk.open(PATH, create=True)
    disk.write_all(content, 0, durable)
    content.sync()
    disk.sync_folder(PATH)
    return disk


def _read(disk: Disk) -> bytes:
    """Return all that the file holds."""
    content = disk.open(PATH)
    return disk.read(content, 0, disk.size(content))


def _leftovers(survival: Survival, *writes: bytes) -> set[bytes]:
    """Return every content that a file with one old sector has after a power cut, over 200 seeds."""
    left = set()
    for seed in range(200):
        disk = _disk_with(OLD, seed)
        for data in writes:
            disk.write_all(disk.open(PATH), 0, data)
        left.add(_read(disk.power_cut(survival)))
    return left


def test_content_when_synced_then_a_power_cut_leaves_it() -> None:
    """What was written and synced is there again."""
    assert _read(_disk_with(OLD).power_cut(TEAR)) == OLD


def test_content_when_not_synced_then_forgetting_leaves_the_old() -> None:
    """Without a sync nothing newer survives where the disk forgets."""
    assert {OLD} == _leftovers(FORGET, NEW)


def test_content_when_not_synced_then_keeping_leaves_any_version_since() -> None:
    """A sector may have been written back at any moment since the last sync."""
    assert {OLD, NEW, b"m" * SECTOR_BYTES} == _leftovers(KEEP, b"m" * SECTOR_BYTES, NEW)


def test_content_when_torn_then_one_end_is_old_and_the_other_new() -> None:
    """A torn sector holds a beginning of one version and the rest of the other."""
    torn = _leftovers(TEAR, NEW) - {OLD, NEW}
    assert len(torn) > 20
    assert all(data.replace(b"o", b"") in NEW and (b"on" in data) != (b"no" in data) for data in torn)


def test_content_when_noise_then_a_sector_holds_neither() -> None:
    """A device that is not safe may spoil bytes that nobody wrote."""
    assert _leftovers(NOISE, NEW[:1]) - {OLD, NEW[:1] + OLD[1:]}


def test_size_when_a_longer_file_is_not_synced_then_it_may_grow_without_its_bytes() -> None:
    """The new size may survive without what was written there: zeros."""
    assert bytes(SECTOR_BYTES) in {data[SECTOR_BYTES:] for data in _leftovers(KEEP, OLD + NEW)}


def test_truncation_when_not_synced_then_the_end_is_back() -> None:
    """What was cut off comes back without a sync."""
    disk = _disk_with(OLD + NEW)
    disk.truncate(disk.open(PATH), 10)
    assert (OLD[:10], OLD + NEW) == (_read(disk), _read(disk.power_cut()))


def test_truncation_when_lengthened_again_then_the_old_end_is_not_seen() -> None:
    """Cutting and lengthening leaves zeros, before and after a synced power cut."""
    disk = _disk_with(OLD + NEW)
    disk.truncate(disk.open(PATH), 10)
    disk.truncate(disk.open(PATH), 600)
    disk.sync(disk.open(PATH))
    assert [OLD[:10] + bytes(590)] * 2 == [_read(disk), _read(disk.power_cut())]


def _cut_and_regrown(seed: int, faults: Iterable[Fault] = ()) -> tuple[Disk, Content]:
    """Return a disk whose file of three old sectors was overwritten, cut to ten bytes and lengthened again."""
    disk = Disk(seed, faults=faults)
    content = disk.open(PATH, create=True)
    disk.write_all(content, 0, OLD * 3)
    disk.sync(content)
    disk.sync_folder(PATH)
    disk.write_all(content, 0, NEW * 3)
    disk.truncate(content, 10)
    disk.truncate(content, len(OLD) * 3)
    return disk, content


def test_truncation_when_not_synced_then_it_happened_as_a_whole_or_not_at_all() -> None:
    """All three sectors are old or new, or there are ten bytes and then zeros: nothing from before the cut."""
    left = {_read(_cut_and_regrown(seed)[0].power_cut(KEEP)) for seed in range(200)}
    cut = {data for data in left if not data[10:].strip(b"\0")}
    assert cut == {start * 10 + bytes(size) for start in (b"o", b"n") for size in (0, len(OLD) * 3 - 10)}
    uncut = {tuple(data[at : at + SECTOR_BYTES] for at in range(0, len(data), SECTOR_BYTES)) for data in left - cut}
    assert uncut == set(itertools.product((OLD, NEW), repeat=3))


def test_truncation_when_its_sync_fails_then_what_was_cut_off_does_not_come_back() -> None:
    """What is given up is zeros, not the bytes from before."""
    for seed in range(20):
        disk, content = _cut_and_regrown(seed, [Fault(Kind.FAILED_SYNC, 5)])
        with pytest.raises(OSError, match="error"):
            disk.sync(content)
        assert not _read(disk.power_cut())[10:].strip(b"\0")


def test_write_when_beyond_the_end_then_the_gap_reads_as_zeros() -> None:
    """A gap is no leftover of anything."""
    disk = _disk_with(b"a")
    disk.write_all(disk.open(PATH), 3, b"z")
    assert _read(disk) == b"a\0\0z"


def test_write_when_of_nothing_beyond_the_end_then_the_file_stays() -> None:
    """No bytes, no gap: as a write of nothing does anywhere."""
    disk = _disk_with(b"a")
    assert (disk.write(disk.open(PATH), 3, b""), _read(disk)) == (0, b"a")


def test_name_when_only_the_file_is_synced_then_it_is_gone() -> None:
    """A new file needs a sync of its folder, or a file system that brings its names along."""
    found = []
    for traits in (Traits(), Traits(names_with_files=True)):
        disk = Disk(0, traits)
        disk.sync(disk.open(PATH, create=True))
        found.append(disk.power_cut().exists(PATH))
    assert found == [False, True]


def test_name_when_its_folder_is_synced_then_names_elsewhere_are_not() -> None:
    """Each folder is synced by itself."""
    disk = Disk(0)
    for path in ("/a/1", "/b/2"):
        disk.open(path, create=True)
    disk.sync_folder("/a/anything")
    back = disk.power_cut()
    assert (back.exists("/a/1"), back.exists("/b/2")) == (True, False)


def test_deletion_when_its_folder_is_not_synced_then_the_file_may_be_back() -> None:
    """A deleted file returns, or does not."""
    back = set()
    for seed in range(20):
        disk = _disk_with(OLD, seed)
        disk.delete(PATH)
        back.add(disk.power_cut(KEEP).exists(PATH))
    assert {True, False} == back


def test_rename_when_not_synced_then_it_happened_or_it_did_not() -> None:
    """A file that replaces another is never half there."""
    left = set()
    for seed in range(50):
        disk = _disk_with(OLD, seed)
        new = disk.open("/d/new", create=True)
        disk.write_all(new, 0, NEW)
        disk.sync(new)
        disk.sync_folder(PATH)
        disk.rename("/d/new", PATH)
        back = disk.power_cut(KEEP)
        left.add((_read(back), back.exists("/d/new")))
    assert {(OLD, True), (NEW, False)} == left


def test_rename_when_into_another_folder_then_it_is_refused() -> None:
    """What is not simulated says so."""
    disk = _disk_with(OLD)
    with pytest.raises(ValueError, match="two folders"):
        disk.rename(PATH, "/elsewhere")


def test_names_when_journaled_then_they_survive_in_their_order() -> None:
    """With a journal of names a later change never stands without an earlier one; without one it may."""

    def left(traits: Traits) -> set[tuple[bool, bool]]:
        found = set()
        for seed in range(50):
            disk = Disk(seed, traits)
            for path in ("/1", "/2"):
                disk.open(path, create=True)
            back = disk.power_cut(KEEP)
            found.add((back.exists("/1"), back.exists("/2")))
        return found

    ordered = {(False, False), (True, False), (True, True)}
    assert (ordered, ordered | {(False, True)}) == (left(Traits(names_with_files=True)), left(Traits()))


def test_disk_when_its_sync_lies_then_nothing_survives() -> None:
    """The planted bug: every sync answers, none does anything."""
    disk = _disk_with(b"", traits=Traits(lies_about_sync=True))
    disk.write_all(disk.open(PATH), 0, OLD)
    disk.sync(disk.open(PATH))
    assert (_read(disk), disk.power_cut().exists(PATH)) == (OLD, False)


def test_disk_when_its_power_was_cut_then_nobody_works_on_it_any_more() -> None:
    """A process of the time before the cut cannot write into what came after."""
    disk = _disk_with(OLD)
    disk.power_cut()
    with pytest.raises(PowerCut):
        disk.exists(PATH)


def test_disk_when_its_process_is_killed_then_all_is_there_and_nothing_is_more_durable() -> None:
    """A kill loses nothing, which is why it cannot find a missing sync."""
    disk = _disk_with(OLD)
    disk.write_all(disk.open(PATH), 0, NEW)
    after_kill = disk.kill()
    assert (_read(after_kill), _read(after_kill.power_cut())) == (NEW, OLD)


def test_disk_when_the_seed_is_the_same_then_so_is_what_is_left() -> None:
    """A cut is a function of the seed and of what was done."""

    def left(seed: int) -> bytes:
        disk = _disk_with(OLD * 8, seed)
        disk.write_all(disk.open(PATH), 0, NEW * 8)
        return _read(disk.power_cut(TEAR))

    assert (left(3), 20) == (left(3), len({left(seed) for seed in range(20)}))
