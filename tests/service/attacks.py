"""Requests that no door may let in, each made from an honest one by a seeded draw."""

import asyncio
import random
from collections import Counter as Tally

from deleverage.service.doorman import AHEAD_MS, BEHIND_MS
from deleverage.service.principals import Role
from deleverage.service.problems import Code, Problem
from deleverage.service.signing import HEADERS, HMAC, KEY, NONCE, SIGNATURE, TIME, Signer
from tests.service.doors import Clock, hmac_key, keys_of_roles, open_for_service, request_of, signer

KINDS = ("replayed", "forged", "changed", "early", "late", "malformed", "nobody's")
CODES = {Code.UNSIGNED, Code.OUT_OF_TIME, Code.REPLAYED, Code.TOO_MANY}
BODY = b'{"commands":[]}'


def let_in(count: int, seed: int) -> Tally[str]:
    """Return how many of each kind of attack were let in, of so many drawn; refusals have a code of the door's."""
    draw, clock = random.Random(seed), Clock()
    keys = {**keys_of_roles(), "shared": hmac_key("shared", Role.ORACLE)}
    door = open_for_service(keys, clock)
    names, found = sorted(keys), Tally[str](dict.fromkeys(KINDS, 0))

    async def play() -> None:
        for _ in range(count):
            clock.turn_ms(draw.randrange(0, 40))
            name = draw.choice(names)
            holder = signer(name, clock, HMAC if name == "shared" else "ed25519")
            kind, method, target, headers, body, late_ms = attack(draw, clock, holder)
            if kind == "replayed":
                await door.admit(request_of(method, target, headers, body))
                clock.turn_ms(draw.randrange(0, 2 * BEHIND_MS))
            clock.turn_ms(late_ms)
            try:
                await door.admit(request_of(method, target, headers, body, f"10.0.{draw.randrange(256)}.1"))
                found[kind] += 1
            except Problem as problem:
                if problem.code not in CODES:
                    raise
            clock.turn_ms(-late_ms)

    asyncio.run(play())
    return found


def attack(draw: random.Random, clock: Clock, holder: Signer) -> tuple[str, str, str, dict[str, str], bytes, int]:
    """Return a kind of attack, the request, and how many milliseconds later it arrives."""
    kind = draw.choice(KINDS)
    method, target, body = "POST", "/v1/commands?x=1", BODY
    headers, late_ms = dict(holder.headers(method, target, body)), 0
    if kind == "forged":
        other = Signer(holder.key_id, HMAC if draw.random() < 0.5 else "ed25519", draw.randbytes(32), clock)
        headers = dict(other.headers(method, target, body))
    elif kind == "changed":
        what = draw.randrange(6)
        method = "GET" if what == 0 else method
        target = target + "0" if what == 1 else target
        body = body + b" " if what == 2 else body
        if what > 2:
            name = (TIME, NONCE, SIGNATURE)[what - 3]
            headers[name] = _with_other_digit(draw, headers[name])
    elif kind == "early":
        late_ms = -AHEAD_MS - 1 - draw.randrange(100_000)
    elif kind == "late":
        late_ms = BEHIND_MS + 1 + draw.randrange(100_000)
    elif kind == "malformed":
        name = draw.choice(HEADERS)
        wrong = draw.choice(
            ("", " ", "\u00e9", "0", "-1", "1e3", "x" * 200, "0x12345678", "'; --", headers[name] + " ")
        )
        headers = {key: value for key, value in headers.items() if key != name} if draw.random() < 0.3 else headers
        headers |= {name: wrong} if name in headers else {}
    elif kind == "nobody's":
        headers[KEY] = f"k{draw.randrange(10**6)}"
    return kind, method, target, headers, body, late_ms


def _with_other_digit(draw: random.Random, text: str) -> str:
    at = draw.randrange(len(text))
    return text[:at] + draw.choice([digit for digit in "123456789" if digit != text[at]]) + text[at + 1 :]
