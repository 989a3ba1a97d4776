"""Planted faults are found from a file as well: a table of fills, read by the loader, waves made of its fills."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from deleverage.cli import call
from deleverage.lab.events.faults import plant
from deleverage.lab.events.load import load
from deleverage.lab.events.model import Event
from deleverage.lab.events.waves import GAP_MS, sweep
from tests.lab.events.folders import POLICIES, replace, small_event
from tests.lab.rates import clean

SEEDS = range(1000, 1004)
"""In most of these a frozen account shows in rows: its statements keep their moment."""

HEADER = "user,coin,time_ms,price,size,side,mark,closed_profit,against,key,equity,profit,against_equity"
SEEN_IN_ROWS = ("concentrated-deficit", "stale-state", "counterparty-concentration")
"""Faults that a table of fills still shows; a second row under one key is refused by the reader, or found."""


def write(event: Event, path: Path) -> str:
    """Write the fills of an event with what both sides had, and return the path."""
    fills, states = event.fills, event.states
    assert fills is not None
    assert states is not None
    said: list[dict[bool, int]] = [{} for _ in range(len(fills))]
    for at in range(len(states)):
        said[int(states.fill[at])].setdefault(bool(states.is_loser[at]), at)
    for at in map(int, np.flatnonzero(states.is_loser)):  # the bankrupt who is named, where two are stated
        if states.user[at] == fills.against[states.fill[at]]:
            said[int(states.fill[at])][True] = at
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        file.write(f"{HEADER}\n")
        for at in range(len(fills)):
            row = [fills.user[at], fills.coin[at], int(fills.time_ms[at]), repr(float(fills.price[at]))]
            row += [repr(float(fills.size[at])), "long" if fills.side[at] > 0 else "short", repr(float(fills.mark[at]))]
            row += [repr(float(fills.closed_profit[at])), fills.against[at], fills.key[at]]
            winner, loser = said[at].get(False), said[at].get(True)
            row += ["" if winner is None else repr(float(states.equity[winner]))]
            row += ["" if winner is None else repr(float(states.profit[winner]))]
            row += ["" if loser is None else repr(float(states.equity[loser]))]
            writer.writerow(row)
    return str(path)


def codes(path: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the codes that the command prints for a file, those to be known left out."""
    assert call(["lab", "audit", path, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    return {finding["code"] for finding in document["findings"] if finding["severity"] != "info"}


@pytest.mark.parametrize("seed", SEEDS)
def test_file_when_clean_then_nothing_is_raised(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Waves and deficits are the loader's, which recognises each bankruptcy once."""
    assert codes(write(clean(seed), tmp_path / "fills.csv"), capsys) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_file_when_a_bankruptcy_is_stated_again_in_later_waves_then_the_loader_counts_it_once(
    seed: int, tmp_path: Path
) -> None:
    """The rows still say it again, in the place of others' statements: nothing is added, the sweep has the other."""
    planted = plant(clean(seed), "repeated-deficit", "gross", seed)
    without, with_it = (load(Path(write(event, tmp_path / "fills.csv"))) for event in (clean(seed), planted))
    sums = [sum(wave.deficit_usd for wave in event.waves) for event in (without, with_it)]
    assert sums[1] == pytest.approx(sums[0], rel=0.05)
    (swept,) = sweep(with_it, (GAP_MS,))
    assert swept.deficit_once_usd == pytest.approx(sums[1], rel=1e-9)
    assert swept.deficit_usd is not None
    assert swept.deficit_usd > sums[1] * 1.1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("code", SEEN_IN_ROWS)
def test_file_when_a_fault_is_planted_then_it_is_found(
    code: str, seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is found in memory is found in a file."""
    planted = plant(clean(seed), code, "gross", seed)
    if code == "stale-state" and planted.states is not None and clean(seed).states is not None:
        frozen = bool((planted.states.stated_ms == clean(seed).states.stated_ms).all())  # type: ignore[union-attr]
        if not frozen:
            pytest.skip("a table of fills has no moment of a statement but the fill's")
    assert code in codes(write(planted, tmp_path / "fills.csv"), capsys)


@pytest.mark.parametrize(
    ("text", "severity"), [("inf", "warning"), ("-Infinity", "warning"), ("nan", "info"), ("NaN", "info")]
)
def test_ratio_when_its_cell_says_infinity_or_nan_then_it_is_a_finding_with_its_row(
    text: str, severity: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Planted in a ratio: read as undefined, told with file, line and wave; the mean has none with it."""
    folder = small_event(tmp_path / "event")
    replace(folder / POLICIES, ",3,1.0", f",{text},1.0")
    assert call(["lab", "audit", str(folder), "--only", "undefined-metric", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    (found,) = [finding for finding in findings if "which is no number" in finding["sentence"]]
    assert found["severity"] == severity
    assert found["where"] == {"table": POLICIES, "column": "ptsr_fair", "lines": [2], "waves": [1]}
    assert found["consequence"] == {"headline": "mean_ptsr_of_fair", "before": None, "after": 4.0}
    assert call(["lab", "audit", str(folder)]) == 0


def test_money_when_its_cell_says_infinity_then_it_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Planted: no amount is endless."""
    folder = small_event(tmp_path / "event")
    replace(folder / POLICIES, "1,40,30,40,-10", "1,40,inf,40,-10")
    assert call(["lab", "audit", str(folder)]) == 2
    assert "budget_prod: 'inf' is not a finite decimal number" in capsys.readouterr().err
