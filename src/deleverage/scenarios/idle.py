"""Keys that are given and can have no effect, because what they work on is not in the file: each is a fault.

Whoever writes ``pause_seconds`` without a breaker means to have one. The line is drawn at the mechanism: a bound that
does not bind, or a guard that nothing trips, is part of a story; a switch of something that is not there is a mistake.
A key that states its default is none. Deliberately absent: what turns out only when the story is played.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from deleverage.rulebook.pools import COMMON
from deleverage.rulebook.trigger import FundFallen
from deleverage.scenarios.faults import Path, Reader

ENOUGH_SOURCES = 1_000_000
"""The sources of a mark whose frame states none."""

Tables = dict[str, Any]


def note_idle(reader: Reader, tables: Tables) -> None:
    """Note every key of rules, markets, pools, assets, accounts and impact that can have no effect."""
    for path, why in idle_keys(tables):
        reader.note_idle(path, why)


def idle_keys(tables: Tables) -> list[tuple[Path, str]]:
    """Return every such key, and why it can have no effect."""
    return [*_rules(tables), *_markets(tables), *_pools(tables), *_assets(tables), *_others(tables)]


def is_on(value: object) -> bool:
    """Return whether a number, a flag or a text is given and not 0, false or empty."""
    return bool(value) and str(value).strip("-0.") != ""


def _frames(tables: Tables, *keys: str) -> bool:
    """Return whether a frame has one of the keys."""
    return any(is_on(frame.get(key)) for frame in tables.get("path", []) for key in keys)


def _roles(tables: Tables, role: str) -> list[Tables]:
    return [account for account in tables.get("accounts", []) if account.get("role") == role]


def _rules(tables: Tables) -> Iterator[tuple[Path, str]]:
    rules = tables.get("rules", {})
    orders = tables.get("orders") or tables.get("depth") or _frames(tables, "orders")
    inventory = _roles(tables, "fund") and is_on(rules.get("fund_inventory_cap_lots"))
    takers = inventory or any(is_on(one.get("backstop_capacity_lots")) for one in _roles(tables, "backstop"))
    resumed = _frames(tables, "resume", "resume_markets")
    close_out = any(is_on(tier.get("close_out")) for market in tables["markets"] for tier in market["tiers"])
    sources = _frames(tables, "sources") or any(frame.get("sources") == 0 for frame in tables["path"])
    needs: tuple[tuple[str, object, str], ...] = (
        ("breaker_window_seconds", is_on(rules.get("breaker")), "the breaker is off"),
        ("pause_seconds", is_on(rules.get("breaker")), "the breaker is off"),
        ("grace_seconds", resumed, "a grace begins when a halt is lifted, and no frame lifts one"),
        ("conversion_band", False, "it binds conversions by agreement, which no scenario states"),
        ("trade_band", orders, "nobody places an order"),
        ("order_band", orders, "nobody places an order to sell into"),
        ("liquidation_fee", orders, "nobody places an order to sell into"),
        ("reduce_throttle", orders, "nobody places an order to sell into"),
        ("fund_inventory_cap_lots", _roles(tables, "fund"), "no account has the role fund"),
        ("surplus_to_taker", takers, "nobody takes lots over"),
    )
    for key, found, why in needs:
        if is_on(rules.get(key)) and not found:
            yield ("rules", key), why
    least = rules.get("min_sources", 0)
    if 1 < least <= ENOUGH_SOURCES and not sources:
        yield (
            ("rules", "min_sources"),
            f"no frame states its sources, and without a statement they are {ENOUGH_SOURCES:,}",
        )
    if name_of(rules.get("auction", "none")) != "none" and not close_out:
        yield ("rules", "auction"), "no tier has a close_out rate, so nobody is on offer"
    policy = rules.get("policy")
    if isinstance(policy, dict) and is_on(policy.get("seed")) and policy.get("ranking", "bitmex") != "rotation":
        yield ("rules", "policy", "seed"), f"the ranking is {policy.get('ranking', 'bitmex')}, only rotation is drawn"
    if not any("drawdown" in pool for pool in tables.get("pools", [])):
        for path in _named(("rules", "trigger"), rules.get("trigger"), FundFallen.kind):
            yield path, "no pool has a drawdown, so none ever falls"


def name_of(plug: Any) -> Any:
    """Return the name of a plug as a file writes it."""
    return plug.get("name") if isinstance(plug, dict) else plug


def _named(path: Path, plug: Any, name: str) -> Iterator[Path]:
    """Yield where a plug of this name stands, also within others."""
    if name_of(plug) == name:
        yield path
    parts = plug.get("of") if isinstance(plug, dict) else None
    for at, part in enumerate(parts if isinstance(parts, list) else []):
        yield from _named((*path, "of", at), part, name)


DRIVERS = ("volatility", "open_interest", "concentration")


def _markets(tables: Tables) -> Iterator[tuple[Path, str]]:
    announced = [(at, frame.get("requirements", {})) for at, frame in enumerate(tables["path"])]
    for at, market in enumerate(tables["markets"]):
        dynamic, here = market.get("dynamic"), ("markets", at, "dynamic")
        if dynamic is not None:
            yield from _schedule(here, dynamic, any(market["id"] in table for _, table in announced))
        for frame, table in announced:
            given = table.get(market["id"], {})
            for key in ("volatility", "concentration"):
                if is_on(given.get(key)) and key not in (dynamic or {}):
                    yield ("path", frame, "requirements", market["id"], key), f"the market has no dynamic.{key}"
        for place, tier in enumerate(market["tiers"]):
            if is_on(tier.get("close_out_deduction")) and not is_on(tier.get("close_out")):
                yield ("markets", at, "tiers", place, "close_out_deduction"), "the tier has no close_out rate"


def _schedule(here: Path, dynamic: Tables, announced: bool) -> Iterator[tuple[Path, str]]:
    if not announced:
        yield here, "no frame announces requirements of this market"
    for key in (*DRIVERS, "unit_share"):
        if key in dynamic and not is_on(dynamic[key].get("slope")):
            yield (*here, key, "slope"), "is 0, must be above 0: a driver raises the factor"
        if key in dynamic and _is_one(dynamic.get("cap", 1)) and _is_one(dynamic.get("floor", 1)):
            yield (*here, key), "floor and cap are both 1, so the factor stays there"


def _is_one(value: object) -> bool:
    whole, _, fraction = str(value).partition(".")
    return whole == "1" and not fraction.strip("0")


def _pools(tables: Tables) -> Iterator[tuple[Path, str]]:
    homes = {market.get("pool", COMMON) for market in tables["markets"]}
    left, moved = set(), set()
    for frame in tables["path"]:
        homes |= set(frame.get("regroup", {}).values())
        moves = frame.get("pool_moves", [])
        left |= {move["from"] for move in moves} | set(frame.get("pool_withdrawals", {}))
        moved |= {move["to"] for move in moves}
    for at, pool in enumerate(tables.get("pools", [])):
        if pool["id"] not in homes | left | moved | {COMMON}:
            yield ("pools", at), f"no market belongs to the pool {pool['id']}, and no frame moves its money"
        if is_on(pool.get("floor")) and pool["id"] not in left:
            yield ("pools", at, "floor"), "no frame takes money out of the pool or moves it away"
    used = homes | left | ({COMMON} if _roles(tables, "fund") else set())
    if is_on(tables.get("fund", {}).get("deposit")) and COMMON not in used:
        yield ("fund", "deposit"), "every market belongs to another pool, and no frame moves the money"


def _assets(tables: Tables) -> Iterator[tuple[Path, str]]:
    owned = {asset for account in tables.get("accounts", []) for asset in account.get("collateral", {})}
    for at, asset in enumerate(tables.get("assets", [])):
        if asset["id"] not in owned:
            yield ("assets", at), f"no account brings in {asset['id']} as collateral"
        if is_on(asset.get("fund_cap")) and not _roles(tables, "fund"):
            yield ("assets", at, "fund_cap"), "no account has the role fund"


def _others(tables: Tables) -> Iterator[tuple[Path, str]]:
    collateral = bool(tables.get("assets"))
    for at, account in enumerate(tables.get("accounts", [])):
        if account.get("role") == "backstop" and not collateral and not is_on(account.get("backstop_capacity_lots")):
            yield ("accounts", at, "backstop_capacity_lots"), "is 0 or left out: this backstop takes nothing over"
    if "impact" not in tables:
        return
    if not (tables.get("orders") or tables.get("depth") or _frames(tables, "orders")):
        yield ("impact",), "nobody places an order to sell into"
    per_lot = tables["impact"]["per_lot"]
    if not per_lot:
        yield ("impact", "per_lot"), "it names no market"
    for market_id, rate in _off(per_lot.items()):
        yield ("impact", "per_lot", market_id), f"is {rate}, must be above 0"


def _off(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in items if not is_on(value))
