"""What would happen: own acts on one's own book, anything on a fork, and the next step; nothing is ever written."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deleverage.documents import encode
from deleverage.rulebook import messages as m
from deleverage.rulebook.messages import Command, RunStep
from deleverage.service.principals import Role
from deleverage.service.questions import own_what_if, what_if
from tests.service.world import CLEARING, RISK, VIEWER, World, served, trader, who

ME, XYZ = "long-2", "XYZ"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Serve the story of six longs, just before its step."""
    with served(tmp_path_factory.mktemp("served")) as world:
        world.tick()
        yield world


def document(command: Command) -> Any:
    """Return a command as a what-if takes it."""
    told: Any = encode(Command, command)
    return {name: value for name, value in told.items() if name != "time_ns"}


def trade(buyer: str, seller: str, lots: int, price_ticks: int = 660) -> m.Trade:
    """Return a trade."""
    parties = {"buyer_unit_id": buyer, "seller_unit_id": seller}
    return m.Trade(time_ns=0, market_id=XYZ, lots=lots, price_ticks=price_ticks, **parties)


def marks(price_ticks: int) -> m.SetMarks:
    """Return a mark that passes every guard."""
    return m.SetMarks(time_ns=0, marks=(m.MarkUpdate(XYZ, price_ticks, 9),), confirmed=True)


def own(world: World, *commands: Command, status: int = 200) -> Any:
    """Return what an owner's what-if comes to."""
    tried = {"commands": [document(command) for command in commands]}
    return world.post(f"/v1/accounts/{ME}/what-if", tried, trader(ME), status)


def test_own_what_if_when_it_is_tried_then_the_answers_are_those_that_the_law_would_give(world: World) -> None:
    """A deposit, a withdrawal and a mark: the same facts and the same account as on a fork of everything."""
    tried = [
        m.Deposit(time_ns=0, unit_id=ME, amount_quanta=7),
        m.SetLeverage(time_ns=0, unit_id=ME, market_id=XYZ, leverage_ppb=2 * 10**9),
        marks(700),
    ]
    alone = own(world, *tried)
    whole = world.post("/v1/what-if", {"commands": [document(one) for one in tried], "accounts": [ME]}, RISK)
    assert [answer["outcome"] for answer in alone["answers"]] == ["done"] * 3
    for one, other in zip(alone["answers"], whole["answers"], strict=True):
        kinds = [[fact["kind"] for fact in answer["facts"]] for answer in (one, other)]
        assert kinds[0] == kinds[1]
    assert whole["accounts"] == [alone["account"]]


def test_own_what_if_when_a_trade_is_tried_then_somebody_takes_the_other_side(world: World) -> None:
    """Buying more, selling all, and selling beyond: the account has the lots that it would have."""
    for buyer, seller, lots, left in ((ME, "", 5, "15"), ("", ME, 10, None), ("", ME, 12, "-2")):
        found = own(world, trade(buyer, seller, lots))
        assert found["answers"][0]["outcome"] == "done", found
        legs = found["account"]["units"][0]["legs"]
        assert ([] if left is None else [left]) == [leg["lots"] for leg in legs]
        assert [unit["unit"] for unit in found["account"]["units"]] == [ME]


def test_own_what_if_when_the_mark_falls_to_the_liquidation_price_then_the_unit_is_unhealthy(world: World) -> None:
    """With little money left: healthy a tick before, unhealthy at the price that the account names."""
    emptied = m.Withdraw(time_ns=0, unit_id=ME, amount_quanta=1_090_000)
    (unit,) = own(world, emptied)["account"]["units"]
    price = int(unit["legs"][0]["liquidation_price_ticks"])
    healths = [own(world, emptied, marks(at))["account"]["units"][0]["health"] for at in (price + 1, price)]
    assert healths == ["healthy", "unhealthy"]


def test_own_what_if_when_both_legs_are_as_large_then_the_price_at_which_it_is_unhealthy_lies_above(
    tmp_path: Path,
) -> None:
    """It gains nothing and loses nothing, but what it has to hold grows with the price."""
    both = [
        m.OpenAccount(time_ns=0, account_id="both", hedge=True),
        m.Deposit(time_ns=0, unit_id="both", amount_quanta=100_000),
        replace(trade("both", "long-2", 1), buyer_side="long"),
        replace(trade("long-2", "both", 1), seller_side="short"),
    ]
    with served(tmp_path) as world:
        now_ns = int(world.get("/v1/markets")["time_ns"])
        done = world.do([replace(one, time_ns=now_ns) for one in both], "both:")
        assert all(isinstance(one.answer, tuple) for one in done), done
        legs = world.get("/v1/accounts/both", trader("both"))["units"][0]["legs"]
        (price,) = {int(leg["liquidation_price_ticks"]) for leg in legs}
        healths = [
            world.post("/v1/accounts/both/what-if", {"commands": [document(marks(at))]}, trader("both"))["account"][
                "units"
            ][0]["health"]
            for at in (price - 1, price)
        ]
        assert healths == ["healthy", "unhealthy"]
        assert price > int(legs[0]["mark_price_ticks"])


def test_what_if_when_steps_are_tried_then_nothing_is_written(world: World) -> None:
    """A crash on the fork closes positions there; the state stays, and so does the plan."""
    plan = world.get("/v1/plan")
    crash = [document(marks(1_500)), {"kind": "RunStep"}]
    found = world.post("/v1/what-if", {"commands": crash, "accounts": [ME, "short-20"]})
    assert "Deleveraged" in [fact["kind"] for fact in found["answers"][1]["facts"]]
    assert plan == world.get("/v1/plan")
    real = world.do([RunStep(time_ns=int(plan["time_ns"]))], "real:")[0].answer
    assert [type(fact).__name__ for fact in real] == [fact["kind"] for fact in plan["facts"]]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"commands": []},
        {"commands": {}},
        {"commands": ["x"]},
        {"commands": [{"kind": "Deposit", "unit_id": ME, "amount_quanta": "1", "time_ns": "5"}]},
        {"commands": [{"kind": "Deposit", "unit_id": ME}]},
        {"commands": [{"kind": "RunStep"}]},
        {"commands": [{"kind": "Deposit", "unit_id": ME, "amount_quanta": "1"}] * (own_what_if.MOST_TRIED + 1)},
        {"commands": [{"kind": "Deposit", "unit_id": ME, "amount_quanta": "1"}], "accounts": ["long-3"]},
    ],
)
def test_own_what_if_when_it_is_none_then_it_is_said(world: World, body: Any) -> None:
    """No array, no command, a time, a step, too many, and keys that belong elsewhere."""
    assert world.post(f"/v1/accounts/{ME}/what-if", body, trader(ME), status=400)["code"] == "BAD_BODY"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"commands": [{"kind": "RunStep"}] * (what_if.MOST_STEPS + 1), "accounts": []}, 400),
        ({"commands": [{"kind": "RunStep"}] * (what_if.MOST_TRIED + 1), "accounts": []}, 400),
        ({"commands": [{"kind": "RunStep"}], "accounts": [ME] * (what_if.MOST_SHOWN + 1)}, 400),
        ({"commands": [{"kind": "RunStep"}], "accounts": ["nobody"]}, 404),
        ({"commands": [{"kind": "RunStep"}], "accounts": ME}, 400),
        ({"commands": [{"kind": "RunStep"}]}, 400),
    ],
)
def test_what_if_when_it_asks_too_much_then_it_is_said(world: World, body: Any, status: int) -> None:
    """Bounded work, and a typed reason."""
    world.post("/v1/what-if", body, RISK, status)


def test_what_if_when_no_risk_role_asks_then_it_is_refused(world: World) -> None:
    """A what-if on everything would tell who is next; a foreign account is not there."""
    body = {"commands": [{"kind": "RunStep"}], "accounts": []}
    for asker in (trader(ME), CLEARING, VIEWER):
        assert world.post("/v1/what-if", body, asker, status=403)["code"] == "FORBIDDEN"
    one = {"commands": [{"kind": "Deposit", "unit_id": ME, "amount_quanta": "1"}]}
    missing = world.post("/v1/accounts/nobody/what-if", one, trader(ME), status=404)
    assert missing == world.post("/v1/accounts/long-3/what-if", one, trader(ME), status=404)
    assert world.post(f"/v1/accounts/{ME}/what-if", one, VIEWER, status=403)["code"] == "FORBIDDEN"
    assert world.get("/v1/plan", who("two", Role.APPROVER))["rejection"] is None


def test_description_when_it_is_read_then_each_view_and_each_field_is_in_it(world: World, tmp_path: Path) -> None:
    """Every answer is described by a schema of its own, with the fields of the view."""
    described = world.get("/v1/openapi/openapi.json")
    schemas = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            (done,) = (answer for status, answer in operation["responses"].items() if status.startswith("2"))
            (content,) = done["content"].values()
            schema = content["schema"]
            told = schema.get("$ref") or schema.get("items", {}).get("$ref") or schema.get("type")
            assert told, (path, method)
    assert {"bucket", "leg", "market", "unit"} == set(schemas["BucketView"]["properties"])
    assert len([name for name in schemas if name.endswith("View")]) > 25
