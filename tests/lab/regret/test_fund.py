"""A fund before deleveraging: its size by the exact quantile rule, and its course over the waves."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from deleverage.cli import call
from deleverage.lab.events.generator import generate
from deleverage.lab.events.load import load
from deleverage.lab.events.model import Event
from deleverage.lab.regret.fund import Plan, as_json, fund_of
from tests.lab.compare.events import event, wave
from tests.lab.events.folders import small_event

Captured = pytest.CaptureFixture[str]


def ten(*changed: float) -> Event:
    """Return waves with deficits of 1 to 10 USD in no order, or those given."""
    deficits = changed or (3.0, 1.0, 10.0, 2.0, 5.0, 4.0, 9.0, 6.0, 8.0, 7.0)
    return event(*(wave(at, deficit_usd=usd) for at, usd in enumerate(deficits, 1)))


def test_fund_when_the_paper_s_rates_are_kept_then_it_is_the_ninth_of_ten_deficits() -> None:
    """The quantile 9/10: the smallest of which nine in ten are at or below it, a member of the sample."""
    found = fund_of(ten(), Plan())
    assert found is not None
    assert (found.quantile, found.rank, found.size, found.breach) == (Fraction(9, 10), 9, 900, Fraction(1, 10))


@pytest.mark.parametrize(
    ("rate", "penalty", "rank"),
    [
        ("1/20", "1/2", 9),
        ("0", "1", 10),
        ("1/10", "1/5", 5),
        ("0.11", "0.2", 5),
        ("0.12", "0.2", 4),
        ("0.199", "0.2", 1),
    ],
)
def test_fund_when_rates_change_then_the_rank_is_the_ceiling_of_quantile_times_n(
    rate: str, penalty: str, rank: int
) -> None:
    """0.45 of ten is five, not four and a half; what costs nothing is as large as the largest deficit."""
    found = fund_of(ten(), Plan(Fraction(rate), Fraction(penalty)))
    assert found is not None
    assert (found.rank, found.size) == (rank, 100 * rank)


def test_fund_when_keeping_costs_as_much_as_lacking_then_there_is_none() -> None:
    """r >= k gives 0: nothing is carried, everything remains."""
    for rate in ("1/2", "1"):
        found = fund_of(ten(), Plan(Fraction(rate)))
        assert found is not None
        assert (found.size, found.rank, found.total("paid"), found.total("haircut")) == (0, 0, 0, 5500)


def test_fund_when_waves_come_then_it_pays_first_and_fees_come_in_after_each() -> None:
    """10 USD at the start, one in ten of a notional of 40: 3 paid, 4 in, 11 left; then 20 missing, 11 paid."""
    made = replace(
        event(wave(1, deficit_usd=3.0), wave(2, deficit_usd=20.0)), marks={"A": 0.1, "B": 0.03}
    )  # 100 A and 1000 B: 40 USD
    found = fund_of(made, Plan(start=1000, fee_share=Fraction(1, 10)))
    assert found is not None
    rows = as_json(found)["waves"]
    assert [tuple(row.values()) for row in rows] == [
        (1, 10.0, 3.0, 3.0, 0.0, 4.0, 11.0),
        (2, 11.0, 20.0, 11.0, 9.0, 4.0, 4.0),
    ]
    assert as_json(found)["start_is"] == "given"


def test_fund_when_a_deficit_or_a_notional_is_unknown_then_its_wave_is_named() -> None:
    """NaN is no 0: such a wave is in neither sample nor course; without prices nothing comes in."""
    found = fund_of(ten(5.0, float("nan"), 7.0), Plan(fee_share=Fraction(1, 10)))
    assert found is not None
    assert (found.waves, found.left_out, found.without_notional) == ((1, 3), (2,), (1, 3))
    assert fund_of(ten(float("nan")), Plan()) is None


def test_fund_when_an_event_has_fills_then_their_prices_make_the_notional() -> None:
    """Of a generated event its truth: one per mille of what was closed."""
    made = generate(2)
    found = fund_of(made.event, Plan(fee_share=Fraction(1, 1000)))
    assert found is not None
    assert found.total("inflow") == pytest.approx(made.truth.notional_usd / 10, abs=len(found.steps))
    assert found.total("paid") + found.total("haircut") == found.total("deficit")


def told(folder: Path, capsys: Captured, *words: str) -> Any:
    """Return the fund of a document."""
    assert call(["lab", "regret", str(folder), "--json", *words]) == 0
    return json.loads(capsys.readouterr().out)["fund"]


def test_command_when_rates_are_given_then_they_decide_and_a_table_shows_the_course(
    tmp_path: Path, capsys: Captured
) -> None:
    """Deficits of 100 and 50: the larger for the paper's rates, the smaller for a half, none for r = k."""
    folder = small_event(tmp_path / "event")
    assert told(folder, capsys)["size_usd"] == 100.0
    assert told(folder, capsys, "--fund-rate", "0.25")["size_usd"] == 50.0
    none = told(folder, capsys, "--fund-rate", "5e-1", "--fund-start", "12.345")
    assert (none["size_usd"], none["start_usd"], none["carried_usd"]) == (0.0, 12.34, 12.34)
    assert call(["lab", "regret", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "a fund before deleveraging: 100.00 at the start (K*), fee share 0" in text
    assert "carried 100.00, remaining for deleveraging 50.00" in text
    assert "K* 100.00: quantile 1 - r / k = 9/10 for r 1/20 and k 1/2, rank 2 of 2 deficits" in text


def test_command_when_rates_are_none_then_all_of_them_are_told_at_once(tmp_path: Path, capsys: Captured) -> None:
    """Planted: negative, no penalty, a word, more digits than any."""
    folder = small_event(tmp_path / "event")
    words = ["--fund-rate", "-1", "--fund-penalty", "0", "--fund-start", "much", "--fund-fee-share", "1e99"]
    assert call(["lab", "regret", str(folder), *words]) == 2
    told_all = capsys.readouterr().err
    for name in ("rate", "penalty", "start", "fee-share"):
        assert f"--fund-{name} is" in told_all


def test_oct10_when_a_deficit_is_counted_nine_times_then_the_fund_is_as_large_as_that(shared_dir: Path) -> None:
    """The ninth decile of deficits that repeat one loss is that loss and a little more: one wave, and it is gone."""
    found = fund_of(load(shared_dir / "data" / "oct10"), Plan())
    assert found is not None
    assert (found.rank, len(found.steps)) == (15, 16)
    assert found.size == 1_166_634_058
