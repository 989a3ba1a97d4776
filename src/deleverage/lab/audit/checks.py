"""All checks of an event, one for each code, and the audit that asks them."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from deleverage.domain.player import Progress
from deleverage.lab.audit.bounds import NOTIONAL
from deleverage.lab.audit.budgets import BUDGET
from deleverage.lab.audit.coverage import COUNTERPARTY, COVERAGE
from deleverage.lab.audit.deficits import CONCENTRATED, REPEATED
from deleverage.lab.audit.finding import CODES, SEVERITIES, Check, Finding, Unmade
from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.marks import MARKS
from deleverage.lab.audit.ratios import UNDEFINED
from deleverage.lab.audit.rows import ROWS
from deleverage.lab.audit.solver import SOLVER
from deleverage.lab.audit.states import STALE
from deleverage.lab.audit.view import View
from deleverage.lab.events.model import Event

CHECKS: dict[str, Check] = {
    check.code: check
    for check in (
        REPEATED,
        CONCENTRATED,
        STALE,
        NOTIONAL,
        BUDGET,
        MARKS,
        UNDEFINED,
        SOLVER,
        COVERAGE,
        COUNTERPARTY,
        ROWS,
    )
}


@dataclass(frozen=True)
class Audit:
    """What was found, worst first; what could not be looked at; and how many looks each check took."""

    findings: tuple[Finding, ...]
    unmade: tuple[Unmade, ...]
    looks: dict[str, int]


def audit(
    event: Event,
    only: Collection[str] = CODES,
    limits: Limits | None = None,
    show: Progress = lambda what, done, total: None,
) -> Audit:
    """Return everything that the checks of some codes find in an event."""
    view, given = View(event), limits or Limits()
    findings: list[Finding] = []
    unmade: list[Unmade] = []
    codes = [code for code in CODES if code in only]
    for done, code in enumerate(codes, 1):
        for look in CHECKS[code].looks:
            with np.errstate(all="ignore"):  # what a source does not give is NaN, and proves nothing
                items = list(look(view, given))
            findings += [item for item in items if isinstance(item, Finding)]
            unmade += [item for item in items if isinstance(item, Unmade)]
        show("looking", done, len(codes))
    findings.sort(key=lambda finding: (SEVERITIES.index(finding.severity), CODES.index(finding.code)))
    looks = {code: len(CHECKS[code].looks) for code in codes}
    return Audit(tuple(findings), tuple(unmade), looks)
