"""Seeded damage to good input: text, structure, tables - what hostile and careless people hand in.

Everything is drawn from one ``random.Random``; the same seed damages the same places in the same way.
"""

import csv
import io
import json
import tomllib
from collections.abc import Callable
from random import Random
from typing import Any

from deleverage.scenarios.idle import idle_keys

NUMBERS = (
    *("0", "-0", "1", "-1", "2", "3", "7", "100", "0.1", "1.5", "-2.5", "0.000000001", "0.0000000001", "1000000000"),
    *("nan", "inf", "-inf", "1e5", "1e400", "1e-320", "+5", "1_0", "0x10", ".5", "5.", "1,5", "--1", "-", " 1"),
    *("9" * 18, "9" * 19, "9" * 31, "9" * 40, "9" * 41, "9" * 400, "0." + "0" * 40 + "1"),
    *("\u0663", "\uff11", "true", ""),
)
TEXTS = (
    *("", " ", "a/b", "alice", "bob", "XYZ", "é", "[red]x[/red]", "\x1b[31m", "a\nb", "a\0", "x" * 64, "x" * 65, "nan"),
    *("mark", "each_fill", "own_units", "backstop", "fund", "queue-rotation", "\u202e", "\ufeff", "..", "-1", "{}"),
)
VALUES: tuple[Any, ...] = (0, 1, -1, 2, 7, 100, 10**9, 10**30, -(10**30), 1.5, -0.25, True, False, [], {}, [[]], [1, 2])
JUNK = (
    "\0",
    "\ufeff",
    "\r",
    "\t",
    '"',
    "'",
    "[",
    "]",
    "{",
    "}",
    "=",
    "#",
    ",",
    ";",
    "\n\n",
    "é",
    "\u2028",
    "[[path]]\n",
)


def _one_of(random: Random, *moves: Callable[[Random, Any], Any]) -> Callable[[Random, Any], Any]:
    return moves[random.randrange(len(moves))]


# -- text ----------------------------------------------------------------------------------------------


def text(random: Random, good: str) -> str:
    """Return a text with one to three damages: lines lost, doubled, swapped, numbers replaced, junk, cut off."""
    for _ in range(random.randint(1, 3)):
        good = _one_of(random, _lose, _double, _swap, _number, _number, _number, _junk, _cut)(random, good)
    return good


def _lines(random: Random, good: str) -> tuple[list[str], int]:
    lines = good.splitlines(keepends=True) or [""]
    return lines, random.randrange(len(lines))


def _lose(random: Random, good: str) -> str:
    lines, at = _lines(random, good)
    return "".join(lines[:at] + lines[at + 1 :])


def _double(random: Random, good: str) -> str:
    lines, at = _lines(random, good)
    return "".join([*lines[: at + 1], *lines[at:]])


def _swap(random: Random, good: str) -> str:
    lines, at = _lines(random, good)
    other = random.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]
    return "".join(lines)


def _number(random: Random, good: str) -> str:
    starts = [at for at in range(len(good)) if good[at].isdigit() and (at == 0 or not good[at - 1].isalnum())]
    if not starts:
        return good
    start = end = random.choice(starts)
    while end < len(good) and (good[end].isdigit() or good[end] == "."):
        end += 1
    return good[:start] + random.choice(NUMBERS) + good[end:]


def _junk(random: Random, good: str) -> str:
    at = random.randint(0, len(good))
    return good[:at] + random.choice(JUNK) + good[at:]


def _cut(random: Random, good: str) -> str:
    return good[: random.randint(0, len(good))]


# -- structure ----------------------------------------------------------------------------------------------


def structure(random: Random, document: Any) -> Any:
    """Return a document with one to three damages at drawn places; the document given is changed."""
    for _ in range(random.randint(1, 3)):
        parent, key = random.choice(_places(document))
        move = random.randrange(5)
        if move == 0 and isinstance(parent, dict):
            del parent[key]
        elif move == 1 and isinstance(parent, list):
            parent.append(json.loads(json.dumps(parent[key])))
        elif move == 2 and isinstance(parent, dict):
            parent[random.choice(("note", "deposit", "id", "size", "steps", "", "a.b"))] = parent[key]
        else:
            parent[key] = random.choice((random.choice(VALUES), random.choice(NUMBERS), random.choice(TEXTS)))
        if not _places(document):
            break
    return document


def _places(part: Any) -> list[tuple[Any, Any]]:
    keys: list[Any] = list(part) if isinstance(part, dict) else list(range(len(part))) if isinstance(part, list) else []
    return [(part, key) for key in keys] + [place for key in keys for place in _places(part[key])]


def toml(random: Random, good: str) -> str:
    """Return a TOML text whose tables are damaged, not its spelling."""
    tables = structure(random, tomllib.loads(good))
    return "".join(f"{json.dumps(key)} = {_inline(value)}\n" for key, value in tables.items())


RULES: dict[str, tuple[Any, ...]] = {
    "policy": ("queue-bitmex", "queue-profit", "queue-rotation", "pro-rata"),
    "trigger": ("bankrupt-lots", "fund-exhausted", "never", {"name": "pool-factor", "factor": "0.5"}),
    "price": ("bankruptcy", "mark", "previous-mark", {"name": "blend", "share": "0.25"}),
    "rerank": ("once", "each_fill"),
    "may_bankrupt": (True, False),
    "removed": ([], ["own_units"], ["unhealthy"], ["no_equity"], ["own_units", "unhealthy", "no_equity"]),
    "loss_rule": (
        "exchange-rate",
        "nobody",
        {"name": "winners-pro-rata", "base": "leg"},
        {"name": "in-order", "of": ["clawback", "funding-index", {"name": "payout", "floor": "5"}, "flat-too"]},
    ),
    "haircut_claims": (True, False),
    "shortfall_split": ("maintenance", "notional"),
    "pace": (
        "rounds",
        {"name": "rounds", "most": 1},
        {"name": "first", "of": ["rounds", {"name": "touched-units", "most": 2}]},
    ),
    "max_mark_age_seconds": (0, 1, 100),
    "min_sources": (0, 1, 2_000_000),
    "mark_band": ("0", "0.05", "0.5"),
    "order_band": ("0", "0.01", "0.3"),
    "reduction": (
        "share",
        {"name": "share", "share": "0.1"},
        {"name": "tiers", "count": 1},
        {"name": "smart", "target": "1.5"},
        {"name": "slices", "most_lots": 5, "max_slippage": "0.01", "max_depth_share": "0.3"},
    ),
    "liquidation_fee": ("0", "0.01", "1"),
    "surplus_to_fund": ("0", "0.3", "0.5"),
    "surplus_to_taker": ("0", "0.3", "0.5"),
    "fund_inventory_cap_lots": (0, 3, 10**9),
    "funding_source": ("fund-first", "all-or-nothing", "deleverage-first"),
    "fund_event_cap": ("0", "10", "1000000"),
    "fund_group_cap": ("0", "10"),
    "fund_market_cap": ("0", "10"),
    "fund_notional_cap": ("0", "0.05"),
}
"""Every rule with values that are allowed."""


def lively(random: Random, good: str) -> str:
    """Return a story that can be played and turns out otherwise: other rules, other money, more and wilder frames."""
    tables: dict[str, Any] = tomllib.loads(good)
    rules = tables.setdefault("rules", {})
    for key in random.sample(sorted(RULES), random.randint(0, 6)):
        rules[key] = random.choice(RULES[key])
    for account in tables.get("accounts", []):
        if random.random() < 0.3:
            account["deposit"] = int(float(account.get("deposit", 10)) * random.choice((0.6, 0.9, 1.2, 3, 10)))
        if random.random() < 0.1:
            account |= {"role": "backstop", "backstop_capacity_lots": random.choice((4, 10**6))}
            if random.random() < 0.5:
                edge = random.choice(("-1", "-0.01", "0", "0.01"))
                account["programme"] = {"minimum_edge": edge, "cool_down_seconds": random.choice((0, 2))}
        for position in account.get("positions", []):
            if random.random() < 0.2:
                position["isolated_margin"] = int(float(account.get("deposit", 100)))
    if random.random() < 0.3:
        tables["accounts"] = [
            *tables.get("accounts", []),
            {"id": "house", "role": "fund", "deposit": random.choice((0, 500))},
        ]
    tables["fund"] = {"deposit": random.choice((0, 1, 50, 10**6))}
    for market in tables["markets"]:
        if random.random() < 0.5:
            market["dynamic"] = {"floor": "0.5", "cap": random.choice((1, 4)), "max_step": random.choice((0, "0.7"))}
            market["dynamic"]["volatility"] = {"from": "0.1", "slope": random.choice(("0.5", 3))}
        market["tiers"][0]["close_out"] = random.choice(("0", market["tiers"][0]["maintenance"]))
    tables["allow_underwater"] = True
    for _ in range(random.randint(0, 5)):
        tables["path"].append(_frame(random, tables))
    for market in tables["markets"]:
        if "dynamic" in market:
            frame = random.choice(tables["path"])
            frame["requirements"] = {market["id"]: {"volatility": random.choice(("0.2", "0.5", "3"))}}
    while idle := idle_keys(tables):
        _drop(tables, idle[0][0])
    return "".join(f"{json.dumps(key)} = {_inline(value)}\n" for key, value in tables.items())


def _drop(tables: Any, path: tuple[str | int, ...]) -> None:
    """Drop a key that can have no effect: a story with it would be refused and not played."""
    for part in path[:-1]:
        tables = tables[part]
    del tables[path[-1]]


def _frame(random: Random, tables: dict[str, Any]) -> dict[str, Any]:
    """Return a frame: marks anywhere from a hundredth to the fiftyfold, sometimes funding, orders, money, a resume."""
    markets = {market["id"]: int(float(market["mark"])) for market in tables["markets"]}
    ids = [account["id"] for account in tables.get("accounts", [])]
    frame: dict[str, Any] = {"steps": random.choice((0, 1, 1, 2))}
    factors = (0.01, 0.5, 0.9, 0.97, 1, 1.03, 1.2, 2, 50)
    frame["marks"] = {name: max(1, int(mark * random.choice(factors))) for name, mark in markets.items()}
    if random.random() < 0.3:
        frame["funding"] = {random.choice(list(markets)): random.choice(("-1", "0.01", "-0.000000001", "1"))}
    if random.random() < 0.3 and ids:
        market, mark = random.choice(list(markets.items()))
        order = {
            "account": random.choice(ids),
            "market": market,
            "size": random.choice((1, -3, 20)),
            "price": max(1, mark),
        }
        frame["orders"] = [order]
    if random.random() < 0.3:
        frame["requirements"] = {random.choice(list(markets)): {"volatility": random.choice(("0", "0.5", "3"))}}
    if random.random() < 0.2:
        frame |= random.choice(({"resume": True}, {"repay_residual": 5}, {"fund_deposit": 30}, {"confirmed": True}))
    return frame


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "")
    return json.dumps(value)


# -- tables ----------------------------------------------------------------------------------------------


def table(random: Random, good: str) -> str:
    """Return a CSV text with one to three damages: cells, rows, columns lost, doubled, moved, or replaced."""
    rows = list(csv.reader(io.StringIO(good)))
    for _ in range(random.randint(1, 3)):
        row, column = random.randrange(len(rows)), random.randrange(len(rows[0]) or 1)
        move = random.randrange(9)
        if move == 0 and len(rows) > 1:
            del rows[row]
        elif move == 1:
            rows.append(list(rows[row]))
        elif move == 2:
            order = random.sample(range(len(rows[0])), len(rows[0]))
            rows = [[cells[at] for at in order if at < len(cells)] for cells in rows]
        elif move == 3:
            rows = [[*cells, random.choice(TEXTS)] for cells in rows]
        elif move == 4:
            rows = [cells[:column] + cells[column + 1 :] for cells in rows]
        elif rows[row]:
            at = column % len(rows[row])
            rows[row][at] = random.choice(NUMBERS if move < 8 else TEXTS)
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=random.choice(("\n", "\r\n"))).writerows(rows)
    return out.getvalue()
