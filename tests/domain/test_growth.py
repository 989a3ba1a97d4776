"""A runner that works for years keeps what it needs for the next command, and of the last ones nothing."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from deleverage.domain.clerk import Clerk
from deleverage.domain.keeper import Settings
from deleverage.domain.outcomes import Asked
from deleverage.journal import journal as journals
from tests.torture import growth

FEW = 100
SETTINGS = Settings(checkpoint_every=FEW, snapshot_every=500, most_at_once=FEW)
WARM, COMMANDS = 1_000, 3_000
NOISE = 64
"""Bytes of a command: the book is a little larger or smaller at each moment, and caches fill. A leak keeps more;
less than before is none."""


def stay(folder: Path, settings: Settings) -> float:
    """Return how many bytes stay of a command, once everything has been done a few times."""
    found = list(growth.readings(folder, COMMANDS, growth.BATCH, settings))
    first, last = (next(one for one in found if one.commands == commands) for commands in (WARM, COMMANDS))
    assert last.sqlite_bytes < 4 << 20, "the library's pages have a bound of their own, and are not warm yet"
    return (last.python_bytes - first.python_bytes) / (COMMANDS - WARM)


def keys_at_hand(folder: Path) -> int:
    """Return how many keys are in memory after commands of which no state was signed."""
    (*_, last) = growth.readings(folder, COMMANDS, growth.BATCH, growth.NEVER)
    return last.keys


@pytest.mark.usefixtures("restless")
def test_runner_when_it_works_on_then_nothing_stays_of_a_command(tmp_path: Path) -> None:
    """No receipt, key, future or fact."""
    assert stay(tmp_path, SETTINGS) < NOISE


def test_runner_when_no_state_is_signed_then_keys_are_noted_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept for ever, and not in memory."""
    monkeypatch.setattr(journals, "KEYS_AT_HAND", FEW)
    assert keys_at_hand(tmp_path) <= FEW + growth.BATCH


def test_runner_when_keys_are_noted_with_states_alone_then_it_is_found(tmp_path: Path) -> None:
    """The growth that was there: a key and its number for every command since the last signature."""
    assert keys_at_hand(tmp_path) > COMMANDS / 2


@pytest.mark.usefixtures("restless")
def test_runner_when_somebody_keeps_every_question_then_it_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that nobody empties."""
    kept: list[Sequence[Asked]] = []
    do = Clerk.do

    def keeping(clerk: Clerk, batch: Sequence[Asked]) -> None:
        kept.append(batch)
        do(clerk, batch)

    monkeypatch.setattr(Clerk, "do", keeping)
    assert stay(tmp_path, SETTINGS) > 2 * NOISE
