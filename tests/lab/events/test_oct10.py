"""Tables of waves become one event; horizons and policies are what the names of folders and columns say."""

from math import isnan
from pathlib import Path

import pytest

from deleverage.adapters.tables import TableFault
from deleverage.lab.events.load import load
from tests.lab.events import folders


def test_wave_tables_when_read_then_each_number_stands_where_it_belongs(tmp_path: Path) -> None:
    """Two waves, with what each table says of them."""
    event = load(folders.small_event(tmp_path / "small"))
    first, second = event.waves
    assert (first.number, second.number, second.start_ms, second.end_ms) == (1, 3, 9000, 9500)
    assert (first.fills, first.losers, first.deficit_usd, second.max_loss_usd) == (3, 1, 100.0, 30.0)
    assert second.taken_usd == {0: 70.5, 1000: 40.0}
    assert (second.needed_at_usd, second.largest_taken_usd) == ({0: 20.0, 1000: 20.0}, {0: 20.0, 1000: 20.0})
    assert [(gap.coin, gap.gap_usd, gap.quantity) for gap in second.coins] == [("kPEPE", 20.0, 4.0)]
    assert event.marks == {"BTC": 100.0, "kPEPE": 0.5}
    assert [(shock.start_ms, shock.end_ms) for shock in event.shocks] == [(1000, 1500), (9000, 9000)]
    assert [reaction.user for reaction in event.reactions] == ["0xa", "0xb", "0xc"]
    assert event.notes == ()


def test_wave_tables_when_read_then_policies_come_from_the_columns_and_empty_ratios_are_nan(tmp_path: Path) -> None:
    """A scale belongs to the policy whose name its column begins."""
    claims = {(c.policy, c.wave, c.name): c.value for c in load(folders.small_event(tmp_path / "small")).claims}
    assert {policy for policy, _, _ in claims} == {"prod", "fair"}
    assert isnan(claims["prod", 1, "ptsr"])
    assert claims["fair", 3, "scale"] == 2.0
    assert ("prod", 3, "scale") not in claims
    assert claims["prod", 3, "needed"] == 20.0


def test_wave_tables_when_optional_ones_are_missing_then_notes_say_so(tmp_path: Path) -> None:
    """One table alone is an event; what is missing is told."""
    folder = tmp_path / "small"
    folders.write(
        folder / folders.LOSERS,
        "wave,t_start_ms,t_end_ms,n_rows,unique_losers,deficit_usd,max_loss_usd",
        "1,1000,1000,3,1,100,100",
    )
    event = load(folder)
    assert (len(event.waves), isnan(event.waves[0].needed_usd)) == (1, True)
    assert sum(name in " ".join(event.notes) for name in (folders.TAKEN, folders.GAPS, folders.POLICIES)) == 3


@pytest.mark.parametrize(
    ("table", "old", "new", "told"),
    [
        (folders.LOSERS, "1,1000,1000,3,1,100,100", "1,1000,1000,3,1,nan,100", "deficit_usd: 'nan' is not a finite"),
        (folders.LOSERS, "3,9000,9500,2,2", "1,1000,1000,2,2", "wave 1 has a row already"),
        (folders.LOSERS, "3,9000,9500", "3,9500,9000", "before it starts"),
        (folders.LOSERS, "3,9000,9500", "3,9001,9500", "says (9001, 9500)"),
        (folders.LOSERS, "n_rows", "rows", "n_rows: column is missing"),
        (folders.POLICIES, "3,20,70.5", "1,20,70.5", "wave 1 has a row already"),
        (folders.POLICIES, "-10,0,0.5", "x,0,0.5", "overshoot_prod: 'x' is not a finite decimal number"),
        (folders.SHOCKS, "00:00:01+00:00,", "00:00:01,", "neither epoch milliseconds nor a time"),
        (folders.SHOCKS, ",5,30,20", ",5,30,-20", "is negative"),
        (folders.REACTIONS, "0xb,5,0.01", "0xa,5,0.01", "0xa has a row already"),
        (folders.REACTIONS, "0xb,5,0.01", "0xb,5,1.01", "is above 1"),
        (folders.REACTIONS, "0xb,5,0.01", "0xb,5.5,0.01", "'5.5' is not a whole number"),
        (folders.SHOCKS, "KPEPE,1", "KPEPE,0.0", "0.0 is below 1"),
        (f"sweep/gap_ms=5000/horizon_ms=1000/{folders.TAKEN}", "40,60", "40,1e400", "outside the range of a float64"),
        (f"sweep/gap_ms=5000/horizon_ms=0/{folders.GAPS}", "2e1,4.0E0", "2e1,0", "is not above 0"),
    ],
)
def test_wave_tables_when_one_place_is_spoilt_then_it_is_named_with_its_file(
    tmp_path: Path, table: str, old: str, new: str, told: str
) -> None:
    """Each planted fault is found, in the file it was planted in."""
    folder = folders.small_event(tmp_path / "small")
    folders.replace(folder / table, old, new)
    with pytest.raises(TableFault) as caught:
        load(folder)
    sentences = [str(fault) for fault in caught.value.faults]
    assert [told in sentence for sentence in sentences].count(True) >= 1, sentences
    assert any(sentence.startswith(f"{table}:") for sentence in sentences) or table == folders.LOSERS, sentences


def test_wave_tables_when_two_are_spoilt_then_both_are_told(tmp_path: Path) -> None:
    """All faults at once."""
    folder = folders.small_event(tmp_path / "small")
    folders.replace(folder / folders.POLICIES, "-10,0,0.5", "x,0,0.5")
    folders.replace(folder / folders.SHOCKS, ",5,30,20", ",5,30,-20")
    with pytest.raises(TableFault) as caught:
        load(folder)
    assert {fault.file for fault in caught.value.faults} == {folders.POLICIES, folders.SHOCKS}


def test_wave_tables_when_two_rules_of_waves_are_there_then_one_is_asked_for(tmp_path: Path) -> None:
    """Waves of different gaps are different waves."""
    folder = folders.small_event(tmp_path / "small")
    there = folder / "sweep/gap_ms=5000/horizon_ms=0" / folders.TAKEN
    folders.write(folder / "sweep/gap_ms=1000/horizon_ms=0" / folders.TAKEN, *there.read_text("utf-8").splitlines())
    with pytest.raises(TableFault, match="waves of 2 rules"):
        load(folder)


def test_oct10_when_read_then_all_rows_are_there(shared_dir: Path) -> None:
    """The real event: 16 waves, 5 horizons, 7 policies."""
    event = load(shared_dir / "data" / "oct10")
    assert (len(event.waves), len(event.shocks), len(event.reactions), len(event.coins)) == (16, 1125, 19351, 162)
    assert sorted(event.waves[0].taken_usd) == [0, 500, 1000, 2000, 5000]
    assert len({claim.policy for claim in event.claims}) == 7
    assert sum(len(wave.coins) for wave in event.waves) == 728
    assert all(gap.coin in event.marks for wave in event.waves for gap in wave.coins)


def test_wave_tables_when_the_losers_are_missing_then_productions_tables_say_what_they_repeat_of_them(
    tmp_path: Path,
) -> None:
    """Deficit and largest loss stand in both; with neither they are unknown."""
    folder = folders.small_event(tmp_path / "small")
    (folder / folders.LOSERS).unlink()
    assert [(row.deficit_usd, isnan(row.max_loss_usd)) for row in load(folder).waves] == [(100.0, True), (50.0, True)]
    table = folder / "sweep/gap_ms=5000/horizon_ms=0" / folders.TAKEN
    table.write_text(
        table.read_text("utf-8")
        .replace("deficit_usd,", "max_loss_usd,deficit_usd,")
        .replace("1000,100,", "1000,99,100,")
        .replace("9500,50,", "9500,30,50,"),
        "utf-8",
    )
    assert [row.max_loss_usd for row in load(folder).waves] == [99.0, 30.0]


@pytest.mark.parametrize(
    ("table", "column", "total", "usd"),
    [
        (folders.LOSERS, "deficit_usd", 150.0, 50.0),
        (f"sweep/gap_ms=5000/horizon_ms=1000/{folders.TAKEN}", "budget_prod_usd", 100.0, 40.0),
        (f"sweep/gap_ms=5000/horizon_ms=0/{folders.GAPS}", "gap_usd_x_qty", 60.0, 20.0),
        (folders.POLICIES, "budget_needed", 60.0, 20.0),
        (folders.SHOCKS, "budget_queue_usd", 23.0, 3.0),
        (folders.REACTIONS, "n_adl_events", 14.0, 4.0),
        ("small_coins.csv", "adl_notional_usd", 302.0, 2.0),
    ],
)
def test_wave_tables_when_a_row_is_there_again_then_it_counts_once_and_is_told(
    tmp_path: Path, table: str, column: str, total: float, usd: float
) -> None:
    """The last row a second time: the event is what it was, but for what is told."""
    folder = folders.small_event(tmp_path / "small")
    clean, path = load(folder), folder / table
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[-1]]) + "\n", "utf-8")
    event = load(folder)
    assert [(one.file, one.line, one.first_line, one.column) for one in event.repeats] == [
        (table, len(lines) + 1, len(lines), column)
    ]
    assert [(one.total, one.usd) for one in event.repeats] == [(total, usd)]
    assert event.notes == (f"{table}: 1 rows are there again in every cell: each is counted once",)
    assert (repr(event.waves), repr(event.claims)) == (repr(clean.waves), repr(clean.claims))
    assert (event.shocks, event.reactions, event.coins) == (clean.shocks, clean.reactions, clean.coins)


def test_wave_tables_when_whole_numbers_are_written_with_a_point_then_they_are_the_same(tmp_path: Path) -> None:
    """As libraries write a column that had an empty cell once: 5.0 fills, wave 3.0, moments."""
    folder = folders.small_event(tmp_path / "small")
    clean = load(folder)
    folders.replace(folder / folders.REACTIONS, "0xb,5,0.01", "0xb,5.0,0.01")
    folders.replace(folder / folders.LOSERS, "3,9000,9500,2,2,50", "3.0,9000.0,9500.00,2.0,2.0,50")
    event = load(folder)
    assert (event.waves, event.reactions) == (clean.waves, clean.reactions)


def test_wave_tables_when_rows_stand_in_another_order_then_waves_claims_and_coins_are_the_same(tmp_path: Path) -> None:
    """Every table turned round; what hangs on an order, a path or a draw, hangs on waves and names."""
    folder = folders.small_event(tmp_path / "small")
    gaps = folder / "sweep/gap_ms=5000/horizon_ms=0" / folders.GAPS
    gaps.write_text(gaps.read_text("utf-8") + "1,1000,1000,ADA,3,1,3\n", "utf-8")
    clean = load(folder)
    assert [gap.coin for gap in clean.waves[0].coins] == ["ADA", "BTC"]
    for path in folder.rglob("*.csv"):
        header, *rows = path.read_text("utf-8").splitlines()
        path.write_text("\n".join([header, *reversed(rows)]) + "\n", "utf-8")
    event = load(folder)
    assert (repr(event.waves), repr(event.claims), event.marks) == (repr(clean.waves), repr(clean.claims), clean.marks)
