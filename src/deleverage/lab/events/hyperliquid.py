"""Hyperliquid's own JSON: fills of users or of a node, and ``clearinghouseState``; one file, or all in a folder.

A fill counts if its ``dir`` is Auto-Deleveraging and its user is not the liquidated one: both sides carry that mark,
and the bankrupt's is the other half of the same trade. A user's name comes from what a record stands in -
``{"user": ..., "fills": [...]}``, ``{"0x...": [...]}``, ``[user, fill]`` of a node's blocks - else it is the file's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deleverage.adapters.strict_json import read_json
from deleverage.adapters.tables import Fault, Row, Source
from deleverage.lab.events import cells
from deleverage.lab.events.gather import OneFill, OneState, by_moment, fills_of, in_time, sequence_of, states_of
from deleverage.lab.events.legs import Position, wrong_leg
from deleverage.lab.events.model import Fills, States

DELEVERAGING = "Auto-Deleveraging"
SUFFIXES = (".json", ".jsonl", ".ndjson")
_DEEPEST = 12
_FILL = {"coin", "px", "sz", "time"}
_STATE = {"assetPositions", "marginSummary"}


@dataclass
class Found:
    """What has been read so far."""

    fills: list[OneFill] = field(default_factory=list)
    states: list[OneState] = field(default_factory=list)
    ordinary: int = 0
    bankrupt: int = 0
    nobody: int = 0  # records whose user no list names


def read_files(root: Path, paths: list[Path], faults: list[Fault]) -> tuple[list[Source], Found]:
    """Return the sources and everything that the files hold, adding to ``faults``."""
    found = Found()
    sources = []
    for path in paths:
        content = read_json(path, faults)
        sources.append(cells.source_of(root, path))
        records = list(_records(content, "", path.name, 0))
        if content is not None and not records:
            faults.append(Fault(path.name, 0, "", "holds neither fills nor a clearinghouseState"))
        for user, record, place in records:
            found.nobody += not user
            row = Row(path.name, 0, {}, faults)
            if record.keys() >= _STATE:
                _state(record, user or path.stem, row, place, found)
            else:
                _fill(record, user or path.stem, row, place, found)
    return sources, found


def looks_like(content: Any) -> bool:
    """Return whether JSON holds a record of ours."""
    return next(_records(content, "", "", 0), None) is not None


def _records(content: Any, user: str, place: str, depth: int) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield every fill and state with its user and place, wherever it stands."""
    if depth > _DEEPEST:
        return
    if isinstance(content, list):
        if len(content) == 2 and isinstance(content[0], str) and isinstance(content[1], dict):
            yield from _records(content[1], content[0], place, depth + 1)
            return
        for at, item in enumerate(content):
            yield from _records(item, user, f"{place}[{at}]", depth + 1)
    elif isinstance(content, dict):
        named = content.get("user")
        user = named if isinstance(named, str) and named else user
        if content.keys() >= _STATE or content.keys() >= _FILL:
            yield user, content, place
            return
        for key, item in content.items():
            whose = key if key.startswith("0x") and isinstance(item, list | dict) else user
            yield from _records(item, whose, f"{place}.{key}", depth + 1)


def _row(row: Row, record: dict[str, Any], place: str) -> Row:
    """Return a record as a row of texts: what is no text and no number is empty, and a fault where it is needed."""
    texts = {key: value if isinstance(value, str) else "" for key, value in record.items()}
    return Row(place, 0, texts, row.faults)


def _fill(record: dict[str, Any], user: str, row: Row, place: str, found: Found) -> None:
    if record.get("dir") != DELEVERAGING:
        found.ordinary += 1
        return
    inner = record.get("liquidation")
    liquidation = _row(row, inner if isinstance(inner, dict) else {}, f"{place}.liquidation")
    against = cells.optional(liquidation, "liquidatedUser")
    if against == user:
        found.bankrupt += 1
        return
    fill = _row(row, record, place)
    found.fills.append(
        OneFill(
            time_ms=cells.moment_ms(fill, "time"),
            coin=cells.label(fill, "coin"),
            user=user,
            side=_side(fill),
            size=cells.above_zero(fill, "sz"),
            price=cells.above_zero(fill, "px"),
            mark=cells.maybe(liquidation, "markPx"),
            closed_profit=cells.maybe(fill, "closedPnl"),
            against=against,
            key=cells.optional(fill, "tid") or cells.optional(fill, "hash"),
            held=abs(cells.maybe(fill, "startPosition")),
            sequence=sequence_of(fill.cells),
        )
    )


def _side(fill: Row) -> int:
    """Return the side that was closed: that of the position before, else the other one than was traded."""
    if fill.cells.get("startPosition", "") not in cells.UNDEFINED:
        return int(np.sign(cells.number(fill, "startPosition")))
    return {"A": 1, "B": -1}.get(cells.optional(fill, "side"), 0)


def _state(record: dict[str, Any], user: str, row: Row, place: str, found: Found) -> None:
    inner = record["marginSummary"]
    summary = _row(row, inner if isinstance(inner, dict) else {}, f"{place}.marginSummary")
    for name in ("accountValue", "totalNtlPos"):
        summary.cells.setdefault(name, "")
    top = _row(row, record, place)
    listed = record["assetPositions"]
    profit = 0.0
    legs: list[Position] = []
    for at, item in enumerate(listed if isinstance(listed, list) else []):
        inner = item.get("position") if isinstance(item, dict) else None
        position = _row(row, inner if isinstance(inner, dict) else {}, f"{place}.assetPositions[{at}].position")
        for name in ("coin", "szi", "positionValue", "unrealizedPnl"):
            position.cells.setdefault(name, "")
        size, value = cells.number(position, "szi"), cells.least_zero(position, "positionValue")
        profit += cells.number(position, "unrealizedPnl")
        coin = cells.label(position, "coin")
        if size:
            legs.append(Position(coin, size, value))
            if wrong := wrong_leg(tuple(legs)):
                position.fault("coin", wrong)
    stated = cells.moment_ms(top, "time") if "time" in top.cells else 0
    equity, notional = cells.number(summary, "accountValue"), cells.least_zero(summary, "totalNtlPos")
    found.states.append(OneState(user, -1, stated, equity, profit, notional, is_loser=False, positions=tuple(legs)))


def event_parts(found: Found) -> tuple[Fills | None, States | None]:
    """Return fills in the order of the event and statements; a loser is who is liquidated in one of the fills.

    A statement goes with the first fill of its account that is not before it; of several before one fill, that of the
    last moment; of several of that moment, the one with the largest notional.
    """
    losers = {fill.against for fill in found.fills}
    fills = [found.fills[at] for at in in_time(found.fills)]
    states = [state._replace(is_loser=state.user in losers) for state in by_moment(found.states)]
    own: dict[str, list[int]] = {}
    for at, fill in enumerate(fills):
        for user in {fill.user, fill.against}:
            own.setdefault(user, []).append(at)
    last: dict[tuple[str, int], int] = {}
    for at, state in enumerate(states):
        later = (place for place in own.get(state.user, ()) if 0 < state.stated_ms <= fills[place].time_ms)
        place = next(later, -1)
        before = last.get((state.user, place))
        if place >= 0 and (before is None or states[before].stated_ms < state.stated_ms):
            last[state.user, place] = at
    for (_, place), at in last.items():
        states[at] = states[at]._replace(fill=place)
    return fills_of(fills) if fills else None, states_of(states)


def marks_of(found: Found) -> dict[str, float]:
    """Return a price of each coin: what the first statement that has it says that a unit is worth."""
    marks: dict[str, float] = {}
    for state in by_moment(found.states):
        for leg in state.positions or ():
            marks.setdefault(leg.coin, leg.value_usd / abs(leg.size))
    return dict(sorted(marks.items()))
