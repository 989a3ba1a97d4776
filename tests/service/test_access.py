"""Every path, method and role; every command and role: what the published page says, and nothing else."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, get
from litestar.testing import TestClient

from deleverage.domain.texts import LAWFUL
from deleverage.rulebook import messages as m
from deleverage.rulebook.messages import Command
from deleverage.service import access, app, paths
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import AccountQuestion, AccountsQuestion
from tests.service import access_page
from tests.service.doors import Clock, keys_of_roles, open_for_service, served, signer

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
LET_THROUGH = {200, 400, 404, 409, 415, 422, 429, 503}
"""What may come of a request whose role has business at a path, however empty it is."""


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="client")
def _client(tmp_path: Path, clock: Clock) -> Iterator[TestClient[Litestar]]:
    with served(tmp_path, open_for_service(keys_of_roles(), clock)) as (client, _):
        yield client


def published(client: TestClient[Litestar]) -> dict[str, set[str]]:
    """Return the paths of the API's own description, with their methods."""
    document = client.get("/v1/openapi/openapi.json").json()
    return {path: {method.upper() for method in methods} for path, methods in document["paths"].items()}


def asked(client: TestClient[Litestar], clock: Clock, method: str, path: str, role: str = "") -> Any:
    """Return the answer to a request with nothing in it, signed by the key of a role."""
    target = path.replace("{side}", "long").replace("{seq}", "1").replace("{", "").replace("}", "")
    headers = dict(signer(role, clock).headers(method, target)) if role else {}
    return client.request(method, target, headers=headers)


def test_page_when_tables_change_then_it_has_to_be_renewed() -> None:
    """What people read is what the code does."""
    assert access_page.text() == access_page.PAGE.read_text("utf-8")


def test_matrix_when_every_role_asks_every_path_then_the_page_is_right(
    client: TestClient[Litestar], clock: Clock
) -> None:
    """From the description of the API: each path, each method, each role, and nobody."""
    page, tried = access_page.read("Paths"), 0
    for path, own in published(client).items():
        for method in METHODS:
            endpoint = f"{method} {path}"
            expected = page[endpoint] if method in own else dict.fromkeys(access_page.ROLES, "-")
            for role in ("", *access_page.ROLES):
                status, may = asked(client, clock, method, path, role).status_code, expected.get(role, "-")
                tried += 1
                if method not in own:
                    assert status in (401, 403, 405), (endpoint, role)
                elif "open" in expected.values():
                    assert status == 200, endpoint
                elif not role:
                    assert status == 401, endpoint
                else:
                    assert (status == 403) == (may == "-"), (endpoint, role)
                    assert status in LET_THROUGH or may == "-", (endpoint, role)
    assert tried == len(published(client)) * len(METHODS) * 9


def test_routes_when_all_are_listed_then_each_stands_in_the_table_and_none_besides(
    client: TestClient[Litestar],
) -> None:
    """Streams and what the description leaves out, too."""
    assert unlisted(client.app) == set()
    assert set(paths.PATHS) - routes(client.app) == set()


def routes(application: Litestar) -> set[str]:
    """Return every method and path that an application has."""
    found = set()
    for route in application.routes:
        path = access_page_form(route.path)
        methods = getattr(route, "methods", None) or {"STREAM"}
        found |= {f"{method} {path}" for method in methods if method != "OPTIONS"}
    return found


def access_page_form(path: str) -> str:
    """Return a path of the framework as the description has it."""
    return path.replace(":str}", "}").replace(":int}", "}") or "/"


def unlisted(application: Litestar) -> set[str]:
    """Return what no table names."""
    return routes(application) - set(paths.PATHS)


def test_path_when_no_table_names_it_then_nobody_is_let_in_and_the_guard_names_it(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a handler that somebody forgot to give to anybody."""

    @get("/v1/forgotten")
    async def forgotten() -> str:
        return "secret"

    monkeypatch.setattr(app, "HANDLERS", [*app.HANDLERS, forgotten])
    with served(tmp_path, open_for_service(keys_of_roles(), clock)) as (client, _):
        assert unlisted(client.app) == {"GET /v1/forgotten"}
        assert "/v1/forgotten" in published(client)
        answers = [asked(client, clock, "GET", "/v1/forgotten", role) for role in ("", *access_page.ROLES)]
        assert [answer.status_code for answer in answers] == [401] + 8 * [403]
        assert not any("secret" in answer.text for answer in answers)


def kinds() -> list[type[Command]]:
    """Return every command of the law."""
    return sorted(LAWFUL, key=lambda kind: kind.__name__)


def bare(kind: type[Command]) -> Command:
    """Return a command of a kind with nothing much in it: who may hand it in does not hang on that."""
    stubs = {"str": "x", "int": 1, "bool": False}
    told = ((field.name, getattr(field.type, "__name__", str(field.type))) for field in fields(kind))
    given: dict[str, Any] = {name: stubs.get(of, ()) for name, of in told}
    return kind(**given)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_command_when_each_role_hands_it_in_then_the_page_is_right(kind: type[Command]) -> None:
    """Every command of the law stands on the page; what takes two is for nobody alone."""
    cells = access_page.read("Commands")[kind.__name__]
    command = bare(kind)
    for role, may in cells.items():
        try:
            access.require_command(Principal("k", "k", frozenset({Role(role)}), frozenset({"own"})), command)
            found = "yes"
        except Problem as problem:
            found = {Code.NOT_FOUND: "own", Code.FORBIDDEN: "-"}[problem.code]
        assert found == ("-" if may == "proposes" else may), role


@pytest.mark.parametrize("kind", [m.Bid, m.MoveMargin, m.SetLeverage])
def test_command_of_a_trader_when_its_units_are_its_own_then_it_may(kind: type[Command]) -> None:
    """Account and isolated unit; one foreign unit among them is enough to be told that there is none."""
    trader = Principal("t", "t", frozenset({Role.TRADER, Role.VIEWER}), frozenset({"own", "own2"}))
    names = access.OWN_UNITS[kind]
    for unit, lawful in (("own", True), ("own/x", True), ("own2", True), ("own3", False), ("", False), ("ow", False)):
        for name in names:
            given: dict[str, Any] = {**dict.fromkeys(names, "own"), name: unit}
            command = replace(bare(kind), **given)
            if lawful:
                access.require_command(trader, command)
            else:
                with pytest.raises(Problem) as refused:
                    access.require_command(trader, command)
                assert refused.value.code == Code.NOT_FOUND


@pytest.mark.parametrize("confirmed", [False, True])
def test_marks_when_handed_in_as_a_command_then_nobody_alone_may(confirmed: bool) -> None:
    """They would pass age, order and quorum, or every guard, so they take two persons; a source has its own path."""
    oracle = Principal("o", "o", frozenset(Role))
    with pytest.raises(Problem) as refused:
        access.require_command(oracle, m.SetMarks(time_ns=0, marks=(), confirmed=confirmed))
    assert refused.value.code == Code.FORBIDDEN


@pytest.mark.parametrize("others", [frozenset[Role](), frozenset({Role.VIEWER, Role.ORACLE, Role.ADMIN})])
def test_question_of_a_trader_when_about_another_account_then_there_is_none(others: frozenset[Role]) -> None:
    """Roles that may not ask add nothing to what a trader sees."""
    trader = Principal("t", "t", frozenset({Role.TRADER}) | others, frozenset({"own"}))
    access.require_question(trader, AccountQuestion(account="own"))
    with pytest.raises(Problem) as refused:
        access.require_question(trader, AccountQuestion(account="other"))
    assert refused.value.code == Code.NOT_FOUND
    with pytest.raises(Problem) as refused:
        access.require_question(trader, AccountsQuestion(after="", limit=1))
    assert refused.value.code == Code.FORBIDDEN
