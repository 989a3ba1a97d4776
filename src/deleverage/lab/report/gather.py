"""Everything a report is made of, asked of the parts below: regret, audit, and policies side by side."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deleverage.lab.audit.checks import audit
from deleverage.lab.audit.document import document as audit_document
from deleverage.lab.compare.chosen import MEASURED, Chosen
from deleverage.lab.compare.document import document as compare_document
from deleverage.lab.compare.run import compare
from deleverage.lab.events.load import load
from deleverage.lab.events.model import Event
from deleverage.lab.regret.document import document as regret_document
from deleverage.lab.report.checklist import checklist
from deleverage.lab.report.parts import Parts

Json = dict[str, Any]
Progress = Callable[[str, int, int], None]

_STEPS = 4


def gather(path: Path, chosen: Sequence[Chosen], seed: int, head: Json, show: Progress) -> Parts:
    """Return the parts of a report on the event at a file or folder.

    ``chosen`` are the policies that are asked side by side, none of them for no comparison. Raises TableFault for an
    event that is none, BadShares for a policy that gives what none may give.
    """
    show("event", 0, _STEPS)
    event = load(path)
    folder = path if path.is_dir() else path.parent
    show("event", 1, _STEPS)
    regret = regret_document(event, path)
    show("event", 2, _STEPS)
    found = audit_document(event, audit(event))
    show("event", 3, _STEPS)
    compared, why_not = _compared(event, chosen, seed, show)
    show("event", _STEPS, _STEPS)
    parts = Parts(event, folder, head, regret, found, compared, why_not)
    return replace(parts, lines=checklist(parts))


def _compared(event: Event, chosen: Sequence[Chosen], seed: int, show: Progress) -> tuple[Json | None, str]:
    if not event.waves:
        return None, "the event has no waves"
    if not chosen:
        return None, "no policies were asked for"
    result = compare(event, chosen, MEASURED, seed, show)
    if not result.crowds:
        reasons = sorted(set(result.left_out.values()))
        return None, f"in no wave is anybody known who could be asked: {'; '.join(reasons)}"
    return compare_document(result), ""
