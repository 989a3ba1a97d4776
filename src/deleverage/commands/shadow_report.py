"""The report of ``deleverage shadow``: a JSON document, and lines for people."""

from dataclasses import asdict
from typing import Any

from deleverage.commands.output import head
from deleverage.domain.show import counted
from deleverage.shadow.compare import WHAT, Divergence
from deleverage.shadow.shape import CLOSES
from deleverage.shadow.wanted import Followed

_COLUMNS = (
    ("agreed", 9),
    ("lots", 14),
    ("ours only", 11),
    ("theirs only", 13),
    ("lots differ", 13),
    ("money", 7),
    ("order", 7),
    ("still", 7),
)


def document(source: str, name: str, code: int, found: Followed) -> dict[str, Any]:
    """Return the report as a JSON document; counts are numbers, lots and quanta texts."""
    tally = asdict(found.tally)
    told_rows = tally.pop("rows")
    rows = {kind: _row(told_rows[kind]) for kind in CLOSES}
    for counts in ("refused", "unfollowed", "bad", "not_run"):
        tally[counts] = dict(sorted(tally[counts].items()))
    divergences = [_told(one) for one in found.tally.divergences]
    del tally["divergences"], tally["unread"]
    return {
        **head("shadow"),
        "source": source,
        "rules": name or "the stream's own",
        "exit_code": code,
        "ended": found.ended,
        "sentence": found.sentence,
        "closes_by_kind": rows,
        **tally,
        "first_divergence": divergences[0] if divergences else None,
        "divergences": divergences,
        "bad_lines": list(found.bad),
    }


def _row(row: dict[str, int]) -> dict[str, Any]:
    return {
        name: str(value) if name.endswith("_lots") and name != "other_lots" else value for name, value in row.items()
    }


def _told(one: Divergence) -> dict[str, Any]:
    head_of = {"line": one.line, "time_ns": str(one.time_ns), "kind": one.kind, "what": one.what}
    return {**head_of, "ours": one.ours, "theirs": one.theirs}


def lines_of(source: str, name: str, found: Followed) -> list[str]:
    """Return the report for people."""
    tally = found.tally
    told = ", ".join(
        counted(number, noun)
        for number, noun in ((tally.lines, "line"), (tally.commands, "command"), (tally.closes, "forced close"))
    )
    lines = [
        f"source      {source}: {told}; until {found.ended}",
        f"rules       {name or 'of the stream'}",
        f"moments     {tally.moments}, {tally.agreed_moments} of them alike",
        "",
        "            " + "".join(f"{title:>{width}}" for title, width in _COLUMNS),
    ]
    for kind in CLOSES:
        row = tally.rows[kind]
        counts = (row.agreed, row.agreed_lots, row.ours_only, row.theirs_only)
        cells = zip((*counts, row.other_lots, row.other_price, row.other_order, row.standing), _COLUMNS, strict=True)
        lines.append(f"{kind:12}" + "".join(f"{number:>{width},}" for number, (_, width) in cells))
    for what, met in (
        ("refused by the law, accepted by them", tally.refused),
        ("could not be followed", tally.unfollowed),
        ("our step could not run", tally.not_run),
        ("lines that cannot be read", tally.bad),
    ):
        lines += [
            f"{what}: {each.count} x {code}, first at line {each.first_line}" for code, each in sorted(met.items())
        ]
    lines += found.bad[:5]
    if tally.late:
        lines.append(f"told late: {counted(tally.late, 'line')}, taken at the time of the line before")
    if found.sentence:
        lines.append(found.sentence)
    if not tally.differences:
        unread = tally.bad or found.sentence
        return [*lines, "no divergence in what could be read" if unread else _agreed(tally.moments)]
    more = f" ({tally.differences} in all)" if tally.differences > 1 else ""
    return [*lines, *_first(tally.divergences[0], more)]


def _agreed(moments: int) -> str:
    return "AGREEMENT" if moments else "nothing to compare: nobody was closed, and there was no moment to do it"


def _first(one: Divergence, more: str) -> list[str]:
    return [
        f"DIVERGENCE at line {one.line}, {one.kind}: {WHAT[one.what]}{more}",
        f"  ours    {values_of(one.ours)}",
        f"  theirs  {values_of(one.theirs)}",
    ]


def values_of(values: dict[str, str]) -> str:
    """Return what one engine says, in one line."""
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "nothing"
