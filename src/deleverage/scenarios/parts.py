"""Markets, orders and what frames do, turned into integers."""

from typing import Any

from deleverage.rulebook.book import LONG, SHORT, MarketTerms
from deleverage.rulebook.messages import (
    AccrueFunding,
    Command,
    DepositToFund,
    MarkUpdate,
    PlaceOrder,
    RepayResidual,
    SetMarks,
    SettleMarket,
)
from deleverage.rulebook.quantities import PPB, BadQuantity, Scale, format_units, parse_units
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.faults import Path, Reader
from deleverage.scenarios.names import Names
from deleverage.scenarios.plugs import RATE
from deleverage.scenarios.requirements import SECOND_NS, read_announcement, read_schedule, read_tiers
from deleverage.scenarios.stopping import read_approvals, read_stops

MAX_LOTS, MAX_PRICE_TICKS, MAX_OPEN_INTEREST_LOTS = 10**9, 10**9, 10**10
"""Bounds of a market that states none; far inside what 64-bit integers hold."""


def decimal_scale(reader: Reader, path: Path, value: object) -> Scale:
    """Return the scale whose unit is this positive decimal: 0.5 is ``Scale(5, 1)``."""
    text = str(value)
    decimals = len(text.partition(".")[2])
    try:
        units = parse_units(text, Scale(1, min(decimals, 18)))
    except BadQuantity as refusal:
        reader.fault(path, str(refusal))
        return Scale(1, 0)
    if units < 1:
        reader.fault(path, f"is {text}, must be above 0")
        return Scale(1, 0)
    return Scale(units, decimals)


def read_market(names: Names, path: Path, table: dict[str, Any]) -> MarketTerms | None:
    """Return the terms of one market, and note its opening mark; None where its grid is broken.

    Without a tick and a lot no price and no size of the market can be judged, so no more is said about these.
    """
    reader = names.reader
    tick = decimal_scale(reader, (*path, "tick"), table["tick"])
    lot = decimal_scale(reader, (*path, "lot"), table["lot"])
    tiers = read_tiers(reader, names.money, path, table["tiers"])
    schedule = read_schedule(reader, (*path, "dynamic"), table.get("dynamic", {}))
    if any(reader.has_fault((*path, key)) for key in ("tick", "lot")):
        for key in ("mark", "max_size", "max_price", "max_open_interest"):
            reader.number((*path, key), table.get(key, 0))
        return None
    contract = table.get("contract", "linear")
    tick_value, face = _contract_size(names, path, table, contract, tick, lot)
    terms = MarketTerms(
        market_id=table["id"],
        quanta_per_tick_lot=tick_value,
        tiers=tiers,
        max_lots=_bound(reader, (*path, "max_size"), table, lot, MAX_LOTS),
        max_price_ticks=_bound(reader, (*path, "max_price"), table, tick, MAX_PRICE_TICKS),
        max_open_interest_lots=_bound(reader, (*path, "max_open_interest"), table, lot, MAX_OPEN_INTEREST_LOTS),
        tick=tick,
        lot=lot,
        contract=contract,
        face_quanta_ticks=face,
        min_value_quanta=_bound(reader, (*path, "min_value"), table, names.money, 1),
        expiry_ns=table.get("expires_after_seconds", 0) * SECOND_NS,
        schedule=schedule,
        underlying=table.get("underlying", ""),
    )
    names.terms[terms.market_id] = terms
    names.marks[terms.market_id] = names.price((*path, "mark"), table["mark"], terms)
    return terms


def _contract_size(
    names: Names, path: Path, table: dict[str, Any], contract: str, tick: Scale, lot: Scale
) -> tuple[int, int]:
    """Return quanta per tick and lot (linear, quanto) and the face in quanta x ticks (inverse); the other one is 0."""
    reader = names.reader
    needed, foreign = ("face", "tick_value") if contract == "inverse" else ("tick_value", "face")
    if foreign in table:
        reader.fault((*path, foreign), f"does not belong to a contract that is {contract}")
    if contract == "inverse":
        if needed not in table:
            reader.fault((*path, needed), "is missing: an inverse contract has a face value")
            return 0, 1
        face_scale = Scale(tick.units, tick.decimals + names.money.decimals)
        return 0, reader.units((*path, needed), table[needed], face_scale, 1)
    if needed in table:
        return reader.units((*path, needed), table[needed], names.money, 1), 0
    if contract == "quanto":
        reader.fault((*path, needed), "is missing: a quanto contract says what a tick of a lot is worth")
        return 1, 0
    value = format_units(tick.units * lot.units, Scale(1, tick.decimals + lot.decimals))
    return reader.units((*path, "tick"), value, names.money, 1), 0


def _bound(reader: Reader, path: Path, table: dict[str, Any], scale: Scale, default: int) -> int:
    key = str(path[-1])
    return reader.units(path, table[key], scale, 1) if key in table else default


def read_orders(names: Names, path: Path, tables: list[Any], prefix: str, time_ns: int) -> list[tuple[Command, Path]]:
    """Return the orders of a list, each level one command; ids are ``prefix`` with the list's place and the level."""
    commands: list[tuple[Command, Path]] = []
    for at, table in enumerate(tables):
        here = (*path, at)
        known = names.account((*here, "account"), table["account"])
        terms = names.market((*here, "market"), table["market"])
        if terms is None:
            for key in ("size", "price", "step"):
                names.reader.number((*here, key), table.get(key, 0))
            continue
        lots = names.size((*here, "size"), table["size"], terms)
        if lots == 0:
            names.reader.fault((*here, "size"), "is 0: an order has a size")
        side = _order_side(names, here, table, lots)
        levels = table.get("levels", 1)
        step = names.reader.units((*here, "step"), table.get("step", 0), terms.tick)
        if levels > 1 and step == 0:
            names.reader.fault((*here, "step"), "is missing or 0: several levels need a distance")
        if levels == 1 and step != 0:
            names.reader.fault((*here, "step"), "has no effect: the order has one level")
        first = names.price((*here, "price"), table["price"], terms)
        last = first + (levels - 1) * step
        if last < 1:
            names.reader.fault((*here, "levels"), "reach a price of 0 or below")
        if last > terms.max_price_ticks:
            highest = format_units(terms.max_price_ticks, terms.tick)
            names.reader.fault((*here, "levels"), f"reach above the market's max_price {highest}")
        if not known:
            continue
        for level in range(levels):
            order = PlaceOrder(
                time_ns=time_ns,
                order_id=f"{prefix}-{at + 1}-{level + 1}",
                unit_id=table["account"],
                market_id=terms.market_id,
                lots=lots,
                price_ticks=first + level * step,
                leg_side=side,
            )
            commands.append((order, here))
    return commands


def _order_side(names: Names, here: Path, table: dict[str, Any], lots: int) -> str:
    """Return the leg of an order: in hedge mode the one that it opens, or closes if the file says so."""
    if table["account"] not in names.hedgers:
        if table.get("closes"):
            names.reader.fault((*here, "closes"), f"is true, but {table['account']} is not in hedge mode")
        return ""
    return LONG if (lots > 0) != table.get("closes", False) else SHORT


def frame_commands(names: Names, here: Path, table: dict[str, Any], time_ns: int, rules: Rules) -> list[Command]:
    """Return what a frame does after its index prices and before its orders."""
    reader = names.reader
    commands: list[Command] = []
    if table.get("marks"):
        sources = table.get("sources", 1_000_000)
        marks = []
        for market_id, value in table["marks"].items():
            terms = names.market((*here, "marks", market_id), market_id)
            if terms is not None:
                ticks = names.price((*here, "marks", market_id), value, terms)
                marks.append(MarkUpdate(market_id, ticks, sources))
        commands.append(SetMarks(time_ns=time_ns, marks=tuple(marks), confirmed=table.get("confirmed", False)))
    for market_id, value in table.get("funding", {}).items():
        if names.market((*here, "funding", market_id), market_id) is not None:
            rate_ppb = reader.units((*here, "funding", market_id), value, RATE)
            if abs(rate_ppb) > PPB:
                reader.fault((*here, "funding", market_id), f"is {value}, a rate lies between -1 and 1")
            commands.append(AccrueFunding(time_ns=time_ns, market_id=market_id, rate_ppb=rate_ppb))
    for market_id, inputs in table.get("requirements", {}).items():
        if names.market((*here, "requirements", market_id), market_id) is not None:
            commands.append(read_announcement(reader, (*here, "requirements", market_id), market_id, inputs, time_ns))
    for market_id, value in table.get("settle", {}).items():
        terms = names.market((*here, "settle", market_id), market_id)
        if terms is not None:
            ticks = names.price((*here, "settle", market_id), value, terms)
            commands.append(SettleMarket(time_ns=time_ns, market_id=market_id, price_ticks=ticks))
    for key, kind in (("fund_deposit", DepositToFund), ("repay_residual", RepayResidual)):
        if key in table:
            commands.append(kind(time_ns=time_ns, amount_quanta=reader.units((*here, key), table[key], names.money, 1)))
    return commands + read_stops(names, here, table, time_ns) + read_approvals(names, here, table, time_ns, rules)
