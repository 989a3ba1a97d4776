"""An event as its sources would tell it: Hyperliquid's JSON of fills and states, tables with a row a fill."""

import csv
import json
from math import isnan
from pathlib import Path
from typing import Any

from deleverage.lab.events.model import Event


def hyperliquid_records(event: Event) -> list[dict[str, Any]]:
    """Return fills and, with each, a clearinghouseState of either side at its moment; legs and fills as they are."""
    fills, states = event.fills, event.states
    assert fills is not None
    assert states is not None
    assert fills.held is not None
    assert states.positions is not None
    records: list[dict[str, Any]] = []
    for at in range(len(fills)):
        fill = {
            "coin": fills.coin[at],
            "px": repr(float(fills.price[at])),
            "sz": repr(float(fills.size[at])),
            "side": "A" if fills.side[at] > 0 else "B",
            "time": int(fills.time_ms[at]),
            "startPosition": repr(float(fills.side[at] * fills.held[at])),
            "dir": "Auto-Deleveraging",
            "closedPnl": repr(float(fills.closed_profit[at])),
            "tid": at,
            "liquidation": {"liquidatedUser": fills.against[at], "markPx": repr(float(fills.mark[at]))},
        }
        records.append({"user": fills.user[at], "fills": [fill]})
    for at in range(len(states)):
        legs, profit = states.positions[at], float(states.profit[at])
        part = 0.0 if isnan(profit) else profit / max(1, len(legs))
        positions = [
            {"coin": leg.coin, "szi": repr(leg.size), "positionValue": repr(leg.value_usd), "unrealizedPnl": repr(part)}
            for leg in legs
        ]
        state = {
            "assetPositions": [{"type": "oneWay", "position": position} for position in positions],
            "marginSummary": {
                "accountValue": repr(float(states.equity[at])),
                "totalNtlPos": repr(float(states.notional[at])),
            },
            "time": int(fills.time_ms[states.fill[at]]),
        }
        records.append({"user": states.user[at], "state": state})
    return records


def hyperliquid_json(event: Event, file: Path) -> Path:
    """Write an event as Hyperliquid tells its own."""
    file.write_text(json.dumps(hyperliquid_records(event)), "utf-8")
    return file


def rows_of(event: Event, names: dict[str, str]) -> list[dict[str, str]]:
    """Return a row a fill with the columns that a table calls so; winners' and bankrupts' statements beside it."""
    fills, states = event.fills, event.states
    assert fills is not None
    assert states is not None
    assert fills.held is not None
    winner: dict[int, int] = {}
    loser: dict[int, int] = {}
    for at, fill in enumerate(states.fill.tolist()):
        (loser if states.is_loser[at] else winner).setdefault(fill, at)
    rows = []
    for at in range(len(fills)):
        said: dict[str, Any] = {
            "time": int(fills.time_ms[at]),
            "coin": fills.coin[at],
            "user": fills.user[at],
            "position": repr(float(fills.side[at] * fills.held[at])),
            "size": repr(float(fills.size[at])),
            "price": repr(float(fills.price[at])),
            "mark": repr(float(fills.mark[at])),
            "closed": repr(float(fills.closed_profit[at])),
            "against": fills.against[at],
            "equity": repr(float(states.equity[winner[at]])),
            "profit": repr(float(states.profit[winner[at]])),
            "loser_equity": repr(float(states.equity[loser[at]])),
        }
        rows.append({column: str(said[name]) for name, column in names.items()})
    return rows


def table(file: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows as CSV."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file
