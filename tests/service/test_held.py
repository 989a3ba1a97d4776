"""What the venue says it holds, against what is owed at the tick; and the file in which it says so."""

from pathlib import Path

import pytest

from deleverage.rulebook.messages import DepositToFund, RunStep
from deleverage.rulebook.reserves import reserve_ratio_floor
from deleverage.scenarios.faults import ScenarioError
from deleverage.service.held_file import read_held
from tests.service.world import RISK, TICK_NS, VIEWER, served

HELD = """{"currency": "USD", "assets_quanta": "50000000", "available_ns": "10",
"holdings": [{"asset_id": "BTC", "amount_units": "3", "price_quanta": "100", "haircut_ppb": "500000000"},
             {"asset_id": "LAND", "amount_units": "1", "price_quanta": "7000", "liquidation_ns": "11"}]}"""


def test_reserves_when_the_venue_says_what_it_holds_then_the_ratio_is_the_laws(tmp_path: Path) -> None:
    """The ratio of the rulebook's own walk, and the reserve in a crash: half of BTC, land too slow."""
    file = tmp_path / "held.json"
    file.write_text(HELD)
    held = read_held(str(file))
    with served(tmp_path, held=held) as world:
        world.tick()
        found = world.get("/v1/reserves", VIEWER)
        book = world.runner.ask(lambda domain, _: domain.book.copy()).result()
        expected = reserve_ratio_floor(book, "USD", 50_000_000)
        assert (expected.liabilities_quanta, expected.ratio_ppb) == (
            int(found["liabilities_quanta"]),
            int(found["ratio_ppb"]),
        )
        assert (found["reserve_value_quanta"], found["reserve_face_quanta"]) == ("150", "7300")
        assert [(asset["asset"], asset["value_quanta"], asset["too_slow"]) for asset in found["reserve"]] == [
            ("BTC", "150", False),
            ("LAND", "0", True),
        ]


def test_reserves_when_the_venue_says_nothing_then_only_what_is_owed_is_told(tmp_path: Path) -> None:
    """No ratio is made up."""
    with served(tmp_path) as world:
        world.tick()
        found = world.get("/v1/reserves", VIEWER)
        assert (found["ratio_ppb"], found["assets_quanta"], found["reserve"]) == (None, None, [])
        assert int(found["liabilities_quanta"]) > 0


def test_funds_when_it_is_published_then_it_is_that_of_the_tick(tmp_path: Path) -> None:
    """Money that has come in since is told to staff only."""
    with served(tmp_path) as world:
        world.tick()
        now = world.get("/v1/funds/now", RISK)
        published = world.get("/v1/funds", VIEWER)
        assert now == published["fund"]
        assert published["withdrawals_open"] is False  # a short is below zero until the step has settled it
        world.do([DepositToFund(time_ns=2_000_000_000, amount_quanta=5)], "fund:")
        assert published == world.get("/v1/funds", VIEWER)
        (pool,) = world.get("/v1/funds/now", RISK)["pools"]
        assert int(pool["cash_quanta"]) == 5 + int(now["pools"][0]["cash_quanta"])
        world.do([RunStep(time_ns=2_000_000_000)], "step:")
        assert published == world.get("/v1/funds", VIEWER)
        world.tick(2 * TICK_NS)
        assert world.get("/v1/funds", VIEWER)["withdrawals_open"] is True


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "line 1"),
        ("[]", "object"),
        ('{"currency": "USD"}', "assets_quanta"),
        ('{"currency": "USD", "assets_quanta": 5}', "a number"),
        ('{"currency": "USD", "assets_quanta": "-5"}', "-5 quanta"),
        ('{"currency": "USD", "assets_quanta": "x"}', "int"),
        ('{"currency": "USD", "assets_quanta": "5", "extra": "1"}', "extra"),
        (HELD.replace("500000000", "1500000000"), "1000000000"),
        (HELD.replace('"3"', '"-3"'), "negative"),
    ],
)
def test_held_file_when_it_is_wrong_then_it_is_said(tmp_path: Path, content: str, words: str) -> None:
    """Numbers for texts, unknown and missing keys, negative amounts, shares above one."""
    file = tmp_path / "held.json"
    file.write_text(content)
    with pytest.raises(ScenarioError, match=words):
        read_held(str(file))


def test_held_file_when_it_is_not_there_then_it_is_said(tmp_path: Path) -> None:
    """No such file."""
    with pytest.raises(ScenarioError, match="No such file"):
        read_held(str(tmp_path / "none.json"))
