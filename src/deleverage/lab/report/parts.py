"""What a report is made of: the event, and what the parts below say of it, as JSON-ready documents."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deleverage.lab.events.model import Event

Json = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of the checklist; ``answered`` False: it cannot be answered, because of ``answer``.

    ``alarm`` says that the answer is one that a reader has to know before believing a headline.
    """

    number: int
    asks: str
    answered: bool
    answer: str
    alarm: bool = False


@dataclass(frozen=True)
class Parts:
    """An event and its documents; ``folder`` is where it lies, ``why_not`` says why there is no comparison."""

    event: Event
    folder: Path
    head: Json
    regret: Json
    audit: Json
    compared: Json | None
    why_not: str = ""
    lines: tuple[Line, ...] = ()  # the checklist, once it is answered

    @property
    def findings(self) -> list[Json]:
        """Return what the audit finds."""
        found: list[Json] = self.audit["findings"]
        return found
