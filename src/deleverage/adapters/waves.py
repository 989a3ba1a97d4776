"""Waves of a deleveraging event, coin by coin: gaps and quantities of others, brought onto the law's grid.

Input: the table ``two_pass_wave_coin_gap_per_contract.csv`` of pluriholonomic/autodeleveraging-analysis (one row per
wave and coin) and a price per coin. What a row means: in this wave, ``qty_contracts`` of the coin were closed, and the
amount at which they were closed lay ``gap_usd_x_qty`` USD away from the mark. The gaps are absolute: the table does not
say which side gained.

* ``gap_usd_x_qty`` is the money that counts. ``gap_per_contract_usd`` is checked against it and used for nothing else.
* Money is kept in 10^-6 USD, quantities in lots as fine as the coin's own quantities, prices in ticks that make one
  tick x one lot exactly one quantum. All three are rounded half to even and the total moved is reported.
* Prices are the event's average per coin, one reference mark for all waves: the table carries gaps, not prices.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from deleverage.adapters.grid import Moved, in_units, units_half_even
from deleverage.adapters.tables import Fault, Source, TableFault, read_table
from deleverage.rulebook.quantities import Scale

WAVE_TABLE = "two_pass_wave_coin_gap_per_contract.csv"
WAVE_FOLDER = "eval_horizon_sweep/gap_ms=5000/horizon_ms=0"
TOTALS_TABLE = "two_pass_equity_delta_by_wave.csv"

QUANTUM = Scale(1, 6)
"""One quantum is 10^-6 USD."""

_NOISE = Fraction(1, 10**12)
"""Sums of float64 differ from the decimal they mean by less than this share."""


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin as a market: one tick x one lot is one quantum; ``basis`` says where the reference mark came from."""

    coin: str
    tick: Scale
    lot: Scale
    mark_ticks: int
    basis: str


@dataclass(frozen=True, slots=True)
class WaveRow:
    """One coin of one wave: ``lots`` closed, ``gap_quanta`` (>= 0) between their amount and the mark."""

    coin: str
    lots: int
    gap_quanta: int
    line: int


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave: its number, time and rows by coin; ``published_quanta`` is its total as others print it, if given."""

    number: int
    start_ms: int
    end_ms: int
    rows: tuple[WaveRow, ...]
    published_quanta: int | None


@dataclass(frozen=True, slots=True)
class Event:
    """A whole event on the grid, what rounding moved on the way, and where it all came from."""

    waves: tuple[Wave, ...]
    coins: dict[str, Coin]
    money_moved: Moved
    lots_moved: Moved  # valued at the mark
    marks_moved: Moved  # change of the rows' notional
    gap_mismatches: int  # rows whose gap per contract x quantity differs from the gap by a quantum or more
    sources: tuple[Source, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """A row as it stands in the table, exactly."""

    wave: int
    start_ms: int
    end_ms: int
    coin: str
    gap: Fraction
    quantity: Fraction
    per_contract: Fraction
    line: int


def load_event(event_dir: Path, prices: Path | None = None) -> Event:
    """Return the event below a folder, or raise TableFault with everything that is wrong with its files."""
    faults: list[Fault] = []
    notes: list[str] = []
    table = _find(event_dir, WAVE_TABLE, WAVE_FOLDER, faults)
    if table is None:
        raise TableFault(faults)
    source, reads = _read_waves(table, faults)
    sources = [source]
    price_of: dict[str, Fraction] = {}
    prices = prices or _prices_beside(event_dir)
    if prices is not None:
        price_source, price_of = _read_prices(prices, faults)
        sources.append(price_source)
    else:
        notes.append("no price file: every reference mark is an assumption")
    published: dict[int, Fraction] = {}
    if (totals := table.with_name(TOTALS_TABLE)).is_file():
        totals_source, published = _read_totals(totals, faults)
        sources.append(totals_source)
    if faults:
        raise TableFault(faults)
    if published and (missing := sorted({read.wave for read in reads} - set(published))):
        notes.append(f"{TOTALS_TABLE} has no total for wave {', '.join(map(str, missing[:8]))}")
    coins = _coins(reads, price_of, notes, faults, source.file)
    if faults:
        raise TableFault(faults)
    return _on_grid(reads, coins, price_of, published, tuple(sources), notes)


# -- reading ----------------------------------------------------------------------------------------------------------


def _find(event_dir: Path, name: str, folder: str, faults: list[Fault]) -> Path | None:
    if not _is_folder(event_dir):
        faults.append(Fault(str(event_dir), 0, "", "is not a folder"))
        return None
    for place in (event_dir / folder / name, event_dir / name):
        if place.is_file():
            return place
    found = sorted(event_dir.rglob(name))
    if len(found) != 1:
        sentence = f"holds {len(found)} files {name}, expected is one, at best under {folder}"
        faults.append(Fault(str(event_dir), 0, "", sentence))
        return None
    return found[0]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no file system takes
        return False


def _prices_beside(event_dir: Path) -> Path | None:
    """Return ``<folder>_coins.csv`` inside the event's folder or beside it."""
    name = f"{event_dir.resolve().name}_coins.csv"
    for place in (event_dir / name, event_dir.resolve().parent / name):
        if place.is_file():
            return place
    return None


def _read_waves(path: Path, faults: list[Fault]) -> tuple[Source, list[_Read]]:
    columns = ("wave", "t_start_ms", "t_end_ms", "coin", "gap_usd_x_qty", "qty_contracts", "gap_per_contract_usd")
    source, rows = read_table(path, columns, faults)
    reads: list[_Read] = []
    seen: dict[tuple[int, str], int] = {}
    times: dict[int, tuple[int, int]] = {}
    for row in rows:
        faults_before = len(faults)
        read = _Read(
            row.whole("wave", 1),
            row.whole("t_start_ms"),
            row.whole("t_end_ms"),
            row.name("coin"),
            row.not_negative("gap_usd_x_qty"),
            row.positive("qty_contracts"),
            row.not_negative("gap_per_contract_usd"),
            row.line,
        )
        reads.append(read)
        if len(faults) > faults_before:
            continue  # What stands for a faulty cell must not be compared with other rows.
        first = seen.setdefault((read.wave, read.coin), row.line)
        if first != row.line:
            row.fault("coin", f"wave {read.wave} has {read.coin} already, in line {first}")
        if read.start_ms > read.end_ms:
            row.fault("t_end_ms", f"the wave ends at {read.end_ms}, before it starts at {read.start_ms}")
        if times.setdefault(read.wave, (read.start_ms, read.end_ms)) != (read.start_ms, read.end_ms):
            row.fault("t_start_ms", f"wave {read.wave} has another start or end in an earlier line")
    return source, reads


def _read_prices(path: Path, faults: list[Fault]) -> tuple[Source, dict[str, Fraction]]:
    source, rows = read_table(path, ("coin", "average_adl_price_usd"), faults)
    prices: dict[str, Fraction] = {}
    for row in rows:
        coin, price = row.name("coin"), row.positive("average_adl_price_usd")
        if coin in prices:
            row.fault("coin", f"{coin} has a price already")
        prices[coin] = price
    return source, prices


def _read_totals(path: Path, faults: list[Fault]) -> tuple[Source, dict[int, Fraction]]:
    source, rows = read_table(path, ("wave", "budget_needed_usd"), faults)
    totals: dict[int, Fraction] = {}
    for row in rows:
        wave, total = row.whole("wave", 1), row.not_negative("budget_needed_usd")
        if wave in totals:
            row.fault("wave", f"wave {wave} has a total already")
        totals[wave] = total
    return source, totals


# -- onto the grid ----------------------------------------------------------------------------------------------------


def _coins(
    reads: list[_Read], price_of: dict[str, Fraction], notes: list[str], faults: list[Fault], file: str
) -> dict[str, Coin]:
    coins = {}
    for name in sorted({read.coin for read in reads}):
        rows = [read for read in reads if read.coin == name]
        price, basis = _price(name, rows, price_of)
        if price != price_of.get(name):
            notes.append(f"{name}: {basis}")
        decimals = _lot_decimals([read.quantity for read in rows], price)
        tick = Scale(1, QUANTUM.decimals - decimals)
        mark_ticks = units_half_even(price, tick)
        if mark_ticks < 1:
            sentence = f"the price of {name} is below one tick of 10^-{tick.decimals} USD"
            faults.append(Fault(file, rows[0].line, "coin", sentence))
        coins[name] = Coin(name, tick, Scale(1, decimals), mark_ticks, basis)
    return coins


def _price(coin: str, rows: Iterable[_Read], price_of: dict[str, Fraction]) -> tuple[Fraction, str]:
    """Return a coin's reference mark in USD and its basis.

    ``kPEPE`` is a unit of 1,000 PEPE; other files write it KPEPE, or price the single coin. Without any price the mark
    is set to twenty times the coin's largest gap per contract (a gap of 5 %): the money moved does not hang on it.
    """
    if coin in price_of:
        return price_of[coin], "average price of the event"
    if coin.startswith("k") and coin.upper() in price_of:
        return price_of[coin.upper()], f"average price of the event, listed as {coin.upper()}"
    if coin.startswith("k") and coin[1:] in price_of:
        return price_of[coin[1:]] * 1000, f"1,000 x the average price of {coin[1:]}"
    largest = max(row.gap / row.quantity for row in rows)
    return largest * 20 or Fraction(1), "no price: assumed 20 x the largest gap per contract, or 1 USD without a gap"


def _lot_decimals(quantities: list[Fraction], price: Fraction) -> int:
    """Return the decimals of the coarsest lot that fits all quantities up to float noise.

    At most five, and never so many that the price has fewer than a thousand ticks (but whole units of the coin always
    do): a finer quantity is rounded, which the event reports.
    """
    fine = [d for d in range(QUANTUM.decimals) if price * 10 ** (QUANTUM.decimals - d) >= 1000] or [0]
    for decimals in fine:
        scale = Scale(1, decimals)
        if all(abs(in_units(units_half_even(q, scale), scale) - q) <= q * _NOISE for q in quantities):
            return decimals
    return fine[-1]


def _on_grid(
    reads: list[_Read],
    coins: dict[str, Coin],
    price_of: dict[str, Fraction],
    published: dict[int, Fraction],
    sources: tuple[Source, ...],
    notes: list[str],
) -> Event:
    money, lots_moved, marks = Moved(), Moved(), Moved()
    mismatches = 0
    rows: dict[int, list[WaveRow]] = {}
    times: dict[int, tuple[int, int]] = {}
    for read in reads:
        coin = coins[read.coin]
        gap_quanta = units_half_even(read.gap, QUANTUM)
        lots = units_half_even(read.quantity, coin.lot)
        if not lots:
            notes.append(f"wave {read.wave} {read.coin}: the quantity is below half a lot and was rounded up to one")
        lots = lots or 1
        mark = in_units(coin.mark_ticks, coin.tick)
        money.note(read.gap, in_units(gap_quanta, QUANTUM))
        lots_moved.note(read.quantity * mark, in_units(lots, coin.lot) * mark)
        marks.note(read.quantity * price_of.get(read.coin, mark), read.quantity * mark)
        mismatches += abs(read.per_contract * read.quantity - read.gap) >= in_units(1, QUANTUM)
        rows.setdefault(read.wave, []).append(WaveRow(read.coin, lots, gap_quanta, read.line))
        times[read.wave] = (read.start_ms, read.end_ms)
    waves = tuple(
        Wave(
            number,
            *times[number],
            tuple(sorted(rows[number], key=lambda row: row.coin)),
            units_half_even(published[number], QUANTUM) if number in published else None,
        )
        for number in sorted(rows)
    )
    return Event(waves, coins, money, lots_moved, marks, mismatches, sources, tuple(notes))
