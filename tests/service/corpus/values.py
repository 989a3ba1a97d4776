"""Documents that are JSON and still wrong: integers, names, keys, shapes; and commands that the law refuses."""

import json
from itertools import count
from time import time_ns
from typing import Any

from tests.service.corpus.asked import Case

Json = Any

NO_INTEGER: tuple[Json, ...] = (
    *(
        "1.0",
        "+1",
        "-0",
        "00",
        "01",
        "-01",
        "1e3",
        "1E3",
        "1_000",
        " 7",
        "7 ",
        "7\n",
        "\t7",
        "",
        " ",
        "-",
        "--1",
        "0x10",
    ),
    *("0b1", "0o7", "1,000", "1'000", "NaN", "Infinity", "-Infinity", "nan", "inf", "true", "null", "one", "7h", "1/2"),
    *("\u0661\u0662", "\uff17", "\u0967", "\u00b2", "\u00bd", "\u2167", "\u22121", "\u200b7", "7\u0000", "\u202e7"),
    *("9" * 5_000, "-" + "9" * 5_000, True, False, None, [], {}, ["1"], {"value": "1"}),
)
NO_NAME = {
    "empty": "",
    "with a blank": "a b",
    "with a line end": "a\n",
    "with a return": "a\r",
    "with a tab": "a\t",
    "with a zero": "a\u0000b",
    "with a delete": "a\u007f",
    "with an escape": "a\u001b[31m",
    "right to left": "\u202ea0",
    "with a mark of direction": "a0\u200f",
    "with no width": "a\u200b0",
    "a look-alike": "\u0430\u0030",
    "a Greek look-alike": "\u03b10",
    "full width": "\uff410",
    "put together": "a\u0301",
    "put together before": "\u00e1",
    "an emoji": "\U0001f4a5",
    "with a soft hyphen": "a\u00ad0",
    "with a hard blank": "a\u00a00",
    "with a line separator": "a\u2028",
    "with a byte order mark": "\ufeffa0",
    "private": "\ue000",
    "Kelvin": "\u212a",
    "sixty-five long": "a" * 65,
    "a million long": "a" * 1_000_000,
    "with a slash": "a0/b",
    "dots and slashes": "../../etc/passwd",
}
NO_KEY = {
    **{name: text for name, text in NO_NAME.items() if text},
    "forty-five long": "k" * 45,
    "with a percent": "k%31",
    "with a quote": "k'",
    "with a star": "*",
}


_KEYS = count()


def batch(command: Json, key: Json = "") -> bytes:
    """Return the body of one command, under a key of its own where none is given."""
    key = f"bad-{next(_KEYS)}" if key == "" else key
    return json.dumps({"commands": [{"key": key, "command": command}]}).encode()


def deposit(amount: Json = "1", unit: Json = "a0") -> dict[str, Json]:
    """Return a deposit."""
    return {"kind": "Deposit", "unit_id": unit, "amount_quanta": amount}


def opening(account: Json) -> dict[str, Json]:
    """Return the opening of an account."""
    more = {"owner_group": "", "role": "trader", "backstop_capacity_lots": "0", "hedge": False}
    return {"kind": "OpenAccount", "account_id": account, **more}


def marks(**changed: Json) -> bytes:
    """Return the body of a source."""
    good = {"sequence": "2", "source_time_ns": str(time_ns()), "marks": [mark()], "asset_prices": []}
    return json.dumps({**good, **changed}).encode()


def mark(price: Json = "1000", market: Json = "X") -> dict[str, Json]:
    """Return a mark."""
    return {"market": market, "price_ticks": price}


def values() -> list[Case]:
    """Return all of them."""
    return [*_integers(), *_names(), *_keys(), *_shapes(), *_of_law()]


def _to(path: str, name: str, body: bytes, reason: str = "BAD_BODY") -> Case:
    return Case(f"{name} to {path}", "POST", f"/v1{path}", reason, body)


def _integers() -> list[Case]:
    found = []
    for value in NO_INTEGER:
        said = ascii(value)[:30]
        found.append(_to("/commands", f"amount {said}", batch(deposit(value))))
        found.append(_to("/marks", f"price {said}", marks(marks=[mark(value)])))
        found.append(_to("/marks", f"sequence {said}", marks(sequence=value)))
        proposed = {"command": {"kind": "Resume", "scope": ""}, "reason": "r", "expiry_ns": value}
        found.append(_to("/proposals", f"expiry {said}", json.dumps(proposed).encode()))
    return found


def _names() -> list[Case]:
    found = []
    for name, value in NO_NAME.items():
        if value:
            found.append(_to("/commands", f"account {name}", batch(opening(value)), "rejected:BAD_ID"))
            found.append(_to("/marks", f"market {name}", marks(marks=[mark(market=value)])))
    return found


def _keys() -> list[Case]:
    return [_to("/commands", f"key {name}", batch(deposit(), key)) for name, key in NO_KEY.items()] + [
        _to("/rounds/step", f"key {name}", json.dumps({"key": key}).encode()) for name, key in NO_KEY.items()
    ]


def _shapes() -> list[Case]:
    one = {"key": "k", "command": deposit()}
    texts: dict[str, Json] = {
        "no commands": {"commands": []},
        "commands as an object": {"commands": {}},
        "commands as a text": {"commands": "Deposit"},
        "a thousand and one commands": {"commands": [{**one, "key": f"k{at}"} for at in range(1_001)]},
        "a key twice in a batch": {"commands": [one, one]},
        "something besides": {"commands": [one], "dry_run": True},
        "another case": {"Commands": [one]},
        "a command alone": one,
        "a command without its key": {"commands": [{"command": deposit()}]},
        "a key without its command": {"commands": [{"key": "k"}]},
        "a part besides": {"commands": [{**one, "note": "x"}]},
        "a key that is no text": {"commands": [{"key": None, "command": deposit()}]},
        "a command that is a text": {"commands": [{"key": "k", "command": "Halt"}]},
        "a command that is an array": {"commands": [{"key": "k", "command": [deposit()]}]},
        "a command that is nothing": {"commands": [{"key": "k", "command": None}]},
    }
    found = [_to("/commands", name, json.dumps(text).encode()) for name, text in texts.items()]
    commands: dict[str, Json] = {
        "with a time of its own": {**deposit(), "time_ns": "0"},
        "without a kind": {"unit_id": "a0", "amount_quanta": "1"},
        "of an unknown kind": {**deposit(), "kind": "Gift"},
        "of a kind in small letters": {**deposit(), "kind": "deposit"},
        "of a kind that is a fact": {**deposit(), "kind": "MoneyIn"},
        "of a kind that is a class": {**deposit(), "kind": "Command"},
        "of a kind that is nothing": {**deposit(), "kind": None},
        "of two kinds": {**deposit(), "kind": ["Deposit", "Withdraw"]},
        "without an amount": {"kind": "Deposit", "unit_id": "a0"},
        "with a misspelt amount": {"kind": "Deposit", "unit_id": "a0", "amount": "1"},
        "with a key besides": {**deposit(), "note": "x"},
        "with a name that is an array": deposit(unit=["a0"]),
        "with a name that is nothing": deposit(unit=None),
        "with a flag that is a text": {**opening("c"), "hedge": "false"},
        "with a flag that is nothing": {**opening("c"), "hedge": None},
    }
    for name, command in commands.items():
        found.append(_to("/commands", f"a command {name}", batch(command)))
        proposed = {"command": command, "reason": "r", "expiry_ns": str(time_ns() + 10**11)}
        found.append(_to("/proposals", f"a command {name}", json.dumps(proposed).encode()))
        tried = {"commands": [command], "accounts": []}
        found.append(_to("/what-if", f"a command {name}", json.dumps(tried).encode()))
        found.append(_to("/accounts/a0/what-if", f"a command {name}", json.dumps({"commands": [command]}).encode()))
    for name, reason in {**NO_NAME, "long": "r" * 201}.items():
        if name in ("with a slash", "dots and slashes", "with a blank") or (
            reason.isprintable() and len(reason) <= 200
        ):
            continue
        proposed = {"command": {"kind": "Resume", "scope": ""}, "reason": reason, "expiry_ns": str(time_ns() + 10**11)}
        found.append(_to("/proposals", f"a reason {name}", json.dumps(proposed).encode()))
        found.append(_to("/rounds/prepared/r1/refusal", f"a reason {name}", json.dumps({"reason": reason}).encode()))
    found.append(_to("/proposals/p1/approval", "the path's part again", b'{"proposal":"p1","hash":"h"}'))
    found.append(_to("/rounds/prepared/r/acknowledgement", "the path's part again", b'{"round":"r","plan_hash":"h"}'))
    found.append(_to("/marks", "no prices", marks(marks=[])))
    found.append(_to("/marks", "a market twice", marks(marks=[mark(), mark("1001")])))
    found.append(
        _to("/marks", "a thousand and one prices", marks(marks=[mark(market=f"M{at}") for at in range(1_001)]))
    )
    found.append(_to("/marks", "a sequence below zero", marks(sequence="-1")))
    found.append(_to("/marks", "a sequence beyond 2^63", marks(sequence=str(1 << 63))))
    found.append(_to("/marks", "a sequence of before", marks(sequence="1"), "STALE"))
    found.append(_to("/marks", "a time of long ago", marks(sequence="9", source_time_ns="1"), "STALE"))
    found.append(_to("/marks", "a time to come", marks(sequence="9", source_time_ns=str((1 << 63) - 1)), "STALE"))
    return found


def _of_law() -> list[Case]:
    trade = {"kind": "Trade", "market_id": "X", "buyer_unit_id": "a0", "seller_unit_id": "b"}
    trade |= {"lots": "1", "price_ticks": "1000", "buyer_side": "", "seller_side": ""}
    told: dict[str, tuple[Json, str]] = {
        "a deposit of nothing": (deposit("0"), "BAD_AMOUNT"),
        "a deposit below nothing": (deposit("-1"), "BAD_AMOUNT"),
        "a deposit to nobody": (deposit("1", "nobody"), "UNKNOWN_UNIT"),
        "an account twice": (opening("a0"), "DUPLICATE_ID"),
        "a trade of nothing": ({**trade, "lots": "0"}, "BAD_LOTS"),
        "a trade with oneself": ({**trade, "seller_unit_id": "a0"}, "SELF_TRADE"),
        "a trade in no market": ({**trade, "market_id": "Y"}, "UNKNOWN_MARKET"),
        "a trade of nobody": ({**trade, "buyer_unit_id": "nobody"}, "UNKNOWN_UNIT"),
        "a price of nothing": ({**trade, "price_ticks": "0"}, "BAD_PRICE"),
        "a price below nothing": ({**trade, "price_ticks": "-1"}, "BAD_PRICE"),
        "a withdrawal beyond all": ({**deposit("10000000"), "kind": "Withdraw"}, "INSUFFICIENT_EQUITY"),
    }
    return [_to("/commands", name, batch(command), f"rejected:{code}") for name, (command, code) in told.items()]
