"""``deleverage venues``, ``run --venue`` and ``queue --venue``, as they are typed."""

import json
from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.venues.catalogue import executing_names, venue_names

Captured = pytest.CaptureFixture[str]


def test_venues_when_listed_then_every_preset_has_a_line_and_grades_are_counted(capsys: Captured) -> None:
    """One line each, the last one sums up."""
    assert call(["venues"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == venue_names()
    assert last.startswith(f"{len(venue_names())} presets: {len(executing_names())} play a crash")


def test_venues_when_one_is_named_then_rule_formula_numbers_source_and_grade_are_printed(capsys: Captured) -> None:
    """Everything that a reader needs to disagree."""
    assert call(["venues", "bitmex"]) == 0
    out = capsys.readouterr().out
    for words in ("grade executes", "rule:", "formula:", "documented:", "assumed:", "source:", "who pays:", "dave"):
        assert words in out


def test_venues_when_json_is_asked_then_one_document_holds_them_all(capsys: Captured) -> None:
    """The list without, the single one with worked numbers."""
    assert call(["venues", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in found["venues"]] == venue_names()
    assert call(["venues", "dydx-v4", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["venues"]
    assert entry["worked"]["bill"]["candidates"] == "100"
    assert len(entry["worked"]["rules_hash"]) == 64


def test_venues_when_unknown_then_exit_2_and_the_nearest(capsys: Captured) -> None:
    """Bad input."""
    assert call(["venues", "bitmxe"]) == 2
    assert "nearest is 'bitmex'" in capsys.readouterr().err


def test_run_when_a_venue_is_named_then_its_rules_replace_the_scenarios(capsys: Captured) -> None:
    """The JSON says under which rules."""
    assert call(["run", "one-bankrupt", "--venue", "ccp", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["policy"], found["price_rule"], found["loss_rule"]) == ("pro-rata", "mark", "vmgh")
    assert found["scenario"]["venue"] == "ccp"


def test_run_when_a_switch_is_set_then_another_side_is_played(capsys: Captured) -> None:
    """Legacy Bybit: a fund of 40 cannot pay 100, so it pays nothing."""
    options = ["run", "one-bankrupt", "--venue", "bybit", "--switch", "fund-use=all-or-nothing", "--json"]
    assert call(options) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["fund_paid"] == "0"


def test_run_when_a_venue_does_not_publish_its_order_then_a_policy_is_asked_for_and_taken(capsys: Captured) -> None:
    """What is unknown is asked, not guessed."""
    assert call(["run", "one-bankrupt", "--venue", "deribit"]) == 2
    assert "--policy" in capsys.readouterr().err
    assert call(["run", "one-bankrupt", "--venue", "deribit", "--policy", "pro-rata"]) == 0


def test_run_when_several_venues_are_named_then_they_stand_side_by_side(capsys: Captured) -> None:
    """A line each, and the sum of every run is exact."""
    assert call(["run", "one-bankrupt", "--venue", "bitmex,ccp,dydx-v4"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "conservation: exact"
    for name in ("bitmex", "ccp", "dydx-v4"):
        assert any(line.startswith(name) for line in out.splitlines())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["run", "one-bankrupt", "--switch", "a=b"], "--switch goes with --venue"),
        (["run", "one-bankrupt", "--venue", "bitmex,ccp", "--policy", "pro-rata"], "--policy does not go with several"),
        (["run", "one-bankrupt", "--venue", "bitmex", "--switch", "a"], "is not NAME=SIDE"),
        (["run", "one-bankrupt", "--venue", "bitmex,deribit"], "deribit does not publish"),
        (["run", "one-bankrupt", "--venue", "bitmex,nobody"], "nearest is"),
        (["run", "one-bankrupt", "--venue", "bluefin"], "only ranks"),
        (["run", "one-bankrupt", "--venue", "bybit", *2 * ("--switch", "limits=examples")], "is named twice"),
        (["queue", "nowhere.csv", "--venue", "vega"], "closes nobody"),
        (["run", "--event", "nowhere", "--venue", "bitmex"], "--venue does not go with --event"),
        (["queue", "nowhere.csv", "--venue", "bitmex", "--ranking", "bitmex"], "--ranking or --venue"),
        (["queue", "nowhere.csv", "--switch", "a=b"], "--switch goes with --venue"),
    ],
)
def test_options_when_they_do_not_go_together_then_exit_2_and_a_sentence(
    options: list[str], words: str, capsys: Captured
) -> None:
    """Nothing is played."""
    assert call(options) == 2
    assert words in capsys.readouterr().err


def test_queue_when_a_venue_is_named_then_it_ranks_as_the_venue_does(tmp_path: Path, capsys: Captured) -> None:
    """Return alone (KuCoin's cross page) puts the unleveraged 30 % winner before the leveraged 20 % one."""
    book = tmp_path / "book.csv"
    book.write_text(
        "account,market,size,entry,mark,equity\nsafe,XYZ,-10,100,70,5000\nbold,XYZ,-10,87.5,70,200\nlong,XYZ,20,100,70,9\n"
    )
    orders = {}
    for switch in ("leverage", "return"):
        options = ["--venue", "kucoin", "--switch", f"version={switch}", "--side", "short", "--json"]
        assert call(["queue", str(book), *options]) == 0
        (queue,) = json.loads(capsys.readouterr().out)["queues"]
        orders[switch] = [row["account"] for row in queue["positions"]]
    assert orders == {"leverage": ["bold", "safe"], "return": ["safe", "bold"]}


def test_queue_when_the_venue_does_not_publish_its_order_then_a_ranking_is_asked_for(
    tmp_path: Path, capsys: Captured
) -> None:
    """Exit 2, before the file is read."""
    assert call(["queue", str(tmp_path / "none.csv"), "--venue", "kraken"]) == 2
    assert "does not publish how it ranks" in capsys.readouterr().err
