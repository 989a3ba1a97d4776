"""Budgets of controllers beside the oracle's: what was asked, what it missed, and what it had to know."""

from typing import Any

import pytest

from deleverage.lab.compare.chosen import Chosen, chosen_policies
from deleverage.lab.compare.document import document
from deleverage.lab.compare.run import compare
from deleverage.lab.policies.catalogue import named
from tests.lab.compare.events import event, wave


def asked_of(*names: str, **changed: Any) -> list[dict[str, Any]]:
    """Return the rows of policies on two waves that lost 1,000 USD each and needed 400.25."""
    faults: list[str] = []
    chosen = chosen_policies(names, named, faults)
    assert faults == []
    rows: list[dict[str, Any]] = document(compare(event(wave(1), wave(2, **changed)), chosen))["policies"]
    return rows


def test_controller_when_it_is_static_then_the_same_share_of_each_deficit_is_asked_for() -> None:
    """A half of 1,000: 99.75 too much in each wave; the oracle beside it is asked for what was needed."""
    static, oracle = asked_of("static:theta=1/2+queue", "queue")
    assert [cell["asked"] for cell in static["waves"]] == ["500", "500"]
    assert static["sums"] == pytest.approx({"over_collection": 199.5, "under_collection": 0.0})
    assert (static["controller"], oracle["controller"]) == ("static(theta=1/2)", None)
    assert [cell["asked"] for cell in oracle["waves"]] == ["400.25", "400.25"]
    assert static["course"]["measures"]["severity_regret"] == pytest.approx(199.5)


def test_controller_when_less_than_a_unit_is_left_then_no_ratio_divides_by_it() -> None:
    """All of 1,000.004 USD in cents: 0.004 USD are left, which nobody can be asked for."""
    (row,) = asked_of("static+wealth-pro-rata", deficit_usd=1_000.004)
    told = row["waves"][1]
    assert (told["asked"], told["measures"]["ptsr_code"], told["measures"]["rd_nse"]) == ("1000", None, 1.0)


def test_controller_when_it_knows_afterwards_then_the_whole_is_ex_post() -> None:
    """The later of both information sets; the needed severity asks for what was needed."""
    (row,) = asked_of("needed+wealth-pro-rata")
    assert row["information"] == "ex post"
    assert row["sums"] == {"over_collection": 0.0, "under_collection": 0.0}


def test_controller_when_a_deficit_is_not_known_then_that_wave_is_left_out() -> None:
    """An oracle's budget needs none."""
    static, oracle = asked_of("static+queue", "queue", deficit_usd=float("nan"))
    assert [len(row["waves"]) for row in (static, oracle)] == [1, 2]
    assert "it is not known" in static["left_out"][0]["why"]


def test_controller_when_later_waves_change_then_what_was_asked_before_stays() -> None:
    """T43: nothing of wave 2 reaches the budget of wave 1."""
    names = ("online-gradient:rate=1/100000+queue", "backoff+queue", "matched+queue", "scalar-mirror-descent+queue")
    before = asked_of(*names)
    after = asked_of(*names, deficit_usd=9_000.0, needed_usd=8_000.0, winners_profit_usd=20_000.0)
    assert [row["waves"][0]["asked"] for row in before] == [row["waves"][0]["asked"] for row in after]


def test_controller_when_it_is_none_then_the_nearest_is_named() -> None:
    """Before the plus stands a controller, behind it a policy."""
    faults: list[str] = []
    found: list[Chosen] = chosen_policies(("statik+queue", "static+quque", "static:x=1+queue"), named, faults)
    assert found == []
    assert [word in sentence for word, sentence in zip(("'static'", "'queue'", "no 'x'"), faults, strict=True)] == [
        True
    ] * 3
