"""What is asked of a run, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deleverage.rulebook.rules import Rules
from deleverage.shadow.compare import Divergence, Tolerance
from deleverage.shadow.shape import Header
from deleverage.shadow.source import Stopped
from deleverage.shadow.tally import Tally

END, INTERRUPTED, STRICT, BROKEN_OFF, HEADLESS = (
    "the end of the stream",
    "interrupted",
    "a bad line",
    "the stream broke off",
    "no header",
)
"""Why following ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is followed, and how; ``rules_of`` says whose law is applied, once the header is known."""

    source: str
    shape: str
    rules_of: Callable[[Header], Rules]
    rules_name: str = ""
    tolerance: Tolerance = Tolerance()
    steps: str = ""  # instead of what the header says
    strict: bool = False
    wait: bool = False
    progress: Path | None = None
    save_every: int = 10_000
    stopped: Stopped = lambda: False
    told: Callable[[Divergence], None] = lambda divergence: None

    @property
    def options(self) -> str:
        """What has to be the same when a stream is followed further, as one text."""
        rules, steps = self.rules_name or "rules of the stream", self.steps or "steps of the stream"
        return f"{self.shape}, {rules}, {steps}, {self.tolerance}"


@dataclass(slots=True)
class Followed:
    """What has come of it, why it ended, and a sentence about that where there is one."""

    tally: Tally
    ended: str
    header: Header | None
    sentence: str = ""
    resumed_at: int = 0

    @property
    def bad(self) -> tuple[str, ...]:
        """The first lines that could not be read."""
        return self.tally.unread
