"""What one run has measured: times by task, who, size and column, and plain numbers beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from deleverage.bench.floors import sweeper
from deleverage.bench.subject import Brute, Maker, Subject
from deleverage.bench.timing import Case, Samples, interleaved

ENGINE, FLOOR, PANDAS, OBJECTS, LRVX = "engine", "floor", "pandas", "objects", "lrvx"
LINEAR, TIERS, EXACT, MIX = "linear cross", "8 tiers", "128-bit compare", "full mix"
LARGEST_RIVAL = 1_000_000
"""Above so many positions only the engine and the floor run."""


class Key(NamedTuple):
    """Which time: of whom, at how many positions, on which kind of book."""

    task: str
    who: str
    positions: int
    column: str = LINEAR


@dataclass(slots=True)
class Readings:
    """Times and facts of one run; ``left_out`` says which rival did not run, and why."""

    times: dict[Key, Samples] = field(default_factory=dict)
    facts: dict[tuple[str, int], float] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def sizes(self, task: str, who: str = ENGINE, column: str = LINEAR) -> list[int]:
        """Return the sizes at which a task was measured, ascending."""
        return sorted(key.positions for key in self.times if (key.task, key.who, key.column) == (task, who, column))

    def median_ns(self, task: str, who: str, positions: int, column: str = LINEAR) -> float | None:
        """Return a median, None where it was not measured."""
        samples = self.times.get(Key(task, who, positions, column))
        return None if samples is None else samples.median_ns


@dataclass(frozen=True, slots=True)
class Bench:
    """One run: what is measured, against whom, at which sizes, and where the readings go."""

    make: Maker | None
    brute: Brute | None
    sizes: Sequence[int]
    rounds: int
    pandas: ModuleType | None
    lrvx: Any
    readings: Readings
    say: Callable[[str], None]

    def subject(self) -> Subject | None:
        """Return a new subject, None where there is no engine to measure."""
        return None if self.make is None else self.make()

    def rivals_at(self, positions: int) -> bool:
        """Return whether rivals run at this size."""
        return positions <= LARGEST_RIVAL

    def time(self, cases: Mapping[Key, Case], *, cold: bool = True) -> None:
        """Measure cases side by side. Larger books get fewer rounds."""
        largest = max(key.positions for key in cases)
        self.say(f"{', '.join(sorted({key.task for key in cases}))}: {largest:,}")
        rounds = max(5, self.rounds // 3) if largest > LARGEST_RIVAL else self.rounds
        self.readings.times.update(interleaved(cases, rounds, before=sweeper() if cold else lambda: None))
