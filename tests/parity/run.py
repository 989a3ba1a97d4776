"""Rulebook and model side by side, on the same random worlds, compared after every command.

``python -m tests.parity.run --seed 1 --count 100000``: worlds from seed 1 on, until the commands are used up; ends with
what was really run. The first difference is printed with both values and how to play it again; then the exit is 1.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Fact, Rejection, RequirementsChanged
from deleverage.rulebook.rules import Rules
from tests.commands import to_command, to_rules
from tests.model import Model
from tests.parity.compare import difference, model_step, plain_book, plain_step
from tests.parity.coverage import OK, Cell, cells_of, report, stage_cells
from tests.worlds import world

Decide = Callable[..., Any]
Apply = Callable[..., Any]


class Watcher(Protocol):
    """Something that looks at every fact, as the invariants do, and raises where it does not like what it sees."""

    def before(self, fact: Fact) -> None:
        """Look at the book before a fact is applied."""

    def after(self, fact: Fact) -> None:
        """Look at the book after a fact was applied."""


@dataclass(frozen=True)
class Difference:
    """The first place where rulebook and model do not agree."""

    seed: int
    index: int
    command: dict[str, Any]
    path: str
    rulebook: Any
    model: Any

    def __str__(self) -> str:
        """Return the lines that a person needs."""
        return (
            f"world {self.seed}, command {self.index}: {self.command}\n"
            f"  at       {self.path}\n"
            f"  rulebook {self.rulebook}\n"
            f"  model    {self.model}\n"
            f"  again    make replay SEED={self.seed} COUNT={self.index + 1}"
        )


@dataclass
class Tally:
    """What was really run."""

    counts: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)
    cells: Counter[Cell] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Add another tally."""
        self.counts.update(other.counts)
        self.rejections.update(other.rejections)
        self.facts.update(other.facts)
        self.cells.update(other.cells)

    def note_step(self, seen: dict[str, Any]) -> None:
        """Count what the model saw in a step."""
        self.counts["steps"] += 1
        self.counts["rounds"] += seen["rounds"]
        for one in seen["deleveraged"]:
            closing = [pool for pool in one["pools"] if pool[4]]
            self.counts["rounds reaching stage 5"] += bool(closing)
            self.counts["rounds with several pools"] += len(closing) > 1
            self.counts["rounds netting bankrupts"] += any(pool[3] for pool in one["pools"])
            for stop in ("trigger", "approval", "pace", "throttle"):
                self.counts[f"rounds stopped by {stop}"] += any(pool[8] == stop for pool in one["pools"])
            self.counts["units at their cap"] += len(one["capped"])
            self.counts["units at their cap in several pools"] += sum(pools > 1 for pools in one["capped"].values())
        self.counts["facts of stage 6"] += len(seen["socialised"])
        self.counts["rounds with fund money"] += sum(not row[3] for row in seen["fund"])
        self.counts["rounds with fund money after stage 5"] += sum(row[3] for row in seen["fund"])
        self.counts["residuals"] += len(seen["residuals"])
        self.counts["residuals in money"] += sum(residual[3] > 0 for residual in seen["residuals"])

    def lines(self) -> Iterator[str]:
        """Yield the report."""
        for name, count in self.counts.items():
            yield f"{name:36} {count:>10,}"
        for title, counter in (("facts", self.facts), ("rejections", self.rejections)):
            yield f"{title:36} {counter.total():>10,}"
            for name, count in sorted(counter.items()):
                yield f"  {name:34} {count:>10,}"


def run_world(
    seed: int,
    decide: Decide,
    apply: Apply,
    *,
    most: int | None = None,
    tally: Tally | None = None,
    watch: Callable[[Book, Rules], Watcher] | None = None,
) -> Difference | None:
    """Drive one world through rulebook and model and return the first difference, or None.

    ``most`` ends the world early; ``tally`` is told what was run; ``watch(book, rules)`` returns somebody who looks at
    every fact, for example the invariants: what is raised is a difference too.
    """
    tally = tally if tally is not None else Tally()
    rules, commands = world(seed)
    model, book, law = Model(rules), Book(), to_rules(rules)
    watcher = watch(book, law) if watch else None
    command = next(commands)
    before: dict[str, Any] = {}
    index = 0
    while most is None or index < most:
        code = model.submit(command)
        told = submit(book, command, law, decide, apply, watcher)
        state = model.state()
        place = compare(command, code, told, plain_book(book), state, model)
        if place:
            path, left, right = place
            return Difference(seed, index, command, path, left, right)
        tally.counts["commands"] += 1
        tally.cells.update(cells_of(command, code or OK, before))
        if code is not None:
            tally.rejections[code] += 1
        else:
            tally.counts["accepted"] += 1
            tally.facts.update(type(fact).__name__ for fact in told)
            tally.cells["taking effect", command["kind"], "-", "-"] += isinstance(told[0], RequirementsChanged)
            if command["kind"] == "RunStep":
                tally.note_step(model.last_step)
                tally.cells.update(stage_cells(told, before))
        before = state
        index += 1
        try:
            command = commands.send(state)
        except StopIteration:
            break
    tally.counts["worlds"] += 1
    return None


def submit(
    book: Book, command: dict[str, Any], law: Rules, decide: Decide, apply: Apply, watcher: Watcher | None
) -> Any:
    """Return the rulebook's answer, its facts applied; what it raises is an answer too."""
    try:
        answer = decide(book, to_command(command), law)
        if not isinstance(answer, Rejection):
            for fact in answer:
                if watcher:
                    watcher.before(fact)
                apply(book, fact)
                if watcher:
                    watcher.after(fact)
    except Exception as error:  # A crash is a difference, and is to be shown as one.
        return error
    return answer


def compare(
    command: dict[str, Any],
    code: str | None,
    told: Any,
    book: dict[str, Any],
    state: dict[str, Any],
    model: Model,
) -> tuple[str, Any, Any] | None:
    """Return path and both values of the first difference after a command."""
    if isinstance(told, Exception):
        return "crash", f"{type(told).__name__}: {told}", code
    answer = told.code.name if isinstance(told, Rejection) else None
    if answer != code:
        return "rejection", f"{answer} {told if answer else ''}", code
    if command["kind"] == "RunStep" and code is None:
        found = difference(plain_step(told), model_step(model.last_step), "step")
        if found:
            return found
    return difference(book, state, "state")


def _one(seed: int, most: int) -> tuple[Difference | None, Tally]:
    """Run one world of the real rulebook, in a process of its own."""
    from deleverage.rulebook.apply import apply
    from deleverage.rulebook.decide import decide
    from deleverage.rulebook.invariants import Invariants

    tally = Tally()
    return run_world(seed, decide, apply, most=most, tally=tally, watch=Invariants), tally


def run(seed: int, count: int, jobs: int = 1) -> tuple[Difference | None, Tally]:
    """Run worlds from a seed on until so many commands are run; return the first difference and the tally."""
    total = Tally()
    if jobs < 2:
        while total.counts["commands"] < count:
            found, tally = _one(seed, count - total.counts["commands"])
            total.add(tally)
            if found:
                return found, total
            seed += 1
        return None, total
    with ProcessPoolExecutor(jobs) as pool:
        running = {pool.submit(_one, seed + number, count): seed + number for number in range(2 * jobs)}
        seed += len(running)
        first: Difference | None = None
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                del running[future]
                found, tally = future.result()
                total.add(tally)
                if found and (first is None or found.seed < first.seed):
                    first = found
                if first is None and total.counts["commands"] < count:
                    running[pool.submit(_one, seed, count)] = seed
                    seed += 1
    return first, total


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison and print what was run."""
    parser = argparse.ArgumentParser(description="Compare the rulebook with the exact model on random worlds.")
    parser.add_argument("--seed", type=int, default=1, help="the first world")
    parser.add_argument("--count", type=int, default=100_000, help="how many commands")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--coverage", action="store_true", help="fail if a cell is seen too seldom")
    given = parser.parse_args(arguments)
    start = time.perf_counter()
    found, tally = run(given.seed, given.count, given.jobs)
    for line in tally.lines():
        print(line)
    print(f"{'seconds':36} {time.perf_counter() - start:>10.1f}")
    if found:
        print(f"\nThe rulebook and the model differ:\n{found}")
        return 1
    print("\nThe rulebook and the model agree.")
    lines, faults = report(tally.cells)
    print("\n".join(lines))
    if given.coverage and faults:
        print("\n".join(["Not covered:", *faults]))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
