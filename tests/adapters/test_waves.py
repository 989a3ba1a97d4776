"""The strict loader of wave tables: real figures to the quantum, and every fault of a bad file at once."""

from fractions import Fraction
from pathlib import Path

import pytest

from deleverage.adapters.tables import TableFault
from deleverage.adapters.waves import QUANTUM, WAVE_FOLDER, WAVE_TABLE, Event, load_event
from deleverage.rulebook.quantities import Scale

HEADER = "wave,t_start_ms,t_end_ms,coin,gap_usd_x_qty,qty_contracts,gap_per_contract_usd"
PRICES = "coin,average_adl_price_usd\nBTC,100000.55\nKPEPE,0.0045\nSHIB,0.0000079\n"
GOOD = "1,1000,2000,BTC,12.3456785,0.14390000000000003,85.8"


def write_event(folder: Path, *lines: str, prices: str | None = PRICES, header: str = HEADER) -> Path:
    """Return an event folder with these lines as its wave table, and a price file beside it."""
    event = folder / "crash"
    (event / WAVE_FOLDER).mkdir(parents=True)
    (event / WAVE_FOLDER / WAVE_TABLE).write_text("\n".join((header, *lines, "")), encoding="utf-8")
    if prices is not None:
        (folder / "crash_coins.csv").write_text(prices, encoding="utf-8")
    return event


def faults_of(event: Path, prices: Path | None = None) -> list[str]:
    """Return the faults of an event that must be refused."""
    with pytest.raises(TableFault) as refusal:
        load_event(event, prices)
    return [str(fault) for fault in refusal.value.faults]


@pytest.fixture(scope="module")
def real(shared_dir: Path) -> Event:
    """Return the real event."""
    return load_event(shared_dir / "data" / "oct10")


def test_real_event_when_loaded_then_sums_to_the_published_money(real: Event) -> None:
    """All 728 rows are there and their gaps sum to 15,079,669.609008 USD, wave by wave as published."""
    assert sum(len(wave.rows) for wave in real.waves) == 728
    assert sum(row.gap_quanta for wave in real.waves for row in wave.rows) == 15_079_669_609_008
    for wave in real.waves:
        assert wave.published_quanta == sum(row.gap_quanta for row in wave.rows)


def test_real_event_when_loaded_then_reports_what_rounding_moved(real: Event) -> None:
    """Gaps move by less than half a quantum each, lots only by float noise; both directions are kept apart."""
    assert real.money_moved.rounded == 728
    assert real.money_moved.up > 0
    assert real.money_moved.down > 0
    assert real.money_moved.up + real.money_moved.down < Fraction(728, 2 * 10**6)
    assert real.lots_moved.up + real.lots_moved.down < Fraction(1, 10**6)
    assert real.gap_mismatches == 0


def test_real_event_when_loaded_then_each_coin_has_a_price_and_one_tick_lot_is_a_quantum(real: Event) -> None:
    """Tick x lot is one quantum in every market, and no mark had to be assumed."""
    assert real.notes == ()
    for coin in real.coins.values():
        assert QUANTUM.decimals == coin.tick.decimals + coin.lot.decimals
        assert coin.mark_ticks >= 100
    assert Scale(1, 5) == real.coins["BTC"].lot
    assert Scale(1, 0) == real.coins["kPEPE"].lot


def test_row_when_read_then_money_is_rounded_half_to_even_and_lots_lose_float_noise(tmp_path: Path) -> None:
    """12.3456785 USD becomes ...678 (even) and 0.14390000000000003 becomes 0.1439, both reported."""
    event = load_event(write_event(tmp_path, GOOD))
    (row,) = event.waves[0].rows
    assert (row.gap_quanta, row.lots) == (12_345_678, 1_439)
    assert (event.money_moved.up_count, event.money_moved.down_count) == (0, 1)
    assert Fraction(5, 10**7) == event.money_moved.down
    assert event.lots_moved.down == Fraction(3, 10**17) * Fraction("100000.55")
    assert event.coins["BTC"].mark_ticks == 10_000_055


def test_quantity_when_finer_than_the_price_allows_then_is_rounded_and_reported(tmp_path: Path) -> None:
    """A cheap coin keeps a mark of a thousand ticks; what its quantity loses is said, not refused."""
    event = load_event(write_event(tmp_path, "1,0,0,kPEPE,5,1000.12345,0.005"))
    assert event.waves[0].rows[0].lots == 1_000
    assert event.coins["kPEPE"].mark_ticks == 4_500
    assert event.lots_moved.down == Fraction("0.12345") * Fraction("0.0045")


def test_number_when_in_finite_scientific_notation_then_is_read_exactly(tmp_path: Path) -> None:
    """A float64 table writes 2e-05; it is a finite decimal and read without a float."""
    event = load_event(write_event(tmp_path, "1,0,0,BTC,2.5e-05,1e3,2.5E-08"))
    assert (event.waves[0].rows[0].gap_quanta, event.waves[0].rows[0].lots) == (25, 1_000)


def test_coin_when_k_prefixed_then_finds_its_price_in_upper_case_or_per_thousand(tmp_path: Path) -> None:
    """kPEPE is listed as KPEPE elsewhere; kSHIB is a thousand SHIB; both are said in a note."""
    event = load_event(write_event(tmp_path, "1,0,0,kPEPE,1,1000,0.001", "1,0,0,kSHIB,1,1000,0.001"))
    assert (event.coins["kPEPE"].mark_ticks, event.coins["kSHIB"].mark_ticks) == (4_500, 7_900)
    assert [note.split(":")[0] for note in event.notes] == ["kPEPE", "kSHIB"]


def test_coin_when_it_has_no_price_then_a_stated_mark_is_assumed(tmp_path: Path) -> None:
    """The money a row moves does not hang on the mark; the assumption is named."""
    event = load_event(write_event(tmp_path, "1,0,0,NEW,10,4,2.5"))
    assert event.coins["NEW"].mark_ticks == 50_000_000
    assert "assumed 20 x the largest gap per contract" in event.notes[0]


def test_event_when_it_has_no_price_file_then_says_that_marks_are_assumed(tmp_path: Path) -> None:
    """Without any price file the event still loads, with the assumption first among its notes."""
    event = load_event(write_event(tmp_path, GOOD, prices=None))
    assert event.notes[0] == "no price file: every reference mark is an assumption"


@pytest.mark.parametrize(
    ("line", "column", "sentence"),
    [
        ("1,0,0,BTC,nan,1,1", "gap_usd_x_qty", "'nan' is not a finite decimal number"),
        ("1,0,0,BTC,1,NaN,1", "qty_contracts", "'NaN' is not a finite decimal number"),
        ("1,0,0,BTC,inf,1,1", "gap_usd_x_qty", "'inf' is not a finite decimal number"),
        ("1,0,0,BTC,1e999,1,1", "gap_usd_x_qty", "1e999 lies outside the range of a float64"),
        ("1,0,0,BTC,1_000,1,1", "gap_usd_x_qty", "'1_000' is not a finite decimal number"),
        ("1,0,0,BTC,١,1,1", "gap_usd_x_qty", "is not a finite decimal number"),  # noqa: RUF001
        ("1,0,0,BTC,,1,1", "gap_usd_x_qty", "'' is not a finite decimal number"),
        ("1,0,0,BTC,-5,1,1", "gap_usd_x_qty", "-5 is negative"),
        ("1,0,0,BTC,5,-1,1", "qty_contracts", "-1 is not above 0"),
        ("1,0,0,BTC,5,0,1", "qty_contracts", "0 is not above 0"),
        ("0,0,0,BTC,5,1,1", "wave", "0 is below 1"),
        ("1.0,0,0,BTC,5,1,1", "wave", "'1.0' is not a whole number"),
        ("1,9,8,BTC,5,1,1", "t_end_ms", "ends at 8, before it starts at 9"),
        ("1,0,0,,5,1,1", "coin", "'' is not a name"),
        ("1,0,0,B/TC,5,1,1", "coin", "'B/TC' is not a name"),
        ("1,0,0,BTC,5,1", "", "has 6 fields, the header 7"),
    ],
)
def test_bad_row_when_read_then_is_refused_with_file_line_and_column(
    tmp_path: Path, line: str, column: str, sentence: str
) -> None:
    """Each kind of bad cell is refused and located."""
    (fault,) = faults_of(write_event(tmp_path, "1,0,0,ETH,5,1,5", line))[:1]
    assert fault.startswith(f"{WAVE_TABLE}:3: {column + ': ' if column else ''}")
    assert sentence in fault


def test_bad_file_when_read_then_lists_every_fault_not_only_the_first(tmp_path: Path) -> None:
    """Three bad lines in two files give four faults in one refusal."""
    event = write_event(
        tmp_path, "1,0,0,BTC,nan,-1,1", "1,0,0,ETH,-5,1,1", prices="coin,average_adl_price_usd\nBTC,0\n"
    )
    assert len(faults_of(event)) == 4


def test_row_when_wave_and_coin_repeat_then_is_refused_with_the_first_line(tmp_path: Path) -> None:
    """One wave has a coin once."""
    assert [f"{WAVE_TABLE}:4: coin: wave 1 has BTC already, in line 2"] == faults_of(
        write_event(tmp_path, GOOD, "2,1000,2000,BTC,1,1,1", GOOD)
    )


def test_wave_when_its_times_differ_between_rows_then_is_refused(tmp_path: Path) -> None:
    """All rows of a wave share its start and end."""
    (fault,) = faults_of(write_event(tmp_path, GOOD, "1,1000,2001,ETH,1,1,1"))
    assert "wave 1 has another start or end in an earlier line" in fault


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (HEADER.replace(",coin", ""), "coin: column is missing, the header has wave, t_start_ms"),
        (HEADER + ",wave", "wave: column is there twice"),
    ],
)
def test_header_when_a_column_is_missing_or_double_then_is_refused(tmp_path: Path, header: str, sentence: str) -> None:
    """The header is checked before any row."""
    (fault,) = faults_of(write_event(tmp_path, GOOD, header=header))
    assert fault.startswith(f"{WAVE_TABLE}:1: {sentence}")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (HEADER.encode() + b"\n", "has a header and no rows"),
        (HEADER.encode() + b"\n1,0,0,\xff,1,1,1\n", "is not UTF-8 text"),
        (HEADER.encode() + b'\n1,0,0,"BTC,1,1,1\n', "is not CSV"),
    ],
)
def test_file_when_empty_or_no_table_then_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    """Empty files, headers alone, other encodings and broken quotes are faults, not an empty event."""
    event = write_event(tmp_path, GOOD)
    (event / WAVE_FOLDER / WAVE_TABLE).write_bytes(content)
    (fault,) = faults_of(event)
    assert sentence in fault


def test_event_when_folder_or_table_is_missing_then_is_refused_with_the_place(tmp_path: Path) -> None:
    """A missing folder, and a folder without the table, are named."""
    assert faults_of(Path("nowhere")) == ["nowhere: is not a folder"]
    (fault,) = faults_of(tmp_path)
    assert f"holds 0 files {WAVE_TABLE}, expected is one" in fault


def test_prices_when_named_file_is_missing_then_is_refused(tmp_path: Path) -> None:
    """A price file that was asked for must be there."""
    (fault,) = faults_of(write_event(tmp_path, GOOD), tmp_path / "none.csv")
    assert "none.csv: cannot be read" in fault


def test_price_when_below_one_tick_then_is_refused(tmp_path: Path) -> None:
    """A price that would round to zero ticks is no mark."""
    event = write_event(tmp_path, GOOD, prices="coin,average_adl_price_usd\nBTC,0.0000004\n")
    (fault,) = faults_of(event)
    assert "the price of BTC is below one tick of 10^-6 USD" in fault
