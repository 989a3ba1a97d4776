"""What every connection passes: origins, headers, tickets, and no text that a browser would run."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, WebSocket, get, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.testing import TestClient

from deleverage.service import app, paths
from deleverage.service.gate import principal_of
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code, Problem
from deleverage.service.tickets import LASTS_S, MOST_OF_ONE_KEY, PREFIX, SUBPROTOCOL, Tickets, offered
from tests.service.doors import Clock, keys_of_roles, open_for_service, secret_of, served, signer
from tests.service.payloads import PAYLOADS

HOME = "https://desk.example"
KEPT = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


@websocket("/v1/echo")
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    """Say who is there."""
    await socket.accept(subprotocols=SUBPROTOCOL)
    await socket.send_text(principal_of(socket).key_id)
    await socket.close()


@get("/v1/broken")
async def broken() -> str:
    """Fail with a secret in the words."""
    raise ValueError("unforeseen")


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="client")
def _client(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient[Litestar]]:
    monkeypatch.setattr(app, "HANDLERS", [*app.HANDLERS, echo, broken])
    for endpoint in ("STREAM /v1/echo", "GET /v1/broken"):
        monkeypatch.setitem(paths.PATHS, endpoint, frozenset({Role.VIEWER}))
    with served(tmp_path, open_for_service(keys_of_roles(), clock)) as (client, _):
        yield client


def signed(clock: Clock, name: str, method: str, target: str, body: bytes = b"") -> dict[str, str]:
    """Return the headers of a key."""
    return dict(signer(name, clock).headers(method, target, body))


def test_answers_when_of_any_kind_then_all_have_the_headers(client: TestClient[Litestar], clock: Clock) -> None:
    """Answers, refusals, defects, paths that are not there: none can be shown as a page, framed or kept."""
    answers = [
        client.get("/v1/health"),
        client.get("/v1/markets", headers=signed(clock, "viewer", "GET", "/v1/markets")),
        client.get("/v1/markets"),
        client.get("/v1/broken", headers=signed(clock, "viewer", "GET", "/v1/broken")),
        client.get("/nowhere"),
        client.delete("/v1/markets"),
        client.post("/v1/commands", content=b"x" * (1 << 21)),
        client.get("/v1/health", headers={"origin": "https://evil.example"}),
    ]
    assert {200, 401, 403, 404, 405, 500} - {answer.status_code for answer in answers} == set()
    for answer in answers:
        assert {name: answer.headers[name] for name in KEPT} == KEPT
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "html" not in answer.headers["content-type"]
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:8000", "https://desk.example.evil"]
)
def test_request_when_a_page_of_another_origin_asks_then_it_is_refused(
    client: TestClient[Litestar], clock: Clock, origin: str
) -> None:
    """Even with a good signature, and before it is looked at."""
    headers = signed(clock, "viewer", "GET", "/v1/markets")
    for extra in ({"origin": origin}, {"sec-fetch-site": "cross-site"}):
        answer = client.get("/v1/markets", headers=headers | extra)
        assert (answer.status_code, answer.json()["code"]) == (403, "FOREIGN_ORIGIN")
    assert client.get("/v1/markets", headers=headers).status_code == 200


def test_handshake_when_signed_or_with_a_ticket_then_it_is_let_in_once(
    client: TestClient[Litestar], clock: Clock
) -> None:
    """A program signs, a page shows a ticket; one that was used, never given, or is of another role lets nobody in."""
    with client.websocket_connect("/v1/echo", headers=signed(clock, "viewer", "GET", "/v1/echo")) as socket:
        assert socket.receive_text() == "viewer"
    ticket = client.post("/v1/tickets", headers=signed(clock, "viewer", "POST", "/v1/tickets")).json()["ticket"]
    with client.websocket_connect("/v1/echo", subprotocols=[SUBPROTOCOL, PREFIX + ticket]) as socket:
        assert socket.receive_text() == "viewer"
    other = client.post("/v1/tickets", headers=signed(clock, "oracle", "POST", "/v1/tickets")).json()["ticket"]
    for protocols in (
        [SUBPROTOCOL, PREFIX + ticket],
        [SUBPROTOCOL, PREFIX + "x" * 43],
        [SUBPROTOCOL, PREFIX + other],
        [],
    ):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/v1/echo", subprotocols=protocols):
            pass


def test_handshake_when_from_another_origin_then_it_is_refused(client: TestClient[Litestar], clock: Clock) -> None:
    """With a good ticket, which is not used up by it."""
    ticket = client.post("/v1/tickets", headers=signed(clock, "viewer", "POST", "/v1/tickets")).json()["ticket"]
    protocols = [SUBPROTOCOL, PREFIX + ticket]
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/v1/echo", subprotocols=protocols, headers={"origin": "https://evil.example"}),
    ):
        pass
    with client.websocket_connect("/v1/echo", subprotocols=protocols) as socket:
        assert socket.receive_text() == "viewer"


def test_tickets_when_they_run_out_or_are_too_many_then_there_is_none() -> None:
    """Thirty seconds, a bound for each key and one for all."""
    clock, ann, bob = Clock(), Principal("a", "ann", frozenset()), Principal("b", "bob", frozenset())
    tickets = Tickets(clock, most=MOST_OF_ONE_KEY + 1)
    old = [tickets.issue(ann) for _ in range(MOST_OF_ONE_KEY)]
    assert bob == tickets.redeem(tickets.issue(bob))
    tickets.issue(bob)
    for one in (ann, bob):
        with pytest.raises(Problem) as refused:
            tickets.issue(one)
        assert refused.value.code == Code.TOO_MANY
    clock.turn_ms(LASTS_S * 1_000 - 1)
    assert ann == tickets.redeem(old[0])
    clock.turn_ms(1)
    with pytest.raises(Problem):
        tickets.redeem(old[1])
    assert tickets.redeem(tickets.issue(ann)) == ann
    assert offered([SUBPROTOCOL]) == ""


def test_scripts_when_sent_as_any_label_then_no_answer_is_a_page(client: TestClient[Litestar], clock: Clock) -> None:
    """Ids, reasons, keys, whole bodies, paths: fifty texts, and JSON comes back, which no browser takes for a page."""
    assert len(set(PAYLOADS)) == 50
    for at, payload in enumerate(PAYLOADS):
        for command in (
            opening(payload, payload, payload),
            opening(payload, "", "trader"),
            opening(f"a{at}", payload, "trader"),
            {"kind": "Deposit", "unit_id": payload, "amount_quanta": "1"},
            {"kind": payload},
            {payload: payload},
        ):
            for key in ("k", payload):
                post(client, clock, "clearing", json.dumps({"commands": [{"key": key, "command": command}]}).encode())
        halt = {"kind": "Halt", "scope": "", "reason": payload}
        post(client, clock, "admin", json.dumps({"commands": [{"key": "h", "command": halt}]}).encode())
        raw = payload.encode()
        post(client, clock, "admin", raw)
        target = "/v1/accounts/" + "".join(f"%{byte:02x}" for byte in raw)
        _require_harmless(client.get(target, headers=signed(clock, "auditor", "GET", target)))
        _require_harmless(client.get(f"{target}/nowhere"))


def opening(account: str, group: str, role: str) -> dict[str, Any]:
    """Return the document of a command."""
    named = {"account_id": account, "owner_group": group, "role": role}
    return {"kind": "OpenAccount", **named, "backstop_capacity_lots": "0", "hedge": False}


def post(client: TestClient[Litestar], clock: Clock, role: str, body: bytes) -> None:
    """Hand in a body."""
    headers = signed(clock, role, "POST", "/v1/commands", body)
    _require_harmless(client.post("/v1/commands", content=body, headers=headers))


def _require_harmless(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    assert answer.headers["content-type"] in ("application/json", "application/problem+json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    json.loads(answer.text)


def test_secrets_when_a_service_runs_then_they_stand_in_no_log_journal_or_answer(
    client: TestClient[Litestar], clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Canaries: the secrets of all keys, tickets and signatures, looked for in everything that is left behind."""
    caplog.set_level(logging.DEBUG)
    told, used = "", [secret_of(role.value) for role in Role]
    body = json.dumps({"commands": [{"key": "c", "command": opening("a", "", "trader")}]}).encode()
    for role in ("clearing", "viewer", "trader"):
        headers = signed(clock, role, "POST", "/v1/commands", body)
        used.append(headers["deleverage-signature"].encode())
        told += client.post("/v1/commands", content=body, headers=headers).text
        told += client.post("/v1/commands", content=body, headers=headers).text
        told += client.post("/v1/commands", content=body + b" ", headers=headers).text
    ticket = client.post("/v1/tickets", headers=signed(clock, "viewer", "POST", "/v1/tickets")).json()["ticket"]
    with client.websocket_connect("/v1/echo", subprotocols=[SUBPROTOCOL, PREFIX + ticket]) as socket:
        told += socket.receive_text()
    told += client.get("/v1/broken", headers=signed(clock, "viewer", "GET", "/v1/broken")).text
    left = told.encode() + caplog.text.encode() + b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"clearing:c" in left  # what is looked through is what there is
    for secret in (*used, ticket.encode()):
        assert secret not in left
        assert secret.hex().encode() not in left
