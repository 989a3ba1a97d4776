"""Regret against a reference policy: by hand, against another one, and where nobody's equity is known."""

import json
from pathlib import Path
from typing import Any

import pytest

from deleverage.cli import call
from deleverage.lab.compare.chosen import MEASURED, chosen_policies
from deleverage.lab.compare.document import document
from deleverage.lab.compare.run import compare
from deleverage.lab.policies.catalogue import named
from tests.lab.compare.events import event, told, wave
from tests.lab.events.folders import small_event

Captured = pytest.CaptureFixture[str]


def hardest(row: dict[str, Any]) -> dict[int, float]:
    """Return the largest share of an equity that a policy takes, by wave."""
    return {cell["wave"]: cell["measures"]["largest_e"] for cell in row["waves"]}


def test_regret_when_no_reference_is_named_then_it_is_the_min_max_policy_asked_or_not() -> None:
    """Fairness is sum |m - m of it| B; the reference has none; both sides and the total stand beside it."""
    made = event(wave(taken_usd={0: 5.0}), wave(2, needed_usd=20.0))
    alone, both = told(made, "queue"), told(made, "queue", "min-max")
    assert (alone["reference"], alone["reference_of_published"]) == ("min-max", None)
    queue, least = both["policies"]
    needed = {1: 400.25, 2: 20.0}
    by_hand = sum(abs(hardest(queue)[at] - hardest(least)[at]) * needed[at] for at in needed)
    assert by_hand > 0
    assert queue["regret"] == alone["policies"][0]["regret"]
    assert queue["regret"]["fairness_usd"] == pytest.approx(by_hand)
    assert queue["regret"]["harder_than_reference_usd"] == queue["regret"]["fairness_usd"]
    assert least["regret"]["fairness_usd"] == 0.0
    for row in (queue, least):
        found = row["regret"]
        assert found["total_usd"] == found["overshoot_usd"] + found["fairness_usd"]
        assert (found["over_usd"], found["under_usd"]) == tuple(row["sums"].values())
        assert row["course"]["measures"]["total_regret"] == found["total_usd"]


def test_regret_when_a_controller_asks_for_less_then_it_is_under_and_never_over() -> None:
    """A quarter of the deficit of 1,000 USD instead of 400.25: 150.25 USD too little, fairness on top."""
    (row,) = told(event(), "wealth-pro-rata")["policies"]
    assert row["regret"]["overshoot_usd"] == 0.0
    sentences: list[str] = []
    less = chosen_policies(["static:theta=1/4+wealth-pro-rata"], named, sentences)
    found = document(compare(event(), less, MEASURED, 1))["policies"][0]["regret"]
    assert sentences == []
    assert (found["over_usd"], found["under_usd"], found["overshoot_usd"]) == (0.0, 150.25, 150.25)
    assert found["total_usd"] == 150.25 + found["fairness_usd"]


def test_regret_when_nobody_s_equity_is_known_then_fairness_is_undefined() -> None:
    """With its reason; over and under are there all the same."""
    (row,) = told(event(wave(winners_equity_usd=float("nan"))), "queue")["policies"]
    assert row["regret"]["fairness_usd"] is None
    assert set(row["regret"]["undefined"]) == {"fairness_usd", "total_usd"}
    assert row["regret"]["overshoot_usd"] == 0.0
    assert row["regret"]["waves_without_fairness"] == [1]
    assert "fairness_regret" in row["course"]["undefined"]


def test_regret_when_a_policy_is_asked_nowhere_then_it_has_none_and_not_0() -> None:
    """A rule in contracts on tables of waves: nothing was taken, so nothing was missed either."""
    (row,) = told(event(), "contracts-pro-rata")["policies"]
    assert row["why"] is not None
    assert row["regret"] is None


def test_compare_when_a_reference_is_named_then_it_is_taken_and_a_wrong_one_refused(
    tmp_path: Path, capsys: Captured
) -> None:
    """As a policy is named, parameters too; published rows keep the published one; planted: none of that name."""
    folder = str(small_event(tmp_path / "event"))
    words = ["lab", "compare", folder, "--policies", "queue", "--json"]
    assert call([*words, "--reference", "min-maxx"]) == 2
    assert "--reference: policy" in capsys.readouterr().out
    assert call([*words, "--reference", "capped-pro-rata:ceiling=1/5"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["reference"], found["reference_of_published"]) == ("capped-pro-rata:ceiling=1/5", "fair")
    published = {row["policy"]: row["regret"] for row in found["policies"] if row["published"]}
    assert call(["lab", "regret", folder, "--json"]) == 0
    for row in json.loads(capsys.readouterr().out)["policies"]:
        mine = published[row["policy"]]
        for ours, theirs in (("fairness_usd", "fairness_regret_usd"), ("total_usd", "total_regret_usd")):
            assert mine[ours] == row[theirs]


def test_compare_when_regret_is_not_measured_then_no_reference_is_asked(tmp_path: Path, capsys: Captured) -> None:
    """Null, and no columns in the text."""
    folder = str(small_event(tmp_path / "event"))
    assert call(["lab", "compare", folder, "--policies", "queue", "--metrics", "gini", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["reference"], found["policies"][0]["regret"]) == (None, None)
    assert call(["lab", "compare", folder, "--policies", "queue", "--metrics", "gini"]) == 0
    assert "fairness" not in capsys.readouterr().out
