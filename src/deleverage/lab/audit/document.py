"""An audit as a document: findings, headlines with and without them, and what was not looked at."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from deleverage.lab.audit.checks import CHECKS, Audit
from deleverage.lab.audit.finding import SEVERITIES, Finding, Value
from deleverage.lab.events.model import Event


def document(event: Event, found: Audit) -> dict[str, Any]:
    """Return the document of an audit, ready for JSON: money is a measure here, and what is no number is null."""
    severities = Counter(finding.severity for finding in found.findings)
    return {
        "event": _event(event),
        "counts": {severity: severities[severity] for severity in SEVERITIES},
        "findings": [_finding(finding) for finding in found.findings],
        "headlines": headlines(found.findings),
        "checks": [
            {
                "code": code,
                "asks": CHECKS[code].asks,
                "looks": looks,
                "unmade": sum(item.code == code for item in found.unmade),
                "findings": sum(finding.code == code for finding in found.findings),
            }
            for code, looks in found.looks.items()
        ],
        "unmade": [{"code": item.code, "look": item.look, "lacks": item.lacks} for item in found.unmade],
    }


def headlines(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return each headline as it stands and without the findings of one code.

    Findings that name waves of their own are taken out together; of those that speak of the same rows, the one that
    changes most.
    """
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.consequence.headline, finding.code), []).append(finding)
    rows = []
    for (headline, code), of_code in groups.items():
        before, after = _together(of_code)
        rows.append({"headline": headline, "code": code, "before": plain(before), "after": plain(after)})
    return rows


MOST_SHOWN = 40
"""So many findings of one code are shown to people; the document has all."""


def for_people(findings: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the first findings of each code, in their order, and how many more of a code there are."""
    seen: Counter[str] = Counter()
    first = []
    for finding in findings:
        seen[finding["code"]] += 1
        if seen[finding["code"]] <= MOST_SHOWN:
            first.append(finding)
    return first, {code: count - MOST_SHOWN for code, count in seen.items() if count > MOST_SHOWN}


def _together(findings: Sequence[Finding]) -> tuple[float | None, float | None]:
    """Return a headline before and after findings of one code."""
    told = [(item.consequence.before, item.consequence.after) for item in findings]
    moves = [(before, before - after) for before, after in told if before is not None and after is not None]
    if not moves:
        return told[0]
    waves = [wave for item in findings for wave in _waves(item)]
    apart = all(_waves(item) for item in findings) and len(set(waves)) == len(waves)
    same_start = len({before for before, _ in moves}) == 1
    if apart and same_start:
        return moves[0][0], moves[0][0] - sum(move for _, move in moves)
    before, move = max(moves, key=lambda item: abs(item[1]))
    return before, before - move


def _waves(finding: Finding) -> tuple[object, ...]:
    waves = finding.where.get("waves", ())
    return tuple(waves) if isinstance(waves, Sequence) and not isinstance(waves, str) else ()


def _finding(finding: Finding) -> dict[str, Any]:
    consequence = finding.consequence
    return {
        "code": finding.code,
        "severity": finding.severity,
        "sentence": finding.sentence,
        "where": plain(finding.where),
        "evidence": plain(finding.evidence),
        "consequence": {
            "headline": consequence.headline,
            "before": plain(consequence.before),
            "after": plain(consequence.after),
        },
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "name": event.name,
        "waves": len(event.waves),
        "fills": None if event.fills is None else len(event.fills),
        "states": None if event.states is None else len(event.states),
        "claims": len(event.claims),
        "clusters": len(event.shocks),
        "accounts_with_reactions": len(event.reactions),
        "coins": len(event.coins),
        "sources": [
            {"file": source.file, "sha256": source.sha256, "size_bytes": source.size_bytes} for source in event.sources
        ],
        "notes": list(event.notes),
    }


def plain(value: Value) -> Any:
    """Return what JSON can hold: numbers of numpy as Python's, null for what is no number."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if isfinite(value) else None
    return value
