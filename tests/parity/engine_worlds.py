"""The worlds in which the engine has to answer as the rulebook does, played by the rulebook and written down.

A seed's place in a row of eight says what it is: hostile as it is (numbers to 10^40: the engine goes on in the law's
integers), hostile within what columns hold (four of eight), or ordinary days (three of eight) under a venue's preset or
random rules. The last of every second row is a crowd: bankrupts by the dozen, taken one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from random import Random
from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import Answer, decide
from deleverage.rulebook.messages import Command, Rejection, RequirementsChanged, RunStep
from deleverage.rulebook.quantities import Scale
from deleverage.rulebook.rules import Rules
from deleverage.venues.catalogue import executing_names, venue
from tests.commands import to_command, to_rules
from tests.life.crowds import crowd, crowd_rules
from tests.life.ordinary import ordinary
from tests.parity.compare import plain_book
from tests.parity.coverage import OK, Cell, cells_of, stage_cells
from tests.worlds import random_rules, world

AS_IT_IS, WITHIN, ORDINARY, CROWD = "hostile", "hostile, within bounds", "ordinary", "crowd"
KINDS = (AS_IT_IS, WITHIN, ORDINARY, WITHIN, WITHIN, ORDINARY, WITHIN, ORDINARY)
EVERY = 100
"""Digests are compared after so many commands, and at the end."""
WIDE = 1 << 40
AGES = (0, 2 * 10**9, 5 * 10**9, 20 * 10**9)
_TERMS = (m.ListMarket, m.ListAsset, m.SetPool)


@dataclass
class Played:
    """A world as the rulebook has answered it: what an engine has to repeat."""

    seed: int
    kind: str
    preset: str
    law: Rules
    commands: list[Command] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)
    """By the number of commands behind it."""
    cells: list[list[Cell]] = field(default_factory=list)
    middle: tuple[int, Book] = (0, Book())
    """A copy of the book, and how many commands were behind it."""


def kind_of(seed: int) -> str:
    """Return what kind of world a seed makes."""
    return CROWD if seed % (2 * len(KINDS)) == 2 * len(KINDS) - 1 else KINDS[seed % len(KINDS)]


def played(seed: int, most: int, copy_at: int = 100) -> Played:
    """Return a world, played by the rulebook for at most so many commands; ``copy_at``: where its book is copied."""
    kind, book = kind_of(seed), Book()
    if kind == CROWD:
        told, commands = _crowd(seed, book)
    else:
        told, commands = _ordinary(seed, book) if kind == ORDINARY else _hostile(seed, kind, book)
    before = plain_book(book)
    for command in commands:
        answer = decide(book, command, told.law)
        if not isinstance(answer, Rejection):
            for fact in answer:
                apply(book, fact)
        told.commands.append(command)
        told.answers.append(answer)
        told.cells.append(list(_cells(command, answer, before)))
        count, before = len(told.commands), plain_book(book)
        if count % EVERY == 0:
            told.digests[count] = book.digest()
        if count == copy_at:
            told.middle = count, book.copy()
        if count >= most:
            break
    told.digests[len(told.commands)] = book.digest()
    return told


def _ordinary(seed: int, book: Book) -> tuple[Played, Iterator[Command]]:
    """Return a world of ordinary days: three of four under a preset, in turn."""
    row, place = divmod(seed, len(KINDS))
    number = row * KINDS.count(ORDINARY) + KINDS[:place].count(ORDINARY)
    rng, names = Random(f"ordinary {seed}"), executing_names()
    preset = "" if number % 4 == 3 else names[(number - number // 4) % len(names)]
    rules = random_rules(rng) | {"max_mark_age_ns": rng.choice(AGES)}
    law = venue(preset).law(Scale(1, 6)) if preset else to_rules(rules)
    return Played(seed, ORDINARY, preset, law), ordinary(rng, book, law)


def _crowd(seed: int, book: Book) -> tuple[Played, Iterator[Command]]:
    rng = Random(f"crowd {seed}")
    law = to_rules(crowd_rules(rng))
    return Played(seed, CROWD, "", law), crowd(rng, book, law)


def _hostile(seed: int, kind: str, book: Book) -> tuple[Played, Iterator[Command]]:
    rules, life = world(seed, None if kind == AS_IT_IS else 10**12)
    law = to_rules(rules)

    def commands() -> Iterator[Command]:
        given: Any = next(life, None)
        while given is not None:
            command = to_command(given)
            fits = kind == AS_IT_IS or isinstance(command, _TERMS) or widest(command) < WIDE
            if fits or isinstance(decide(book, command, law), Rejection):
                yield command
            try:
                given = life.send(plain_book(book))
            except StopIteration:
                return

    return Played(seed, kind, "", law), commands()


def widest(part: Any) -> int:
    """Return the largest magnitude of any whole number in a command."""
    if type(part) is int:
        return abs(part)
    if is_dataclass(part):
        return max((widest(getattr(part, item.name)) for item in fields(part)), default=0)
    return max(map(widest, part), default=0) if isinstance(part, tuple | list) else 0


def _cells(command: Command, answer: Answer, before: dict[str, Any]) -> Iterator[Cell]:
    """Yield the cells of a command, its answer and its stages; ``before`` is the state in which it was given."""
    plain = _plain(command)
    code = answer.code.name if isinstance(answer, Rejection) else OK
    yield from cells_of(plain, code, before)
    if isinstance(answer, Rejection):
        return
    if isinstance(answer[0], RequirementsChanged):
        yield "taking effect", plain["kind"], "-", "-"
    if isinstance(command, RunStep):
        yield from stage_cells(answer, before).elements()


def _plain(command: Command) -> dict[str, Any]:
    """Return what cells ask of a command."""
    plain = {item.name: getattr(command, item.name) for item in fields(command)} | {"kind": type(command).__name__}
    plain = {name: value for name, value in plain.items() if value.__hash__ is not None}
    if "marks" in plain:
        plain["marks"] = [mark._asdict() for mark in plain["marks"] if isinstance(mark, m.MarkUpdate)]
    if "terms" in plain:
        plain["terms"] = {"contract": getattr(plain["terms"], "contract", "")}
    return plain
