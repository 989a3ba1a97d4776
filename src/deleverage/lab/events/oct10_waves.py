"""Tables of waves: the losers', production's at each horizon, and the gaps coin by coin; one row a wave, put together.

A number that stands in several tables is taken from the one that it belongs to: the deficit from the losers', the
needed budget from production's. What the others repeat is kept beside it, and a difference is told, not mended.
"""

import re
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path

from deleverage.adapters.tables import Fault, Row, Source
from deleverage.lab.events.cells import above_zero, count, label, least_zero, maybe, moment_ms, number, read_once
from deleverage.lab.events.model import CoinGap, Repeat, Wave

LOSERS = "bad_debt_loser_waves.csv"
TAKEN = "two_pass_equity_delta_by_wave.csv"
GAPS = "two_pass_wave_coin_gap_per_contract.csv"

_LOSER_COLUMNS = ("wave", "t_start_ms", "t_end_ms", "n_rows", "unique_losers", "deficit_usd", "max_loss_usd")
_TAKEN_COLUMNS = ("wave", "t_start_ms", "t_end_ms", "budget_needed_usd", "budget_prod_usd")
_GAP_COLUMNS = ("wave", "t_start_ms", "t_end_ms", "coin", "gap_usd_x_qty", "qty_contracts", "gap_per_contract_usd")
_HORIZON = re.compile(r"horizon_ms=([0-9]{1,9})")
_NAN = float("nan")


@dataclass
class Part:
    """What is known of one wave so far."""

    times: tuple[int, int]
    place: str  # where the times stood first
    fills: int = 0
    losers: int = 0
    deficit: float = _NAN
    max_loss: float = _NAN
    equity: float = _NAN
    profit: float = _NAN
    needed_at: dict[int, float] = field(default_factory=dict)
    deficit_at: dict[int, float] = field(default_factory=dict)
    max_loss_at: dict[int, float] = field(default_factory=dict)
    taken: dict[int, float] = field(default_factory=dict)
    largest: dict[int, float] = field(default_factory=dict)
    coins: list[CoinGap] = field(default_factory=list)

    def wave(self, number: int, needed: float) -> Wave:
        """Return the wave, its coins by name; ``needed`` where no table of production says it."""
        first = min(self.needed_at, default=None)
        return Wave(
            number,
            *self.times,
            fills=self.fills,
            losers=self.losers,
            deficit_usd=self.deficit if not isnan(self.deficit) else _first(self.deficit_at),
            max_loss_usd=self.max_loss if not isnan(self.max_loss) else _first(self.max_loss_at),
            needed_usd=needed if first is None else self.needed_at[first],
            taken_usd=self.taken,
            largest_taken_usd=self.largest,
            winners_equity_usd=self.equity,
            winners_profit_usd=self.profit,
            coins=tuple(sorted(self.coins, key=lambda gap: gap.coin)),
            needed_at_usd=self.needed_at,
            deficit_at_usd=self.deficit_at,
        )


class Parts(dict[int, Part]):
    """Waves by number."""

    def of(self, row: Row, seen: set[tuple[int, str]], coin: str = "") -> Part:
        """Return the wave that a row is about; a second row, or another start or end than before, is a fault."""
        before = len(row.faults)
        number = count(row, "wave", 1)
        times = (moment_ms(row, "t_start_ms"), moment_ms(row, "t_end_ms"))
        if len(row.faults) > before:
            return Part(times, "")  # What stands for a faulty cell must not be compared with other rows.
        if times[0] > times[1]:
            row.fault("t_end_ms", f"the wave ends at {times[1]}, before it starts at {times[0]}")
        if (number, coin) in seen:
            row.fault("wave", f"wave {number} has a row{f' for {coin}' if coin else ''} already")
        seen.add((number, coin))
        part = self.setdefault(number, Part(times, f"{row.file}:{row.line}"))
        if part.times != times:
            row.fault(
                "t_start_ms", f"wave {number} lasts from {times[0]} to {times[1]}, {part.place} says {part.times}"
            )
        return part


def horizon_of(path: Path) -> int | None:
    """Return the horizon in ms that a table's folder names, None where it names none."""
    found = _HORIZON.fullmatch(path.parent.name)
    return int(found[1]) if found else None


def read_losers(root: Path, path: Path, parts: Parts, faults: list[Fault], repeats: list[Repeat]) -> Source:
    """Add the losers' table: fills, bankrupts, deficit and largest loss of each wave."""
    source, rows = read_once(root, path, _LOSER_COLUMNS, faults, repeats, "deficit_usd")
    seen: set[tuple[int, str]] = set()
    for row in rows:
        part = parts.of(row, seen)
        part.fills, part.losers = count(row, "n_rows"), count(row, "unique_losers")
        part.deficit, part.max_loss = least_zero(row, "deficit_usd"), least_zero(row, "max_loss_usd")
    return source


def read_taken(
    root: Path, path: Path, parts: Parts, faults: list[Fault], repeats: list[Repeat], notes: list[str]
) -> Source:
    """Add production's haircut at one horizon; the horizon is the folder's, else what the rows' end of looking says."""
    source, rows = read_once(root, path, _TAKEN_COLUMNS, faults, repeats, "budget_prod_usd")
    named = horizon_of(path)
    seen: set[tuple[int, str]] = set()
    other = 0
    for row in rows:
        part = parts.of(row, seen)
        looked = moment_ms(row, "t_eval_end_ms") - part.times[1] if "t_eval_end_ms" in row.cells else None
        horizon = named if named is not None else looked or 0
        other += looked is not None and looked != horizon
        if horizon in part.taken:
            row.fault("wave", f"wave {row.cells['wave']} has a row at {horizon} ms already")
        part.needed_at[horizon] = least_zero(row, "budget_needed_usd")
        part.taken[horizon] = least_zero(row, "budget_prod_usd")
        part.deficit_at[horizon] = maybe(row, "deficit_usd")
        part.max_loss_at[horizon] = maybe(row, "max_loss_usd")
        part.largest[horizon] = maybe(row, "max_prod_haircut_usd")
        part.equity, part.profit = maybe(row, "winners_equity_start_usd"), maybe(row, "winners_pnl_start_usd")
    if other:
        notes.append(f"{source.file}: {other} rows look at another horizon than their folder says")
    return source


def read_gaps(root: Path, path: Path, parts: Parts, faults: list[Fault], repeats: list[Repeat]) -> Source:
    """Add the gaps: of each coin in each wave what was closed, and how far from the mark."""
    source, rows = read_once(root, path, _GAP_COLUMNS, faults, repeats, "gap_usd_x_qty")
    seen: set[tuple[int, str]] = set()
    for row in rows:
        coin = label(row, "coin")
        part = parts.of(row, seen, coin)
        gap, per_unit = least_zero(row, "gap_usd_x_qty"), number(row, "gap_per_contract_usd")
        part.coins.append(CoinGap(coin, gap, above_zero(row, "qty_contracts"), per_unit))
    return source


def _first(by_horizon: dict[int, float]) -> float:
    """Return the number at the shortest horizon, NaN where there is none."""
    return by_horizon[min(by_horizon)] if by_horizon else _NAN
