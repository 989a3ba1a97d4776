"""Requests that were forged, replayed, changed, early or late: none is let in."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from litestar import Request

from deleverage.service.doorman import AHEAD_MS, BAD_SIGNATURES, BEHIND_MS, SignedDoor
from deleverage.service.nonces import Nonces
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code, Problem
from deleverage.service.signing import HMAC, Signer
from tests.service.attacks import BODY, KINDS, attack, let_in
from tests.service.doors import (
    MS,
    Clock,
    ed25519_key,
    hmac_key,
    keys_of_roles,
    open_for_service,
    request_of,
    served,
    signer,
)


def admit(
    door: SignedDoor, method: str, target: str, headers: dict[str, str], body: bytes = b"", address: str = "127.0.0.1"
) -> Principal | Code:
    """Return who a door lets in, or why nobody."""
    try:
        return asyncio.run(door.admit(request_of(method, target, headers, body, address)))
    except Problem as problem:
        return problem.code


def test_request_when_signed_then_its_key_is_let_in() -> None:
    """Both algorithms, with query and body."""
    clock = Clock()
    keys = {"e": ed25519_key("e", Role.VIEWER), "h": hmac_key("h", Role.VIEWER)}
    door = open_for_service(keys, clock)
    for one in (signer("e", clock), signer("h", clock, HMAC)):
        headers = dict(one.headers("POST", "/v1/commands?a=%20b", BODY))
        assert keys[one.key_id].principal == admit(door, "POST", "/v1/commands?a=%20b", headers, BODY)


def test_requests_when_ten_thousand_are_replayed_forged_early_or_late_then_none_is_let_in() -> None:
    """Each is made from an honest one, by a seeded draw; the honest one goes on being let in."""
    assert dict.fromkeys(KINDS, 0) == let_in(10_000, seed=20)


@pytest.mark.parametrize(
    ("kind", "where", "name", "blind"),
    [
        ("replayed", "nonces.Nonces", "take", lambda *_: True),
        ("forged", "signing.PublicKey", "is_signed", lambda *_: True),
        ("changed", "signing.SharedSecret", "is_signed", lambda *_: True),
        ("early", "doorman.SignedDoor", "_require_window", lambda *_: None),
        ("late", "doorman.SignedDoor", "_require_window", lambda *_: None),
        ("changed", "doorman", "text_of", lambda *_: b"text"),
    ],
)
def test_requests_when_a_check_is_missing_then_its_kind_is_let_in(
    kind: str, where: str, name: str, blind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a door that has forgotten one of its checks lets in what that check is for."""
    monkeypatch.setattr(f"deleverage.service.{where}.{name}", blind)
    if name == "text_of":  # whatever was signed, any signature of the key is good for it
        monkeypatch.setattr("deleverage.service.signing.text_of", blind)
    assert let_in(600, seed=22)[kind] > 0


@pytest.mark.parametrize("off_ms", [-AHEAD_MS, 0, BEHIND_MS])
def test_request_when_at_an_edge_of_the_window_then_it_is_let_in_and_beyond_it_is_not(off_ms: int) -> None:
    """5 s late and 1 s early are in time, a millisecond more is not."""
    clock = Clock()
    door = open_for_service({"e": ed25519_key("e", Role.VIEWER)}, clock)
    clock.turn_ms(60_000)
    for beyond_ms in {0, -1 if off_ms < 0 else 1 if off_ms > 0 else 0}:
        headers = dict(signer("e", clock).headers("GET", "/v1/markets"))
        clock.turn_ms(off_ms + beyond_ms)
        found = admit(door, "GET", "/v1/markets", headers)
        assert (found == Code.OUT_OF_TIME) == bool(beyond_ms)
        clock.turn_ms(-off_ms - beyond_ms)


def test_request_when_it_was_let_in_before_a_start_then_the_new_door_refuses_it() -> None:
    """The nonces of before are unknown: what could have been taken then is refused, however early it was dated."""
    clock = Clock()
    keys = {"e": ed25519_key("e", Role.VIEWER)}
    door = open_for_service(keys, clock)
    clock.turn_ms(AHEAD_MS)
    early = dict(signer("e", clock).headers("GET", "/v1/markets"))
    clock.turn_ms(-AHEAD_MS)
    assert keys["e"].principal == admit(door, "GET", "/v1/markets", early)
    anew = SignedDoor(keys, clock)
    for _ in range(60):
        assert admit(anew, "GET", "/v1/markets", early) == Code.OUT_OF_TIME
        clock.turn_ms(100)
    assert keys["e"].principal == admit(
        anew, "GET", "/v1/markets", dict(signer("e", clock).headers("GET", "/v1/markets"))
    )


def test_answer_when_key_is_unknown_or_signature_wrong_then_it_is_the_same_in_every_byte() -> None:
    """Nobody learns which keys there are."""
    clock = Clock()
    keys = {"e": ed25519_key("e", Role.VIEWER, networks=()), "h": hmac_key("h", Role.VIEWER)}
    door = open_for_service(keys, clock)
    said = set()
    for name in ("e", "h", "nobody"):
        headers = dict(Signer(name, HMAC, b"?" * 32, clock).headers("GET", "/v1/markets"))
        with pytest.raises(Problem) as refused:
            asyncio.run(door.admit(request_of("GET", "/v1/markets", headers)))
        said.add(str(refused.value.document()))
    assert len(said) == 1


def test_key_when_expired_or_used_from_elsewhere_then_it_is_refused() -> None:
    """Its bounds hold; who is outside the networks is told no more than a stranger."""
    from ipaddress import ip_network

    clock = Clock()
    keys = {
        "old": ed25519_key("old", Role.VIEWER, expires_ns=clock.now_ns + 1_000 * MS),
        "home": ed25519_key("home", Role.VIEWER, networks=(ip_network("10.0.0.0/8"),)),
    }
    door = open_for_service(keys, clock)
    for address, expected in (
        ("10.1.2.3", keys["home"].principal),
        ("192.168.0.1", Code.UNSIGNED),
        ("", Code.UNSIGNED),
    ):
        headers = dict(signer("home", clock).headers("GET", "/v1/markets"))
        assert expected == admit(door, "GET", "/v1/markets", headers, address=address)
    assert keys["old"].principal == admit(door, "GET", "/", dict(signer("old", clock).headers("GET", "/")))
    clock.turn_ms(1_000)
    assert admit(door, "GET", "/", dict(signer("old", clock).headers("GET", "/"))) == Code.UNSIGNED


def test_bad_signatures_when_too_many_then_their_sender_is_told_so_and_nobody_is_locked_out() -> None:
    """Not even the key itself at the same address: behind a proxy all have one, and a halt has to come through."""
    clock = Clock()
    keys = {"e": ed25519_key("e", Role.VIEWER), "o": ed25519_key("o", Role.VIEWER)}
    door = open_for_service(keys, clock)
    forger = Signer("e", HMAC, b"?" * 32, clock)
    codes = [
        admit(door, "GET", "/", dict(forger.headers("GET", "/")), address="10.0.0.9")
        for _ in range(BAD_SIGNATURES.burst + 9)
    ]
    assert codes[0] == Code.UNSIGNED
    assert codes[-1] == Code.TOO_MANY
    for name, address in (("e", "10.0.0.1"), ("o", "10.0.0.9"), ("e", "10.0.0.9")):
        headers = dict(signer(name, clock).headers("GET", "/"))
        assert keys[name].principal == admit(door, "GET", "/", headers, address=address)


def test_body_when_it_does_not_come_then_nobody_waits_for_it_longer_than_the_window() -> None:
    """Who sends all but the last byte, on a thousand connections, would else keep as many bodies in memory for ever."""
    clock = Clock()
    door = open_for_service({"o": ed25519_key("o", Role.ORACLE)}, clock)
    headers = dict(signer("o", clock).headers("POST", "/v1/marks", b"{}"))
    asked = request_of("POST", "/v1/marks", headers, b"{}")

    async def never() -> Any:
        await asyncio.Event().wait()

    slow: Any = Request(asked.scope, receive=never)
    clock.turn_ms(BEHIND_MS - 20)
    with pytest.raises(Problem) as refused:
        asyncio.run(asyncio.wait_for(door.admit(slow), 5))
    assert refused.value.code is Code.OUT_OF_TIME


def test_nonces_when_full_then_nothing_that_could_come_again_is_forgotten() -> None:
    """Bounded, and never at the cost of a replay."""
    nonces = Nonces(most=2)
    assert [nonces.take(name, 0, 10) for name in ("a", "b", "c", "a")] == [True, True, None, False]
    assert [nonces.take(name, 10, 10) for name in ("b", "c")] == [False, None]
    assert [nonces.take(name, 11, 10) for name in ("c", "a")] == [True, True]


def test_state_when_bad_requests_come_through_the_application_then_nothing_is_written(tmp_path: Path) -> None:
    """The journal has no command more, and every answer is a typed problem."""
    draw, clock = random.Random(21), Clock()
    door = open_for_service(keys_of_roles(), clock)
    with served(tmp_path, door) as (client, runner):
        for _ in range(200):
            kind, method, target, headers, body, late_ms = attack(draw, clock, signer("clearing", clock))
            if kind == "replayed" or any(not value.isascii() for value in headers.values()):
                continue
            clock.turn_ms(late_ms)
            answer = client.request(method, target, headers=headers, content=body)
            clock.turn_ms(-late_ms)
            assert answer.status_code in (401, 403, 405, 429), (kind, answer.text)
            assert answer.json()["code"] in Code.__members__
        assert runner.ask(lambda domain, journal: journal.seq).result() == 0
