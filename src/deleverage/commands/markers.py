"""``deleverage markers FILE``: what a venue has done to positions without their owners' orders, in one form."""

from pathlib import Path
from typing import Any

from deleverage.adapters.markers.catalogue import Found, read_markers
from deleverage.adapters.markers.marker import Marker
from deleverage.adapters.tables import TableFault
from deleverage.commands.output import DONE, head, print_json, refuse, shown
from deleverage.domain.show import counted

ROWS = 1_000
"""So many markers are printed; the others are counted. The JSON document has all."""


def markers(path: Path, *, venue: str | None, as_json: bool) -> int:
    """Print every marker in a file of a venue's records; with a ``venue`` only records of its kinds are read."""
    try:
        found = read_markers(path, venue)
    except TableFault as refusal:
        return refuse(refusal.faults, as_json=as_json)
    if as_json:
        print_json({**head("markers"), "ordinary": found.ordinary, "markers": [entry_of(one) for one in found.markers]})
    else:
        _print(found)
    return DONE


def entry_of(one: Marker) -> dict[str, Any]:
    """Return a marker as a document."""
    return {
        "venue": one.venue,
        "role": one.role,
        "market": one.market,
        "side": one.side or None,
        "size": one.size,
        "price": one.price,
        "time_ns": None if one.time_ns is None else str(one.time_ns),
        "account": one.account or None,
        "said": one.said,
        "raw_id": one.raw_id or None,
    }


def _print(found: Found) -> None:
    from deleverage.commands.text_table import TextTable

    title = f"{counted(len(found.markers), 'marker')}, and {counted(found.ordinary, 'record')} without one"
    names = ("time ns", "venue", "role", "account", "market", "side", "size", "price", "said")
    table = TextTable(title, names, left=("venue", "role", "account", "market", "side", "said"))
    for one in found.markers[:ROWS]:
        cells = (one.time_ns, one.venue, one.role, one.account, one.market, one.side, one.size, one.price, one.said)
        table.add(*(shown("-" if cell in (None, "") else str(cell)) for cell in cells))
    print("\n".join(table.lines() if found.markers else [title]))
    if len(found.markers) > ROWS:
        print(f"and {len(found.markers) - ROWS:,} more, all in --json")
