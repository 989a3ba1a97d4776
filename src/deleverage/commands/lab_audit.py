"""``deleverage lab audit EVENT``: what is wrong with an event's own data, worst first, and the headlines without it.

Exit codes: 0 the audit was made (findings are its result), 2 bad input.
"""

from pathlib import Path
from typing import Any

from deleverage.adapters.tables import TableFault
from deleverage.commands.output import DONE, head, print_json, progress, refuse, shown
from deleverage.commands.text_table import TextTable
from deleverage.lab.audit import labels
from deleverage.lab.audit.checks import audit as look
from deleverage.lab.audit.document import document, for_people
from deleverage.lab.audit.finding import CODES
from deleverage.lab.events.load import load
from deleverage.lab.metrics.measure import written
from deleverage.scenarios.faults import nearest

_SHOWN = 12
"""So many items of a list are printed; the others are counted. The JSON document has all."""


def audit(event: Path, *, only: str | None = None, as_json: bool = False) -> int:
    """Print what the checks find in an event; return the exit code. ``only``: codes, separated by commas."""
    codes = CODES if only is None else tuple(code.strip() for code in only.split(","))
    faults: list[object] = [
        f"--only: {code!a} is no code, {nearest(code, CODES)}" for code in dict.fromkeys(codes) if code not in CODES
    ]
    try:
        with progress() as show:
            show("reading", 0, 1)
            read = load(Path(event))
            show("reading", 1, 1)
            body = {} if faults else document(read, look(read, codes, show=show))
    except TableFault as refusal:
        faults += refusal.faults
    if faults:
        return refuse(faults, as_json=as_json)
    if as_json:
        print_json({**head("lab-audit"), **body})
    else:
        print("\n".join(map(shown, text(body))))
    return DONE


def text(body: dict[str, Any]) -> list[str]:
    """Return an audit in lines for people."""
    counts = ", ".join(f"{count} {severity}" for severity, count in body["counts"].items())
    lines = [f"event {body['event']['name']}: {counts}; USD, binary64; a finding is a result, the exit code is 0"]
    findings, more = for_people(body["findings"])
    for finding in findings:
        consequence = finding["consequence"]
        lines += [
            "",
            f"{finding['severity']}: {finding['code']}: {finding['sentence']}",
            f"  where    {_pairs(finding['where'])}",
            f"  evidence {_pairs(finding['evidence'])}",
            f"  without  {consequence['headline']} {said(consequence['before'])} -> {said(consequence['after'])}",
        ]
    lines += [f"and {count:,} more {code}: --json has all" for code, count in more.items()]
    if body["headlines"]:
        lines += ["", *_headlines(body)]
    clean = [check["code"] for check in body["checks"] if not check["findings"] and check["unmade"] < check["looks"]]
    lines += ["", f"nothing found: {', '.join(clean) or '-'}"]
    lines += [f"not looked at: {item['code']}: {item['look']}: lacks {item['lacks']}" for item in body["unmade"]]
    return lines


def _headlines(body: dict[str, Any]) -> list[str]:
    """Return headlines with and without, those of one headline below each other, then what their keys mean."""
    table = TextTable("headlines, with and without", ("headline", "without", "as it stands", "then"))
    table.left = frozenset(("headline", "without"))
    rows = labels.table(body)
    for row in rows:
        then = said(row.then) if row.code or row.then is not None else "-"
        table.add(row.headline, row.code or labels.ALL, said(row.before), then)
    meant = [f"  {key}: {words}" for key, words in dict.fromkeys((row.headline, row.label) for row in rows)]
    open_ends = [f"  {row.headline}: {row.without}" for row in rows if not row.code and row.then is None]
    return [*table.lines(), *meant, *open_ends]


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {said(value)}" for name, value in values.items())


def said(value: object) -> str:
    """Return a value for people: four decimals of what has more, digits that tell of what is small, lists cut short."""
    if value is None:
        return "undefined"
    if isinstance(value, list):
        cut = f" and {len(value) - _SHOWN} more" if len(value) > _SHOWN else ""
        return " ".join(said(item) for item in value[:_SHOWN]) + cut
    if isinstance(value, dict):
        return "(" + "; ".join(f"{name} {said(item)}" for name, item in value.items()) + ")"
    if isinstance(value, float):
        return written(value)
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**12 else str(value)
