"""Blocks and journals for the tests: of random worlds, of bundled stories, and of a few commands by hand."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from deleverage.domain.domain import Domain, Watcher
from deleverage.domain.engines import COLUMNS, Answer
from deleverage.domain.player import play
from deleverage.domain.recorded import RecordedDomain
from deleverage.domain.recovery import snapshot_of
from deleverage.journal import entry
from deleverage.journal.block import Block, block_of
from deleverage.journal.journal import Journal
from deleverage.journal.place import place_of
from deleverage.rulebook.messages import Command, Deposit, OpenAccount, Rejection
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.loader import load
from tests.parity.engine_worlds import played

Pair = tuple[Command, Answer]


class Noting(Domain):
    """A domain that notes what it was asked and what it said."""

    def submit_into(self, commands: Iterable[Command], answers: list[Answer], watcher: Watcher | None = None) -> None:
        """Do as ``Domain``, and note it."""
        asked, before = list(commands), len(answers)
        super().submit_into(asked, answers, watcher)
        self.pairs = getattr(self, "pairs", [])
        self.pairs += list(zip(asked, answers[before:], strict=True))


def has_text(pair: Pair) -> bool:
    """Return whether a command and its answer have a text."""
    return entry.has_text(*pair)


@cache
def world_pairs(seed: int, most: int) -> list[Pair]:
    """Return a random world's commands with the rulebook's answers, malformed ones included."""
    world = played(seed, most)
    return list(zip(world.commands, world.answers, strict=True))


@cache
def story_pairs(name: str, engine: str = COLUMNS) -> list[Pair]:
    """Return a bundled story's commands and answers, a small population where one is drawn."""
    scenario = load(name, accounts=60 if load(name).seed is not None else None)
    domain = Noting.open(scenario.rules, engine)
    play(scenario, domain=domain)
    pairs: list[Pair] = domain.pairs  # type: ignore[attr-defined]
    return pairs


def blocks_of(pairs: Sequence[Pair], at_once: int, facts: int = 0) -> list[Block]:
    """Return the blocks of answered commands, so many in each, under keys that count."""
    blocks: list[Block] = []
    for start in range(0, len(pairs), at_once):
        answered = [(f"k-{start + at + 1}", *pair) for at, pair in enumerate(pairs[start : start + at_once])]
        block = block_of(len(blocks) + 1, 1, start + 1, facts, answered)
        facts = block.facts_after
        blocks.append(block)
    return blocks


def small_pairs() -> list[Pair]:
    """Return three commands, of which the law refuses the last, and their answers."""
    deposit, unknown = (Deposit(time_ns=1, unit_id=name, amount_quanta=5) for name in ("al", "nobody"))
    commands = [OpenAccount(time_ns=0, account_id="al"), deposit, unknown]
    pairs = list(zip(commands, Domain.open(Rules()).submit(commands), strict=True))
    assert isinstance(pairs[-1][1], Rejection)
    return pairs


def answered(pairs: Sequence[Pair], prefix: str = "k") -> list[tuple[str, Command, Answer]]:
    """Return pairs under keys that count."""
    return [(f"{prefix}-{at}", *pair) for at, pair in enumerate(pairs, 1)]


def record_story(where: Path | str, name: str, every: int = 20, engine: str = COLUMNS) -> RecordedDomain:
    """Return a domain in which a story was played into a new journal, with a checkpoint every so many commands.

    A snapshot lies behind the first checkpoint, so that opening has both to do: load one, and execute the rest.
    """
    scenario = load(name, accounts=60 if load(name).seed is not None else None)
    domain = Checking(place_of(str(where)).create(name, scenario.rules), engine, every)
    play(scenario, domain=domain)
    return domain


class Checking(RecordedDomain):
    """A recorded domain that signs its state often."""

    def __init__(self, journal: Journal, engine: str = COLUMNS, every: int = 20) -> None:
        super().__init__(journal, engine)
        self.every = every

    def submit_into(self, commands: Iterable[Command], answers: list[Answer], watcher: Watcher | None = None) -> None:
        """Do as a recorded domain, and sign."""
        super().submit_into(commands, answers, watcher)
        if self.journal.seq - self.journal.checked_seq >= self.every:
            first = self.journal.newest is None
            self.journal.checkpoint(self.digest())
            if first:
                self.journal.snapshot(snapshot_of(self))
