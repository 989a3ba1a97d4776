"""What was handed in is told again in the same bytes; accounts and places are told to whom they concern."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deleverage.documents import encode
from deleverage.rulebook.messages import Command, Deposit, PlaceOrder, Trade
from deleverage.service import access
from deleverage.service.principals import Principal, Role
from deleverage.service.questions import Question
from tests.service.world import CLEARING, ORACLE, RISK, VIEWER, World, served, trader, who


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Serve the story of six longs; what tests add to it disturbs no other."""
    with served(tmp_path_factory.mktemp("served")) as world:
        yield world


def told(key: str, command: Command) -> dict[str, Any]:
    """Return a command as the API takes it."""
    document = encode(Command, command)
    assert isinstance(document, dict)
    return {"key": key, "command": {name: value for name, value in document.items() if name != "time_ns"}}


DEPOSIT = Deposit(time_ns=0, unit_id="long-2", amount_quanta=5)
REFUSED = Trade(time_ns=0, market_id="XYZ", buyer_unit_id="long-2", seller_unit_id="nobody", lots=1, price_ticks=1)


@pytest.mark.parametrize("command", [DEPOSIT, REFUSED])
def test_command_when_it_is_looked_up_then_the_first_answer_comes_byte_for_byte(world: World, command: Command) -> None:
    """Facts or rejection, number and receipt; only ``again`` has changed."""
    world.door.principal = CLEARING
    posted = world.client.post("/v1/commands", json={"commands": [told(type(command).__name__, command)]}).content
    result = posted.removeprefix(b'{"results":[').removesuffix(b"]}").replace(b'"again":false', b'"again":true')
    named = f'{{"command":"{type(command).__name__}","result":'.encode()
    assert named + result + b"}" == world.body(f"/v1/commands/{type(command).__name__}", CLEARING)


@pytest.mark.parametrize("key", ["other", "clearing:k", "setup:0", "k" * 44])
def test_command_when_it_is_not_ones_own_then_it_is_not_there(world: World, key: str) -> None:
    """Another key's command, under whatever spelling, is answered as one that does not exist."""
    world.post("/v1/commands", {"commands": [told("k", DEPOSIT)]}, CLEARING)
    expected = world.get("/v1/commands/none", RISK, status=404)
    assert expected == world.get(f"/v1/commands/{key}", RISK, status=404)
    assert expected == world.get("/v1/commands/k", RISK, status=404)


def test_command_when_the_key_is_none_then_it_is_said(world: World) -> None:
    """A key of other letters."""
    assert world.get("/v1/commands/a%20b", status=400)["code"] == "BAD_PARAMETER"


def test_account_when_its_trader_asks_then_it_is_what_the_risk_role_sees(world: World) -> None:
    """The same document, with orders; a buffer, and what the leg is worth."""
    time_ns = 2_000_000_000
    world.do(
        [
            PlaceOrder(
                time_ns=time_ns, order_id=f"o{at}", unit_id=unit, market_id="XYZ", lots=at, price_ticks=600, leg_side=""
            )
            for at, unit in ((1, "long-2"), (2, "long-3"))
        ],
        "orders:",
    )
    own = world.get("/v1/accounts/long-2", trader("long-2"))
    assert own == world.get("/v1/accounts/long-2", RISK)
    assert [(order["order"], order["lots"]) for order in own["orders"]] == [("o1", "1")]
    (unit,) = own["units"]
    assert int(unit["margin_balance_quanta"]) - int(unit["maintenance_margin_quanta"]) == int(unit["buffer_quanta"])


@pytest.mark.parametrize("path", ["accounts/long-3", "accounts/long-3/buckets", "accounts/long-3/buckets/ccxt"])
@pytest.mark.parametrize("roles", [(Role.TRADER,), (Role.TRADER, Role.VIEWER), (Role.TRADER, Role.ORACLE)])
def test_account_when_it_is_foreign_then_it_is_not_there(world: World, path: str, roles: tuple[Role, ...]) -> None:
    """Whatever else the key may do: the words are those for an account that nobody has."""
    world.tick()
    asker = who("t", *roles, accounts=("long-2",))
    missing = world.get("/v1/" + path.replace("long-3", "nobody"), asker, status=404)
    assert missing == world.get(f"/v1/{path}", asker, status=404)


@pytest.mark.parametrize("asker", [trader("long-2"), CLEARING, ORACLE, VIEWER])
@pytest.mark.parametrize("path", ["accounts/long-2/places", "accounts/long-2/places/ccxt", "queues/XYZ/long"])
def test_places_when_no_risk_role_asks_then_it_is_forbidden(world: World, path: str, asker: Principal) -> None:
    """Exact ranks are for who runs the risk."""
    assert world.get(f"/v1/{path}", asker, status=403)["code"] == "FORBIDDEN"


def test_places_when_somebody_looks_then_the_look_is_noted_before_it_is_answered(tmp_path: Path) -> None:
    """Who, what, and nothing where the log fails."""

    class Log:
        def __init__(self) -> None:
            self.notes: list[str] = []

        async def note_read(self, principal: Principal, what: str) -> None:
            if "ETH" in what:
                raise OSError("the log is full")
            self.notes.append(f"{principal.person}: {what}")

    log = Log()
    with served(tmp_path, log=log) as world:
        world.tick()
        world.get("/v1/queues/XYZ/long?limit=2")
        world.get("/v1/accounts/long-2/places")
        world.get("/v1/accounts/long-2/buckets")
        world.get("/v1/accounts/long-2")
        assert world.get("/v1/queues/ETH/long", status=500)["code"] == "DEFECT"
    assert log.notes == [
        "risk: QueueQuestion(market=XYZ, side=long, limit=2)",
        "risk: PlacesQuestion(account=long-2)",
    ]


def test_places_when_they_are_asked_in_ccxts_shape_then_the_fields_are_ccxts(world: World) -> None:
    """Rank, rating, percentage, timestamp and datetime; the bucket is the rank for its owner."""
    world.tick()
    (exact,) = world.get("/v1/accounts/long-2/places/ccxt")
    (own,) = world.get("/v1/accounts/long-2/buckets/ccxt", trader("long-2"))
    fields = {"info", "symbol", "rank", "rating", "percentage", "timestamp", "datetime"}
    assert [fields, fields] == [set(exact), set(own)]
    assert (exact["symbol"], exact["rank"], exact["rating"], exact["percentage"]) == ("XYZ", 1, "highest", "10")
    assert (own["symbol"], own["rank"], own["rating"], own["percentage"]) == ("XYZ", 4, "highest", None)
    assert (own["timestamp"], own["datetime"]) == (60_000, "1970-01-01T00:01:00.000Z")


def test_buckets_when_there_was_no_tick_then_the_service_is_not_ready(tmp_path: Path) -> None:
    """Nothing is made up in the meantime."""
    with served(tmp_path) as world:
        assert world.get("/v1/accounts/long-2/buckets", status=503)["code"] == "NOT_READY"


def test_accounts_when_they_are_paged_then_each_comes_once(world: World) -> None:
    """Pages of two, from the front to the end."""
    seen = list[str]()
    after: str | None = ""
    while after is not None:
        page = world.get(f"/v1/accounts?limit=2&after={after}", CLEARING)
        seen += [row["account"] for row in page["accounts"]]
        after = page["next_after"]
    assert sorted(world.runner.ask(lambda domain, journal: list(domain.book.accounts)).result()) == seen


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1_0", "x"])
def test_accounts_when_the_page_is_too_long_or_none_then_it_is_said(world: World, limit: str) -> None:
    """Bounded work, and a typed reason."""
    assert world.get(f"/v1/accounts?limit={limit}", status=400)["code"] == "BAD_PARAMETER"


def test_question_when_a_trader_may_ask_it_then_it_is_public_or_names_its_account() -> None:
    """So there is no question by which a trader sees another's."""
    for kind, roles in access.QUESTIONS.items():
        if Role.TRADER in roles:
            assert roles == access.EVERYBODY or "account" in kind.__struct_fields__, kind


def test_question_when_no_table_names_it_then_it_is_nobodys() -> None:
    """Deny by default."""

    class Unknown(Question, frozen=True, kw_only=True):
        """In no table."""

    with pytest.raises(Exception, match="FORBIDDEN"):
        access.require_question(who("all", *Role), Unknown())
    assert json.dumps([kind.__name__ for kind in access.NOTED if kind not in access.QUESTIONS]) == "[]"
