"""A making that ends anywhere leaves a journal or nothing; and whoever forgets half of that is found out."""

import pytest

from deleverage.journal.making import Making, flag_of
from tests.torture import makings
from tests.torture.files import DiskFiles
from tests.torture.ground import PATH, Build

SEED = 7


def test_making_when_it_ends_at_any_operation_then_the_next_one_makes_or_an_opening_opens() -> None:
    """Killed, cut off, refused, on a full device; a part of all trials here, the rest in `make torture`."""
    tally = makings.run(150, SEED)
    assert (tally.failures, tally.passed) == ([], True)
    assert {"EIO", "ENOSPC", "CRASH", "TORN", "SHORT"} <= set(tally.kinds)


def test_making_when_what_was_left_is_not_taken_away_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bug that this is here for: the next making says that there is something, and nobody can open it."""
    monkeypatch.setattr(Making, "_clear", lambda making: making._require_free())
    assert any("neither" in failure.sentence for failure in makings.run(60, SEED).failures)


def test_making_when_it_is_refused_and_not_undone_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret key that belongs to nothing would lie there."""
    monkeypatch.setattr(Making, "undo", Making.leave)
    assert any("and left" in failure.sentence for failure in makings.run(60, SEED).failures)


class Unsynced(DiskFiles):
    """Files with which the flag's name is not on the device before the others are made."""

    def sync_folder(self, path: str) -> None:
        """Leave that one out."""
        if path != flag_of(PATH):
            super().sync_folder(path)


def test_making_when_the_flag_is_not_on_the_device_first_then_it_is_found() -> None:
    """The power goes, the key's name stands and the flag's does not: nobody knows whose key that is."""
    assert not makings.run(60, SEED, Build(files=Unsynced)).passed
