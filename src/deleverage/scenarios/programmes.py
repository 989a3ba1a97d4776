"""What a backstop of a scenario file has published, turned into the law's command."""

from typing import Any

from deleverage.rulebook.messages import SetProgramme
from deleverage.rulebook.quantities import PPB, Scale
from deleverage.scenarios.faults import Path, Reader
from deleverage.scenarios.plugs import RATE

SECOND_NS = 1_000_000_000


def read_programme(
    reader: Reader, path: Path, account_id: str, capacity_lots: int, table: dict[str, Any], money: Scale
) -> SetProgramme:
    """Return the programme of an account; a window without both of its numbers, or an edge above 1, is noted."""
    if ("window_seconds" in table) != ("window_notional" in table):
        reader.fault(path, "has one of window_seconds and window_notional: a window needs both")
    edge_ppb = reader.units((*path, "minimum_edge"), table["minimum_edge"], RATE)
    if edge_ppb > PPB:
        reader.fault((*path, "minimum_edge"), f"is {table['minimum_edge']}, an edge is a share of notional, at most 1")
    window_quanta = reader.units((*path, "window_notional"), table.get("window_notional", 1), money, 1)
    return SetProgramme(
        time_ns=0,
        account_id=account_id,
        capacity_lots=capacity_lots,
        window_ns=table.get("window_seconds", 0) * SECOND_NS,
        window_notional_quanta=window_quanta if "window_notional" in table else 0,
        cool_down_ns=table.get("cool_down_seconds", 0) * SECOND_NS,
        minimum_edge_ppb=edge_ppb,
    )
