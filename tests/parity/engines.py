"""Engine and rulebook side by side, on the same worlds: every answer and every digest, for any size of batch.

``python -m tests.parity.engines --seed 1 --count 100000 --jobs 2``: worlds from seed 1 on, until the commands are used
up; ends with what was really run. Each world is played by the rulebook once, and by the engine in several ways: in
batches of 1, 7, 4096 and a random size, forked every hundred commands, as a log of events, and from a copy of the
rulebook's book in the middle. The first difference is printed with both values and how to play it again; then the exit
is 1.
"""

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from deleverage.engine import day, screen
from deleverage.engine import engine as module
from deleverage.engine.engine import Engine
from deleverage.engine.kernels.records import LAW
from deleverage.engine.load import load
from deleverage.rulebook.decide import Answer
from deleverage.rulebook.messages import Command, Rejection
from deleverage.venues.catalogue import executing_names
from tests.parity.coverage import Cell, report
from tests.parity.engine_worlds import EVERY, KINDS, WITHIN, Played, kind_of, played
from tests.parity.watched import Watched, steps_counted


@dataclass(frozen=True)
class Difference:
    """The first place where rulebook and engine do not agree; ``index`` counts commands from 0."""

    seed: int
    index: int
    way: str
    what: str
    command: Command | None
    rulebook: Any
    engine: Any

    def __str__(self) -> str:
        """Return the lines that a person needs."""
        return (
            f"world {self.seed}, command {self.index}: {self.command}\n"
            f"  engine   {self.way}\n"
            f"  in       {self.what}\n"
            f"  rulebook {self.rulebook}\n"
            f"  engine   {self.engine}\n"
            f"  again    python -m tests.parity.engines --seed {self.seed} --count {self.index + 1}"
        )


@dataclass
class Tally:
    """What was really run."""

    counts: Counter[str] = field(default_factory=Counter)
    engine: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    cells: Counter[Cell] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Add another tally."""
        for mine, more in zip(vars(self).values(), vars(other).values(), strict=True):
            mine.update(more)

    def note(self, world: Played, answered: int) -> None:
        """Count a world; cells count while the engine had its columns, for its first ``answered`` commands."""
        self.counts["commands"] += len(world.commands)
        self.counts[f"commands, {world.kind}"] += len(world.commands)
        self.counts["worlds"] += 1
        self.counts["worlds that left the columns"] += answered < len(world.commands)
        self.counts["commands in columns"] += answered
        self.rules[f"preset {world.preset}" if world.preset else "random rules"] += len(world.commands)
        self.rules[f"policy {world.law.policy.name}"] += len(world.commands)
        for cells in world.cells[:answered]:
            self.cells.update(cells)
        for answer in world.answers:
            if isinstance(answer, Rejection):
                self.rejections[answer.code.name] += 1
            else:
                self.counts["accepted"] += 1
                self.facts.update(type(fact).__name__ for fact in answer)

    def lines(self) -> Iterator[str]:
        """Yield the report."""
        for name, count in self.counts.items():
            yield f"{name:40} {count:>10,}"
        named = {"answers of engines": self.engine, "rules": self.rules, "facts": self.facts}
        for title, counter in (named | {"rejections": self.rejections}).items():
            yield f"{title:40} {counter.total():>10,}"
            for name, count in sorted(counter.items()):
                yield f"  {name:38} {count:>10,}"


# -- the ways in which an engine may be asked -------------------------------------------------------------------------

Answers = Iterator[tuple[int, list[Answer], str]]
"""The place of the first answer, answers, and the digest behind them (empty: not asked)."""


def in_batches(engine: Watched, world: Played, batch: int, start: int = 0) -> Answers:
    """Submit the commands in batches, with a digest after every hundred; larger batches follow the first hundred."""
    at, count = start, len(world.commands)
    while at < count:
        end = min(count, (at // EVERY + 1) * EVERY) if batch <= EVERY or not at else count
        answers = engine.submit(world.commands[at:end], batch)
        engine.check()
        yield at, answers, engine.digest()
        at = end


def forked(engine: Watched, world: Played) -> Answers:
    """Go on with a fork after every hundred; what the fork does must not reach the engine it was made of."""
    for at in range(0, len(world.commands), EVERY):
        before = engine
        engine = Watched.over(before.fork(), before.counts, at)
        answers = engine.submit(world.commands[at : at + EVERY])
        yield at, answers, engine.digest()
        yield at, [], before.digest()


def as_log(engine: Watched, world: Played, batch: int) -> Answers:
    """Play what can be written as events as a log, and submit the commands between."""
    at, count = 0, len(world.commands)
    while at < count:
        log = day.events(engine.columns, world.commands[at : at + 64])
        (by_law,) = np.nonzero(log["kind"] == LAW)
        log = log[: by_law[0]] if len(by_law) else log
        answers = _replayed(engine, log, batch) if len(log) else engine.submit(world.commands[at : at + 1])
        yield at, answers, engine.digest() if at + len(answers) == count else ""
        at += len(answers)


def _replayed(engine: Watched, log: Any, batch: int) -> list[Answer]:
    seq, answers = engine.book.seq, list[Answer]()
    replayed = engine.replay(log, batch)
    for at, (event, told) in enumerate(zip(log, replayed.told, strict=True)):
        answer = replayed.by_law.get(at)
        if answer is None and told["refused"]:
            answer = day.rejection(engine.columns, told)
        elif answer is None:
            answer = (day.fact(engine.columns, event, seq + 1, told),)
        seq += 0 if isinstance(answer, Rejection) else len(answer)
        answers.append(answer)
    return answers


class Way(NamedTuple):
    """A way of playing a world again: its name, an engine at its beginning, what to do with it."""

    name: str
    engine: Callable[[], Engine]
    play: Callable[..., Answers]
    start: int = 0
    keeps_lists: bool = False
    """Whether the screen's lists are kept, however much was written: books are small here."""


def ways(world: Played) -> list[Way]:
    """Return every way of playing a world again."""
    fresh, some = partial(Engine, world.law), Random(world.seed).randint(2, 200)
    found = [
        Way("in batches of 7", fresh, partial(in_batches, batch=7), keeps_lists=True),
        Way("in batches of 4096", fresh, partial(in_batches, batch=4096)),
        Way("one by one", fresh, partial(in_batches, batch=1)),
        Way("from a log", fresh, partial(as_log, batch=16), keeps_lists=True),
        Way(f"in batches of {some}", fresh, partial(in_batches, batch=some)),
        Way("forked every hundred", fresh, forked, keeps_lists=True),
    ]
    start, book = world.middle
    if start:
        name = f"from a copy of the book before command {start}"
        play = partial(in_batches, batch=64, start=start)
        found.append(Way(name, partial(load, book, world.law), play, start))
    return found


def run_world(seed: int, most: int, tally: Tally, one_way: bool = False) -> Difference | None:
    """Play one world in every way, or in one, and return the first difference, or None; ``most`` commands at most."""
    world = played(seed, most)
    answered, every = len(world.commands), ways(world)
    for way in [every[seed // len(KINDS) % 5]] if one_way else every:
        engine = Watched.over(way.engine(), tally.engine, way.start)
        few = 1 if way.keeps_lists else module.MOST_CLOSE
        with (
            patch.object(screen, "MANY", 0 if way.keeps_lists else screen.MANY),
            patch.object(module, "MOST_CLOSE", few),
        ):
            found = _compare(world, way, engine)
        if found is not None:
            return found
        if engine.wide_after is not None:
            answered = min(answered, engine.wide_after)
    tally.note(world, answered)
    return None


def _compare(world: Played, way: Way, engine: Watched) -> Difference | None:
    """Return the first difference of one way."""

    def differs(index: int, what: str, one: Any, other: Any) -> Difference:
        return Difference(world.seed, index, way.name, what, world.commands[index], one, other)

    first = 0
    try:
        for at, answers, digest in way.play(engine, world):
            first = at
            for index, answer in enumerate(answers, at):
                if answer != world.answers[index]:
                    return differs(index, "answer", world.answers[index], answer)
            done = at + len(answers)
            if digest and digest != world.digests.get(done, digest):
                return differs(done - 1, "digest", world.digests[done], digest)
    except Exception as error:  # A crash is a difference, and is to be shown as one.
        index = min(len(world.commands) - 1, max(first, engine.answered))
        return differs(index, "crash", world.answers[index], f"{type(error).__name__}: {error}")
    return None


# -- many worlds ------------------------------------------------------------------------------------------------------


def _one(seed: int, most: int, one_way: bool) -> tuple[Difference | None, Tally]:
    tally = Tally()
    with steps_counted(tally.engine):
        return run_world(seed, most, tally, one_way), tally


def run(seed: int, count: int, jobs: int = 1, kind: str = "") -> tuple[Difference | None, Tally]:
    """Run worlds from a seed on until so many commands are run; return the first difference and the tally.

    Of one ``kind`` of worlds, each is played again in one way only, in turn; else every world in every way.
    """
    total, one_way = Tally(), bool(kind)
    seeds = (one for one in itertools.count(seed) if kind in ("", kind_of(one)))
    if jobs < 2:
        while total.counts["commands"] < count:
            found, tally = _one(next(seeds), count - total.counts["commands"], one_way)
            total.add(tally)
            if found:
                return found, total
        return None, total
    with ProcessPoolExecutor(jobs) as pool:
        running = {pool.submit(_one, one, count, one_way) for one in itertools.islice(seeds, 2 * jobs)}
        first: Difference | None = None
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                found, tally = future.result()
                total.add(tally)
                if found and (first is None or found.seed < first.seed):
                    first = found
                if first is None and total.counts["commands"] < count:
                    running.add(pool.submit(_one, next(seeds), count, one_way))
    return first, total


def uncovered(tally: Tally) -> list[str]:
    """Return what was not seen: cells too seldom, presets and kernels' answers never."""
    _, faults = report(tally.cells)
    faults += [f"preset {name}: never" for name in executing_names() if not tally.rules[f"preset {name}"]]
    return faults


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison and print what was run."""
    parser = argparse.ArgumentParser(description="Compare the engine with the rulebook on random worlds.")
    parser.add_argument("--seed", type=int, default=1, help="the first world")
    parser.add_argument("--count", type=int, default=100_000, help="how many commands")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--covering", type=int, default=0, help="so many more in hostile worlds; no cell too seldom")
    given = parser.parse_args(arguments)
    start = time.perf_counter()
    found, tally = run(given.seed, given.count, given.jobs)
    if found is None and given.covering:
        found, more = run(given.seed, given.covering, given.jobs, WITHIN)
        tally.add(more)
    for line in tally.lines():
        print(line)
    print(f"{'seconds':40} {time.perf_counter() - start:>10.1f}")
    if found:
        print(f"\nThe rulebook and the engine differ:\n{found}")
        return 1
    print("\nThe rulebook and the engine agree.")
    print("\n".join(report(tally.cells)[0]))
    faults = uncovered(tally)
    if given.covering and faults:
        print("\n".join(["Not covered:", *faults]))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
