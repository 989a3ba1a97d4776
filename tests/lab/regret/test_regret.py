"""Regret of policies: by hand on a small event, and the published figures on the real one."""

import json
import shutil
import tomllib
from importlib import resources
from math import isclose
from pathlib import Path
from typing import Any

import pytest

from deleverage.cli import call
from deleverage.lab.events.load import load
from deleverage.lab.regret.document import document
from deleverage.lab.regret.table import NoReference, regrets
from deleverage.lab.report.gather import gather
from deleverage.lab.report.views import sources
from tests.cli.test_documents import check
from tests.lab.events import folders

SUMMARIES = (
    *("summary_totals.csv", "headlines.json", "overshoot_robustness.json", "bad_debt_loser_waves.json"),
    *("eval_horizon_sweep_gap_ms=*.csv", "two_pass_equity_delta_summary.json", "*_accounts.csv"),
)
"""Totals that have to come out of the rows, and may not be looked at for that."""


def body_of(folder: Path, reference: str | None = None) -> dict[str, Any]:
    """Return the document of the event in a folder."""
    return document(load(folder), folder, reference)


def found_in(body: dict[str, Any]) -> dict[str, float]:
    """Return the figures that were found, by key."""
    return {row["figure"]: row["found"] for row in body["figures"] if row["found"] is not None}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small event whose numbers can be added up by hand."""
    return folders.small_event(tmp_path / "small")


@pytest.fixture
def oct10(shared_dir: Path, tmp_path: Path) -> Path:
    """A copy of the real event's rows, without any file of totals."""
    copy = tmp_path / "oct10"
    shutil.copytree(shared_dir / "data" / "oct10", copy)
    shutil.copy(shared_dir / "data" / "oct10_coins.csv", tmp_path / "oct10_coins.csv")
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    for pattern in SUMMARIES:
        gone = list(copy.rglob(pattern))
        assert gone, pattern
        for path in gone:
            path.unlink()
    return copy


def test_regret_when_added_up_by_hand_then_over_under_and_both_sides_of_fairness_are_told(small: Path) -> None:
    """prod: 30 of 40 and 70.5 of 20; shares .5 and 1.0 against .2 and .4."""
    reference, (prod, fair) = regrets(load(small), "fair")
    assert reference == "fair"
    assert (prod.over, prod.under, prod.net, prod.overshoot) == (50.5, 10.0, 40.5, 60.5)
    assert prod.fairness is not None
    assert isclose(prod.fairness, 0.3 * 40 + 0.6 * 20)
    assert (prod.harder, prod.milder) == (prod.fairness, 0.0)
    assert (prod.clipped, prod.undefined) == ((3,), {"ptsr": (1,)})
    assert (fair.total, fair.waves) == (0.0, 2)
    milder = regrets(load(small), "prod")[1][1]
    assert (milder.harder, milder.fairness) == (0.0, milder.milder)


def test_regret_when_a_share_is_missing_then_its_wave_is_left_out_and_named(small: Path) -> None:
    """Without any share fairness and total are undefined, with a reason."""
    folders.replace(small / folders.POLICIES, "0.5,0.2", ",0.2")
    prod = regrets(load(small), "fair")[1][0]
    assert (prod.fairness, prod.without_fairness) == (12.0, (1,))
    folders.replace(small / folders.POLICIES, "1.0,0.4", ",0.4")
    row = body_of(small, "fair")["policies"][0]
    assert (row["fairness_regret_usd"], row["total_regret_usd"], row["total_above_best_usd"]) == (None, None, None)
    assert set(row["undefined"]) >= {"fairness_regret_usd", "total_regret_usd", "share_of_envelope"}
    assert row["overshoot_regret_usd"] == 60.5


def test_regret_when_no_reference_is_given_then_the_least_hardest_hit_is_taken_or_the_min_max_column(
    small: Path,
) -> None:
    """The choice is told; a name that is none is refused with those there are."""
    assert body_of(small)["reference"] == "fair"
    text = (small / folders.POLICIES).read_text("utf-8").replace("_prod", "_min_max_ilp")
    (small / folders.POLICIES).write_text(text, "utf-8")
    assert body_of(small)["reference"] == "min_max_ilp"
    with pytest.raises(NoReference, match="'nope' is none of the event's policies: min_max_ilp, fair"):
        body_of(small, "nope")


def test_regret_when_there_are_no_policies_then_production_stands_alone(small: Path) -> None:
    """What production took is known without a table of policies; fairness is not."""
    (small / folders.POLICIES).unlink()
    (row,) = body_of(small)["policies"]
    assert (row["policy"], row["over_usd"], row["under_usd"], row["fairness_regret_usd"]) == (
        *("production", 50.5, 10.0),
        None,
    )


def test_parts_when_added_up_then_they_bound_the_total_only_with_what_lies_beyond_the_deficit(small: Path) -> None:
    """prod: .3 of 100 against .4, then all of 50 (70.5 was taken) against .4: severity 10 + 30."""
    parts = body_of(small, "fair")["policies"][0]["parts"]
    assert isclose(parts["severity_usd"], 40.0)
    assert (parts["estimation_usd"], parts["beyond_deficit_usd"]) == (10.0, 20.5)
    assert parts["total_usd"] <= sum(
        parts[f"{name}_usd"] for name in ("severity", "allocation", "estimation", "beyond_deficit")
    )
    assert isclose(parts["dynamic_regret_usd"], 40.0)


def test_horizons_when_each_has_its_own_table_then_its_totals_follow_that_table(small: Path) -> None:
    """A number altered in the table of one horizon moves that horizon's totals and no other's."""
    before = body_of(small)["horizons"]
    assert [(row["horizon_ms"], row["net_usd"], row["over_usd"], row["under_usd"]) for row in before] == [
        (0, 40.5, 50.5, 10.0),
        (1000, 40.0, 40.0, 0.0),
    ]
    folders.replace(small / f"sweep/gap_ms=5000/horizon_ms=1000/{folders.TAKEN}", "100,40,60", "300,80,60")
    after = body_of(small)["horizons"]
    assert after[0] == before[0]
    assert (after[1]["needed_usd"], after[1]["deficit_usd"], after[1]["net_usd"]) == (100.0, 350.0, 0.0)


def test_document_when_printed_then_its_schema_accepts_it(
    small: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With everything, with a single table, and a refusal."""
    assert call(["lab", "regret", str(small), "--json"]) == 0
    assert check(capsys.readouterr().out, "lab-regret")["queue"]["residual_usd"] == 4.0
    alone = tmp_path / "alone" / folders.SHOCKS
    folders.write(alone, *(small / folders.SHOCKS).read_text("utf-8").splitlines())
    assert call(["lab", "regret", str(alone.parent), "--json"]) == 0
    found = check(capsys.readouterr().out, "lab-regret")
    assert (found["reference"], found["policies"], found["envelope"]) == (None, [], None)
    assert call(["lab", "regret", str(small), "--reference", "nope", "--json"]) == 2
    assert "'nope'" in check(capsys.readouterr().out, "refusal")["faults"][0]["sentence"]
    assert call(["lab", "regret", str(tmp_path / "gone"), "--json"]) == 2
    check(capsys.readouterr().out, "refusal")


def test_text_when_printed_then_every_policy_and_horizon_has_a_line(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For people: the same numbers, to the cent."""
    assert call(["lab", "regret", str(small)]) == 0
    out = capsys.readouterr().out
    assert "prod" in out
    assert "50.50" in out
    assert "accounts: 3 deleveraged, 1 strategic, 1 passive" in out


def test_oct10_when_files_of_totals_are_gone_then_the_published_totals_come_out(oct10: Path, shared_dir: Path) -> None:
    """Horizon sweep, waves, envelope, queue, accounts, and the discounted net at four half-lives."""
    given = json.loads((shared_dir / "lab" / "given_reference.json").read_text("utf-8"))
    totals = shared_dir / "data" / "oct10"
    robust = json.loads((totals / "overshoot_robustness.json").read_text("utf-8"))
    body = body_of(oct10)
    found = found_in(body)
    expected: dict[str, float] = {
        "net_usd": given["signed_overshoot_h0"],
        "envelope.path_length": given["P_theta"],
        "envelope.sum_squared_deficits_usd2": given["sum_D2"],
        "envelope.bound_usd": given["B_inst"],
        "queue.over_usd": given["headlines"]["queue_total_overshoot_usd"],
        "queue.residual_usd": 16690263.847176649,
        "accounts.strategic": 31,
        "accounts.passive": 758,
    }
    for row in given["horizon_sweep"]:
        at = f"horizon_{row['eval_horizon_ms']:.0f}"
        expected |= {f"{at}.waves": row["num_waves"], f"{at}.deficit_usd": row["total_deficit_usd"]}
        expected |= {f"{at}.needed_usd": row["total_budget_needed_usd"], f"{at}.taken_usd": row["total_H_prod_usd"]}
        expected[f"{at}.net_usd"] = row["total_overshoot_prod_minus_needed_usd"]
    for half_life, row in robust["discounted"].items():
        expected[f"discounted_{half_life}.net_usd"] = row["O_disc"]
        expected[f"discounted_{half_life}.above_first_usd"] = row["DeltaO_disc"]
    assert {key: value for key, value in expected.items() if not isclose(found[key], value, rel_tol=1e-14)} == {}
    for wave, row in zip(body["waves"], given["per_wave"], strict=True):
        assert (wave["wave"], wave["duration_ms"], wave["fills"]) == (row["wave"], row["dur_ms"], row["n"])
        for key, name in (("deficit_usd", "D"), ("needed_usd", "B")):
            assert isclose(wave[key], row[name], rel_tol=1e-14)
        assert isclose(wave["taken_usd"]["0"], row["H"], rel_tol=1e-14)


def test_oct10_when_the_papers_are_asked_then_what_differs_is_told_and_not_forced(oct10: Path) -> None:
    """The regret table comes out to the cent; what the text calls overshoot is the signed net, and does not."""
    printed = [row for row in body_of(oct10)["figures"] if row["printed"] is not None]
    assert [row["figure"] for row in printed if row["reproduced"] is False] == ["over_usd"]
    table = {row["figure"]: row["reproduced"] for row in printed if "Table 2" in row["printed_in"]}
    assert (len(table), set(table.values())) == (15, {True})
    unknown = [row for row in printed if row["reproduced"] is None]
    assert all(row["why"] for row in unknown)


def test_oct10_when_papers_hold_a_print_then_it_is_compared_and_shown_and_no_reason_is_idle(
    oct10: Path, tmp_path: Path
) -> None:
    """Each print once, with what comes out of rows; a reason stands where a print does not come out, and only there."""
    papers = tomllib.loads(resources.files("deleverage.lab.published").joinpath("papers.toml").read_text("utf-8"))
    held = [(paper["source"], one) for paper in papers["paper"] for one in paper["print"]]
    rows = [row for row in body_of(oct10)["figures"] if row["printed"] is not None]
    page = sources(gather(oct10, [], 1, {"program": "p"}, lambda what, done, total: None))
    shown = [*page["unlike"].rows, *page["printed"].rows]
    for source, one in held:
        place = f"{source}, {one['where']}"
        (row,) = [row for row in rows if (row["figure"], row["printed_in"]) == (one["key"], place)]
        assert row["printed"] == one["text"]
        assert bool(one.get("why")) == (row["reproduced"] is not True), one["key"]
        (line,) = [line for line in shown if line[0] == one["key"] and place in line[-1]]
        assert one["text"] in line
        assert (line in page["printed"].rows) == (row["reproduced"] is True)
    assert len(held) == len([row for row in rows if row["printed_in"].startswith("arXiv")])


def test_oct10_when_headlines_are_printed_then_each_is_found_or_told_why_not(shared_dir: Path) -> None:
    """The net comes out of rows; what accounts had over their profit needs fills, which the source has none of."""
    given = json.loads((shared_dir / "lab" / "given_reference.json").read_text("utf-8"))["headlines"]
    rows = {row["figure"]: row for row in body_of(shared_dir / "data" / "oct10")["figures"]}
    assert isclose(rows["net_usd"]["found"], given["prod_overshoot_vs_needed_usd"], rel_tol=1e-14)
    for name, number in given["winner_overcollateralization_equity_over_pnl"].items():
        row = rows[f"winners.equity_over_profit.{name}"]
        assert (float(row["printed"]), row["found"]) == (number, None)
        assert "no table of fills" in row["why"]


@pytest.mark.parametrize(
    ("table", "row", "column", "keys"),
    [
        (folders.LOSERS, 0, "deficit_usd", {"deficit_usd": 1.0}),
        (folders.POLICIES, 5, "budget_prod", {"regret.prod.overshoot_usd": 1.0}),
        (folders.SHOCKS, 1, "budget_queue_usd", {"queue.over_usd": 1.0}),
        (
            "eval_horizon_sweep/gap_ms=5000/horizon_ms=500/" + folders.TAKEN,
            5,
            "budget_prod_usd",
            {"horizon_500.net_usd": 1.0},
        ),
        (
            "eval_horizon_sweep/gap_ms=5000/horizon_ms=0/" + folders.GAPS,
            3,
            "gap_usd_x_qty",
            {"needed_from_gaps_usd": 1.0},
        ),
    ],
)
def test_oct10_when_one_row_is_scaled_then_the_totals_follow(
    oct10: Path, table: str, row: int, column: str, keys: dict[str, float]
) -> None:
    """Three times a number is twice as much more in every total that holds it."""
    before = found_in(body_of(oct10))
    path = oct10 / table
    lines = path.read_text("utf-8").splitlines()
    cells, at = lines[1 + row].split(","), lines[0].split(",").index(column)
    more = 2 * float(cells[at])
    cells[at] = repr(3 * float(cells[at]))
    lines[1 + row] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    after = found_in(body_of(oct10))
    assert more != 0
    for key, times in keys.items():
        assert isclose(after[key] - before[key], times * more, rel_tol=1e-9), key


def test_figures_when_files_of_totals_lie_beside_then_each_print_is_held_against_what_is_found(
    shared_dir: Path,
) -> None:
    """What cannot be recomputed says why; all others come out."""
    body = body_of(shared_dir / "data" / "oct10")
    printed = [row for row in body["figures"] if row["printed"] is not None]
    assert {row["figure"] for row in printed if row["reproduced"] is False} == {"over_usd"}
    unknown = {row["figure"] for row in printed if row["reproduced"] is None}
    assert "winners.equity_over_profit.median" in unknown
    assert all(row["why"] for row in printed if row["reproduced"] is None)
    assert sum(row["reproduced"] is True for row in printed) > 80


def test_figures_when_a_print_is_altered_then_it_is_no_longer_reproduced(shared_dir: Path, tmp_path: Path) -> None:
    """A planted misprint, one unit in the last of 16 places."""
    folder = folders.small_event(tmp_path / "small")
    folders.write(folder / "summary_totals.csv", "policy,total_residual,total_overshoot", "queue,4.0,15.000001")
    rows = {row["figure"]: row for row in body_of(folder)["figures"] if row["printed"] is not None}
    assert (rows["queue.residual_usd"]["reproduced"], rows["queue.over_usd"]["reproduced"]) == (True, False)
    assert isclose(rows["queue.over_usd"]["difference"], -1e-6, rel_tol=1e-6)


FILLS = (
    "time_ms,coin,user,side,size,price,mark,against,equity,profit,against_equity",
    "1000,BTC,ann,short,2,100,101,zed,60,20,-10",  # closed better: she paid less than the mark
    "1000,BTC,bob,long,2,100,101,zed,90,10,-10",
    "9000,BTC,bob,long,1,100,100,zed,70,1,-10",
    "9000,BTC,cid,,1,100,99,zed,70,-5,-10",
)


def test_fills_when_winners_are_closed_better_too_then_both_sides_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Short at 100 against a mark of 101 gains 2; long there loses 2; what is needed calls both a cost."""
    event = folders.write(tmp_path / "e" / "fills.csv", *FILLS)
    assert call(["lab", "regret", str(event), "--json"]) == 0
    body = check(capsys.readouterr().out, "lab-regret")
    assert body["transfer"] == {"fills": 3, "worse_usd": 2.0, "better_usd": 2.0, "net_usd": 0.0}
    assert [wave["needed_usd"] for wave in body["waves"]] == [4.0, 1.0]
    assert [row["waves"] for row in body["sweep"]] == [2, 2, 2, 2, 2, 1]
    assert [row["deficit_once_usd"] for row in body["sweep"]] == [10.0] * 6
    assert set(body["undefined"]) == {"reference", "horizons", "queue", "accounts"}
    assert call(["lab", "regret", str(event)]) == 0


def test_equity_over_profit_when_accounts_are_stated_then_each_counts_at_its_first_fill(tmp_path: Path) -> None:
    """ann 60 / 20, bob 90 / 10; cid has no profit and does not count."""
    found = found_in(body_of(folders.write(tmp_path / "e" / "fills.csv", *FILLS)))
    assert found["winners.equity_over_profit.n_users"] == 2
    assert found["winners.equity_over_profit.mean"] == 6.0
    assert found["winners.equity_over_profit.median"] == 6.0
