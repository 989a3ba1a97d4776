"""The real event moved through the waterfall: totals, controls, and what one changed row may change."""

import json
import shutil
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deleverage.adapters.waves import Event, Wave, WaveRow, load_event
from deleverage.commands.event import run
from deleverage.lab.event import PUBLISHED_ACCOUNTS, EventResult, Options, counterparties, play_event
from deleverage.lab.event_document import event_document, event_text

TOTAL_QUANTA = 15_079_669_609_008
FEW = Options(accounts=4_000)


@pytest.fixture(scope="module")
def event(shared_dir: Path) -> Event:
    """Return the real event."""
    return load_event(shared_dir / "data" / "oct10")


@pytest.fixture(scope="module")
def played(event: Event) -> EventResult:
    """Return the real event, played as measured against a smaller population."""
    return play_event(event, FEW)


def with_row(event: Event, wave_number: int, coin: str, row: WaveRow) -> Event:
    """Return the event with one row replaced."""

    def changed(wave: Wave) -> Wave:
        rows = tuple(row if old.coin == coin else old for old in wave.rows)
        return replace(wave, rows=rows) if wave.number == wave_number else wave

    return replace(event, waves=tuple(changed(wave) for wave in event.waves))


def one_row(event: Event, wave_number: int, coin: str) -> Event:
    """Return the event cut down to one row."""
    (wave,) = (wave for wave in event.waves if wave.number == wave_number)
    (row,) = (row for row in wave.rows if row.coin == coin)
    return replace(event, waves=(replace(wave, rows=(row,), published_quanta=None),))


def moved(result: EventResult) -> dict[int, int]:
    """Return what each wave moved, in quanta."""
    return {wave.wave: wave.moved_quanta for wave in result.waves}


def test_event_when_played_then_moves_the_published_total_in_every_wave(played: EventResult, shared_dir: Path) -> None:
    """Stage-5 fills move 15,079,669.61 USD, each of the 16 waves within half a quantum per row of the reference."""
    reference = json.loads((shared_dir / "lab" / "given_reference.json").read_text())
    assert played.total("moved_quanta") == TOTAL_QUANTA
    assert played.published_quanta == TOTAL_QUANTA
    assert [wave["wave"] for wave in reference["per_wave"]] == [wave.wave for wave in played.waves]
    for expected, wave in zip(reference["per_wave"], played.waves, strict=True):
        assert abs(wave.moved_quanta - expected["B"] * 1_000_000) <= max(1, len(wave.coins) / 2)
        assert wave.moved_quanta == wave.needed_quanta == wave.published_quanta


def test_event_when_played_then_each_coin_moves_its_gap_and_closes_its_lots(played: EventResult, event: Event) -> None:
    """Every row with a gap is closed to the last lot and pays its gap to the quantum; rows without are left out."""
    for wave, source in zip(played.waves, event.waves, strict=True):
        expected = [(row.coin, row.lots, row.gap_quanta) for row in source.rows if row.gap_quanta]
        assert [(coin.coin, coin.lots, coin.moved_quanta) for coin in wave.coins] == expected
        assert (wave.to_stage_6_quanta, wave.residual_quanta, wave.residual_lots) == (0, 0, 0)


@pytest.mark.slow
def test_event_when_played_with_the_published_number_of_accounts_then_moves_the_same(event: Event) -> None:
    """With 19,337 winners the shape lies in the published bands and the total is the same."""
    result = play_event(event, Options())
    assert result.shape.accounts == PUBLISHED_ACCOUNTS
    assert result.shape.faults == ()
    assert result.total("moved_quanta") == TOTAL_QUANTA


def test_population_of_the_event_when_drawn_then_has_the_published_shape(event: Event) -> None:
    """The counterparties' notional over the event has the published Gini, top ten and top hundred."""
    for accounts in (4_000, PUBLISHED_ACCOUNTS):
        shorts, measured = counterparties(event, replace(FEW, accounts=accounts))
        assert measured.faults == ()
        for wave in event.waves:
            for row in wave.rows:
                assert sum(short.lots for short in shorts[wave.number] if short.coin == row.coin) == row.lots


def test_event_when_seed_changes_then_money_stays_and_payers_differ(played: EventResult, event: Event) -> None:
    """Another seed draws other winners and moves the same money; the same seed gives the same digests."""
    other = play_event(event, replace(FEW, seed=2))
    again = play_event(event, FEW)
    assert moved(other) == moved(played)
    assert [wave.digest for wave in other.waves] != [wave.digest for wave in played.waves]
    assert again.waves == played.waves


def test_event_when_price_rule_is_mark_then_moves_nothing_in_stage_5(event: Event) -> None:
    """Closing at the mark asks nothing of winners: everything goes to stage 6 and, with no open gain, is named."""
    result = play_event(event, replace(FEW, price_rule="mark"))
    assert result.total("moved_quanta") == 0
    assert result.total("to_stage_6_quanta") == TOTAL_QUANTA
    assert result.total("residual_quanta") == TOTAL_QUANTA
    assert result.total("residual_lots") == 0


def test_event_when_it_has_a_fund_then_moves_less_by_exactly_the_fund(event: Event) -> None:
    """One million USD in the fund lowers what winners pay by one million, taken from the first wave."""
    result = play_event(event, replace(FEW, fund_quanta=10**12))
    assert result.total("fund_quanta") == 10**12
    assert result.total("moved_quanta") == TOTAL_QUANTA - 10**12
    assert result.fund_left_quanta == 0
    assert [wave.fund_quanta for wave in result.waves] == [10**12] + [0] * 15


def test_event_when_the_fund_outlasts_a_wave_then_it_goes_on_to_the_next(event: Event) -> None:
    """A fund of three million is emptied in the second wave; one larger than all gaps keeps the rest."""
    result = play_event(event, replace(FEW, fund_quanta=3 * 10**12))
    first = result.waves[0].needed_quanta
    paid = [wave.fund_quanta for wave in result.waves]
    assert paid == [first, 3 * 10**12 - first, *[0] * 14]
    rich = play_event(event, replace(FEW, fund_quanta=2 * TOTAL_QUANTA))
    assert (rich.total("moved_quanta"), rich.fund_left_quanta) == (0, TOTAL_QUANTA)


def test_row_when_its_winners_own_less_than_its_gap_then_they_pay_exactly_what_they_own(event: Event) -> None:
    """Winners poorer than the gap pay their whole equity, to the quantum; the rest goes to stage 6 and is named."""
    small = one_row(event, 13, "BTC")
    gap = small.waves[0].rows[0].gap_quanta
    result = play_event(small, replace(FEW, population_equity_ppb=5_000_000))
    (wave,) = result.waves
    assert 0 < wave.winners_equity_quanta < gap
    assert wave.moved_quanta == wave.winners_equity_quanta
    assert wave.to_stage_6_quanta == gap - wave.winners_equity_quanta
    assert wave.residual_quanta == wave.to_stage_6_quanta
    assert wave.residual_lots == 0


def test_event_when_winners_are_poor_then_money_splits_without_a_rest(event: Event) -> None:
    """With a thousandth of the equity each wave still adds up: needed = moved + stage 6, stage 6 = residual."""
    result = play_event(event, replace(FEW, population_equity_ppb=1_000_000))
    assert 0 < result.total("moved_quanta") < TOTAL_QUANTA
    for wave in result.waves:
        assert wave.needed_quanta == wave.moved_quanta + wave.to_stage_6_quanta
        assert wave.to_stage_6_quanta == wave.haircut_quanta + wave.residual_quanta
        assert wave.moved_quanta <= wave.winners_equity_quanta


@pytest.mark.parametrize(("wave_number", "coin"), [(1, "PUMP"), (13, "BTC"), (28, "S")])
def test_event_when_one_row_is_scaled_then_exactly_that_wave_changes(
    played: EventResult, event: Event, wave_number: int, coin: str
) -> None:
    """Three times one row's gap moves twice that gap more in its wave; every other wave is the same to the digest."""
    (source,) = (wave for wave in event.waves if wave.number == wave_number)
    row = next((row for row in source.rows if row.coin == coin), source.rows[0])
    result = play_event(with_row(event, wave_number, row.coin, replace(row, gap_quanta=3 * row.gap_quanta)), FEW)
    for before, after in zip(played.waves, result.waves, strict=True):
        if after.wave == wave_number:
            assert after.moved_quanta == before.moved_quanta + 2 * row.gap_quanta
        else:
            assert after == before


def test_row_when_its_gap_exceeds_its_notional_then_is_played_and_reported_as_impossible(event: Event) -> None:
    """A gap above the notional still balances, and the document counts it among the physical impossibilities."""
    source = one_row(event, 1, "ADA")
    row = source.waves[0].rows[0]
    absurd = with_row(source, 1, "ADA", replace(row, gap_quanta=row.lots * event.coins["ADA"].mark_ticks * 5))
    result = play_event(absurd, FEW)
    assert result.total("moved_quanta") == absurd.waves[0].rows[0].gap_quanta
    assert event_document(result)["physical_bounds"]["rows_above_notional"] == 1


def test_document_when_built_then_says_what_is_synthetic_and_holds_no_float(played: EventResult) -> None:
    """Counterparties, seed, assumptions and sources are in the document; money is decimal text."""
    document = event_document(played)
    assert document["total"]["moved_usd"] == "15079669.609008"
    assert document["population"]["synthetic"] is True
    assert "who paid is not a fact about the event" in document["assumptions"][0]
    assert "assumed long" in document["assumptions"][1]
    assert all(len(source["sha256"]) == 64 for source in document["provenance"])
    assert not list(floats(document))
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize("options", [FEW, replace(FEW, price_rule="mark", fund_quanta=10**12, accounts=500)])
def test_document_when_built_then_fits_its_schema(event: Event, options: Options) -> None:
    """Every key of the document is described by the schema that ships with the package, and no other is there."""
    schema = json.loads(resources.files("deleverage").joinpath("schemas/event.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(event_document(play_event(event, options)))


def floats(value: Any) -> Any:
    """Yield every float inside a document."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from floats(item)
    elif isinstance(value, list):
        for item in value:
            yield from floats(item)


def test_text_when_printed_then_has_every_wave_and_ends_with_conservation(played: EventResult) -> None:
    """The text shows one line per wave, the total, and ends with the line about conservation."""
    lines = event_text(played).splitlines()
    assert lines[-1] == "conservation: exact"
    assert sum(line.lstrip().split("  ")[0].isdigit() for line in lines) >= 16
    assert any("15,079,669.609008 USD" in line for line in lines)


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_event(shared_dir: Path, tmp_path: Path) -> Path:
    """Return a copy of the event with its three smallest waves only."""
    folder = tmp_path / "oct10" / "eval_horizon_sweep" / "gap_ms=5000" / "horizon_ms=0"
    folder.mkdir(parents=True)
    source = shared_dir / "data" / "oct10" / "eval_horizon_sweep" / "gap_ms=5000" / "horizon_ms=0"
    for name in ("two_pass_wave_coin_gap_per_contract.csv", "two_pass_equity_delta_by_wave.csv"):
        lines = (source / name).read_text().splitlines()
        kept = [line for line in lines if line.split(",")[0] in ("wave", "21", "25", "28")]
        (folder / name).write_text("\n".join(kept) + "\n")
    shutil.copy(shared_dir / "data" / "oct10_coins.csv", tmp_path / "oct10_coins.csv")
    return tmp_path / "oct10"


def test_command_when_json_is_asked_then_stdout_is_one_document(
    small_event: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints one JSON document and returns 0."""
    assert run(small_event, None, as_json=True, accounts=3_600) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["total"]["moved_usd"] == "3479.588074"
    assert document["total"]["published_usd"] == "3479.588074"


def test_command_when_a_residual_is_left_then_returns_3(small_event: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At the mark nobody pays, the residual is named, and the exit code says so."""
    assert run(small_event, price_rule="mark", accounts=3_600) == 3
    assert capsys.readouterr().out.rstrip().endswith("conservation: exact")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"price_rule": "entry"},
            "price: price 'entry' is unknown, known are bankruptcy, blend, capped, mark, previous-mark, spread",
        ),
        ({"fund": "-1"}, "--fund is -1"),
        ({"fund": "1e6"}, "--fund: '1e6' is not a plain decimal number"),
        ({"population_equity": "x", "accounts": 0}, "--accounts is 0"),
        ({"accounts": 10**9}, "--accounts is 1,000,000,000, allowed are 1 to 200,000"),
        ({"accounts": 10**5}, "--accounts is 100,000, allowed are 1 to "),
    ],
)
def test_command_when_an_option_is_bad_then_returns_2_and_says_why(
    small_event: Path, capsys: pytest.CaptureFixture[str], options: dict[str, Any], sentence: str
) -> None:
    """Bad options are refused on stderr with the allowed values; stdout stays empty."""
    assert run(small_event, **options) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.out == ""


def test_command_when_the_table_is_bad_then_returns_2_and_lists_every_fault(
    small_event: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All faults of the files are printed, each with file, line and column."""
    table = next(small_event.rglob("two_pass_wave_coin_gap_per_contract.csv"))
    table.write_text(table.read_text() + "28,0,0,BTC,nan,1,1\n28,0,0,ETH,-1,1,1\n")
    assert run(small_event) == 2
    error = capsys.readouterr().err
    assert "two_pass_wave_coin_gap_per_contract.csv:13: gap_usd_x_qty: 'nan' is not a finite decimal number" in error
    assert "two_pass_wave_coin_gap_per_contract.csv:14: gap_usd_x_qty: -1 is negative" in error
