"""The same commands, the same bytes: across restarts, hash seeds, time zones, batch sizes and engines."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from deleverage.domain import recorded
from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS, RULEBOOK
from deleverage.domain.recorded import RecordedDomain
from deleverage.journal import local
from deleverage.rulebook.messages import Command
from tests.journal.made import has_text, world_pairs
from tests.parity.engine_worlds import played
from tests.torture.held import copy, put, taken

WORLD, COMMANDS = 5, 200
TELL = """
import sys
from tests.journal.test_determinism import told, world
print(told(world(), sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def world() -> list[Command]:
    """Return the commands of a random world that have a text."""
    return [command for command, _ in filter(has_text, world_pairs(WORLD, COMMANDS))]


@dataclass(frozen=True)
class Told:
    """What a journal says that hangs on its commands and rules, on blocks only where it says so."""

    digests: tuple[str, ...]
    entries_roots: tuple[str, ...]
    facts: int


def told(commands: list[Command], path: str, engine: str, at_once: int, every: int = 50) -> Told:
    """Return what a new journal says of commands: cut into such blocks, signed at every fiftieth command."""
    journal = local.create(path, "d", played(WORLD, COMMANDS).law)
    # The secret that blinds parts is drawn; with the same one, the same roots have to come.
    object.__setattr__(journal.head, "blind", "ab" * 32)
    domain = RecordedDomain(journal, engine)
    for start in range(0, len(commands), every):
        part = commands[start : start + every]
        for at in range(0, len(part), at_once):
            domain.submit(part[at : at + at_once])
        journal.checkpoint(domain.digest())
    signed = journal.checkpoints()
    journal.close()
    digests, roots = (tuple(getattr(one, name) for one in signed) for name in ("state_digest", "entries_root"))
    return Told(digests, roots, signed[-1].facts)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What is told on columns, seven commands a block."""
    return told(world(), str(tmp_path_factory.mktemp("usual") / "j.db"), COLUMNS, 7)


@pytest.mark.parametrize("at_once", [1, 7, 1000])
@pytest.mark.parametrize("engine", [COLUMNS, RULEBOOK])
def test_journal_when_batches_or_engine_differ_then_states_and_commitments_are_the_same(
    tmp_path: Path, usual: Told, engine: str, at_once: int
) -> None:
    """Digests, roots over entries and numbers of facts, as long as the states are signed behind the same commands."""
    assert len(usual.digests) == 4
    assert usual == told(world(), str(tmp_path / "j.db"), engine, at_once)


@pytest.mark.parametrize(("hash_seed", "zone"), [("0", "UTC"), ("1", "Pacific/Kiritimati"), ("random", "America/Lima")])
def test_journal_when_hash_seed_or_time_zone_differ_then_states_and_commitments_are_the_same(
    tmp_path: Path, usual: Told, hash_seed: str, zone: str
) -> None:
    """In a process of its own: no set is iterated, no clock is read."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": zone}
    command = [sys.executable, "-c", TELL, str(tmp_path / "j.db"), COLUMNS, "7"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=True)
    assert repr(usual) == ran.stdout.strip()


@pytest.mark.parametrize("engine", [COLUMNS, RULEBOOK])
def test_journal_when_it_is_opened_again_behind_every_block_then_the_states_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """A restart behind each block of nine, now and then from a snapshot, beside a domain that never stops."""
    monkeypatch.setattr(recorded, "CHECKPOINT_EVERY", 40)
    commands, law = world(), played(WORLD, COMMANDS).law
    path = str(tmp_path / "j.db")
    local.create(path, "d", law).close()
    steady = Domain.open(law, engine)
    for at in range(0, len(commands), 9):
        domain = RecordedDomain(local.open_journal(path), engine)
        part = commands[at : at + 9]
        assert steady.submit(part) == domain.submit(part)
        assert steady.digest() == domain.digest()
        if at % 4 == 0:
            domain.checkpoint()
        domain.journal.close()
    again = local.open_journal(path)
    assert (len(commands), steady.book.seq) == (again.seq, again.facts)
    again.close()


def test_journal_when_it_is_cut_behind_any_block_then_it_restarts_there_or_refuses(tmp_path: Path) -> None:
    """The first blocks of a journal with the mark of their end are a journal: of the state there."""
    path, commands = tmp_path / "j.db", world()
    domain = RecordedDomain(local.create(str(path), "d", played(WORLD, COMMANDS).law))
    digests = [domain.digest()]
    for at in range(0, len(commands), 9):
        domain.submit(commands[at : at + 9])
        digests.append(domain.digest())
    domain.journal.close()
    whole = taken(path)
    for left, digest in enumerate(digests):
        part, cut = whole.copied(), tmp_path / f"cut-{left}.db"
        part.blocks = part.blocks[:left]
        part.chained()
        copy(path, cut)
        put(part, cut)
        again = RecordedDomain(local.open_journal(str(cut)), COLUMNS)
        assert digest == again.digest()
        again.journal.close()
