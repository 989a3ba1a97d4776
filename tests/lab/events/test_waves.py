"""Waves out of fills: the strict gap, chaining, both ways to count deficits, and the sweep."""

from pathlib import Path

import numpy as np
import pytest

from deleverage.lab.events.load import load
from deleverage.lab.events.waves import GAPS_MS, deficits, labels, labels_by_coin, sweep, waves_of
from tests.lab.events.folders import write

HEAD = "time_ms,coin,user,size,price,mark,against,against_equity"


@pytest.mark.parametrize(
    ("times", "gap_ms", "expected"),
    [
        ([], 5000, []),
        ([7], 5000, [1]),
        ([0, 5000, 10_001], 5000, [1, 1, 2]),  # strictly longer than the gap, and chained
        ([10_001, 0, 5000], 5000, [2, 1, 1]),  # the order of rows changes nothing
        ([0, 0, 1], 0, [1, 1, 2]),
    ],
)
def test_labels_when_gaps_are_met_or_passed_then_only_longer_ones_begin_a_wave(
    times: list[int], gap_ms: int, expected: list[int]
) -> None:
    """The published rule, strict."""
    assert list(labels(np.array(times, np.int64), gap_ms)) == expected


def test_labels_when_the_gap_is_negative_then_it_is_refused() -> None:
    """A gap below 0 means nothing."""
    with pytest.raises(ValueError, match="allowed are 0 and more"):
        labels(np.array([1], np.int64), -1)


def test_waves_when_an_account_stays_below_zero_then_it_counts_once_or_in_every_wave(tmp_path: Path) -> None:
    """x: -10 then -30 in one wave, -20 in the next; y never below zero; the coin's clusters are its own."""
    event = load(
        write(
            tmp_path / "fills.csv",
            HEAD,
            "1000,A,w,2,10,11,x,-10",
            "2000,B,w,1,10,9.5,x,-30",
            "9000,A,v,1,10,10,x,-20",
            "9000,B,v,1,10,10,y,5",
        )
    )
    assert event.fills is not None
    numbers = labels(event.fills.time_ms, 5000)
    found = deficits(event.fills, event.states, numbers)
    assert (found.repeated, found.once) == ({1: 30.0, 2: 20.0}, {1: 10.0})
    assert (found.largest, found.losers) == ({1: 10.0}, {1: 1, 2: 2})
    assert list(labels_by_coin(event.fills, 5000)) == [1, 1, 2, 2]
    first, second = waves_of(event, 5000)
    assert (first.needed_usd, [gap.gap_usd for gap in first.coins]) == (2.5, [2.0, 0.5])
    assert (first.end_ms, second.start_ms, second.fills) == (2000, 9000, 2)
    assert [(wave.deficit_usd, wave.max_loss_usd) for wave in (first, second)] == [(10.0, 10.0), (0.0, 0.0)]


def test_sweep_when_fills_are_there_then_every_gap_has_a_row_and_all_fills_are_somewhere(tmp_path: Path) -> None:
    """Longer gaps make fewer waves; the deficit that counts once hardly moves."""
    lines = [f"{at * 700},A,u{at},1,10,10,x,{-5 if at % 2 else 3}" for at in range(8)]
    rows = sweep(load(write(tmp_path / "fills.csv", HEAD, *lines)))
    assert [row.gap_ms for row in rows] == list(GAPS_MS)
    assert [row.waves for row in rows] == [8, 8, 1, 1, 1, 1]
    assert [row.deficit_usd for row in rows] == [20.0, 20.0, 5.0, 5.0, 5.0, 5.0]
    assert [row.deficit_once_usd for row in rows] == [5.0] * 6
    assert [row.covered_fills for row in rows] == [0.5, 0.5, 1.0, 1.0, 1.0, 1.0]
    assert [row.longest_ms for row in rows] == [0, 0, 4900, 4900, 4900, 4900]


def test_sweep_when_there_are_no_fills_then_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    """Tables of waves alone cannot be clustered anew."""
    text = "wave,t_start_ms,t_end_ms,n_rows,unique_losers,deficit_usd,max_loss_usd"
    event = load(write(tmp_path / "e" / "bad_debt_loser_waves.csv", text, "1,1,1,1,1,1,1").parent)
    assert sweep(event) == ()
