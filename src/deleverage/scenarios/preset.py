"""A venue's rules laid over a scenario: the story stays - markets, accounts, path -, who pays is decided anew.

What is laid over: the whole table of rules, the terms of every pool that states none of its own, and whether the fund
is one or one per market. Participants (makers, backstops) belong to the story.
"""

from dataclasses import dataclass, field
from typing import Any

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.pools import COMMON
from deleverage.rulebook.quantities import BadQuantity, Scale, format_units, parse_units


@dataclass(frozen=True)
class Preset:
    """Tables of a scenario file that replace its own; ``label`` names them, and the switches that were set."""

    label: str
    rules: dict[str, Any] = field(default_factory=dict)
    drawdown: dict[str, Any] | None = None
    fund_per_market: bool = False


def lay_over(tables: dict[str, Any], preset: Preset) -> dict[str, Any]:
    """Return the tables of a scenario with a preset laid over them; the scenario's own are not changed.

    With a fund per market each market that names no pool gets one of its own, and what the common pool would have
    is split over these in equal parts (largest remainder, by market id). A market whose name a pool has already gets
    that pool, and no part.
    """
    laid = {**tables, "rules": dict(preset.rules)}
    pools = [dict(pool) for pool in tables.get("pools", [])]
    if preset.fund_per_market:
        alone = [market["id"] for market in tables.get("markets", []) if "pool" not in market]
        laid["markets"] = [{"pool": market["id"], **market} for market in tables.get("markets", [])]
        known = {pool.get("id") for pool in pools}
        alone = [market_id for market_id in alone if market_id not in known]
        parts = _split(tables, alone)
        pools += [{"id": market_id, "deposit": parts[market_id]} for market_id in alone]
        if alone:  # otherwise nobody is there who could take it over: the common pool keeps what it has
            laid["fund"] = {key: value for key, value in tables.get("fund", {}).items() if key != "deposit"}
    if preset.drawdown is not None:
        if not any(pool.get("id") == COMMON for pool in pools):
            pools.append({"id": COMMON})
        pools = [{"drawdown": preset.drawdown, **pool} for pool in pools]
    return {**laid, "pools": pools} if pools else laid


def _split(tables: dict[str, Any], market_ids: list[str]) -> dict[str, str]:
    """Return each market's part of the common deposit as a decimal; what is no amount is split as 0."""
    scale = Scale(1, tables["settlement"]["decimals"])
    try:
        amount = parse_units(str(tables.get("fund", {}).get("deposit", 0)), scale)
    except BadQuantity:
        amount = 0
    if not market_ids:
        return {}
    parts = apportion(max(0, amount), [Share(market_id, 1, max(0, amount)) for market_id in market_ids]).parts
    return {market_id: format_units(parts.get(market_id, 0), scale) for market_id in market_ids}
