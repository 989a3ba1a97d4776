"""The fund's pools in a scenario file: terms, money, which market is whose, and what frames do with them."""

from typing import Any

from deleverage.rulebook.messages import Command, DepositToFund, MovePool, Regroup, SetPool, WithdrawFromFund
from deleverage.rulebook.pools import COMMON, Drawdown, PoolTerms
from deleverage.rulebook.quantities import PPB
from deleverage.scenarios.faults import Path
from deleverage.scenarios.names import Names
from deleverage.scenarios.plugs import RATE
from deleverage.scenarios.requirements import SECOND_NS


def read_pools(names: Names, tables: list[Any]) -> list[tuple[Command, Path]]:
    """Return the commands that open the file's pools and fill them; ``common`` gets its terms."""
    commands: list[tuple[Command, Path]] = []
    seen: set[str] = set()
    for at, table in enumerate(tables):
        here: Path = ("pools", at)
        pool_id = table["id"]
        if pool_id in seen:
            names.reader.fault((*here, "id"), f"{pool_id!r} exists already")
            continue
        seen.add(pool_id)
        floor = names.reader.units((*here, "floor"), table.get("floor", 0), names.money, 0)
        drawdown = _drawdown(names, (*here, "drawdown"), table["drawdown"]) if "drawdown" in table else Drawdown()
        commands.append((SetPool(time_ns=0, terms=PoolTerms(pool_id, floor, drawdown)), here))
        amount = names.reader.units((*here, "deposit"), table.get("deposit", 0), names.money, 0)
        if amount:
            commands.append((DepositToFund(time_ns=0, amount_quanta=amount, pool_id=pool_id), (*here, "deposit")))
    return commands


def read_homes(names: Names, tables: list[Any]) -> list[tuple[Command, Path]]:
    """Return the commands that give markets the pools they name."""
    commands: list[tuple[Command, Path]] = []
    for at, table in enumerate(tables):
        here: Path = ("markets", at, "pool")
        known = "pool" in table and names.pool(here, table["pool"])
        if known and table["pool"] != COMMON and table["id"] in names.terms:
            commands.append((Regroup(time_ns=0, market_id=table["id"], pool_id=table["pool"]), here))
    return commands


def read_pool_acts(names: Names, here: Path, table: dict[str, Any], time_ns: int) -> list[Command]:
    """Return what a frame does with pools: deposits, withdrawals, moves, then regrouped markets."""
    commands: list[Command] = []
    for key, kind in (("pool_deposits", DepositToFund), ("pool_withdrawals", WithdrawFromFund)):
        for pool_id, value in table.get(key, {}).items():
            where = (*here, key, pool_id)
            amount = names.reader.units(where, value, names.money, 1)
            if names.pool(where, pool_id):
                commands.append(kind(time_ns=time_ns, amount_quanta=amount, pool_id=pool_id))
    for at, move in enumerate(table.get("pool_moves", [])):
        where = (*here, "pool_moves", at)
        ends = [names.pool((*where, key), move[key]) for key in ("from", "to")]
        amount = names.reader.units((*where, "amount"), move["amount"], names.money, 1)
        if all(ends):
            source, target = move["from"], move["to"]
            act = MovePool(time_ns=time_ns, from_pool_id=source, to_pool_id=target, amount_quanta=amount)
            commands.append(act)
    for market_id, pool_id in table.get("regroup", {}).items():
        where = (*here, "regroup", market_id)
        terms, known = names.market(where, market_id), names.pool(where, pool_id)
        if terms is not None and known:
            commands.append(Regroup(time_ns=time_ns, market_id=market_id, pool_id=pool_id))
    return commands


def _drawdown(names: Names, here: Path, table: dict[str, Any]) -> Drawdown:
    fall, stop = (names.reader.units((*here, key), table[key], RATE, 0) for key in ("fall", "stop"))
    for key, share_ppb in (("fall", fall), ("stop", stop)):
        if share_ppb > PPB:
            names.reader.fault((*here, key), f"is {table[key]}, a share is at most 1")
    if stop >= fall and not any(names.reader.has_fault((*here, key)) for key in ("fall", "stop")):
        names.reader.fault((*here, "fall"), f"is {table['fall']}, must be above the stop of {table['stop']}")
    return Drawdown(
        slots=table["slots"],
        slot_ns=table["slot_seconds"] * SECOND_NS,
        fall_ppb=fall,
        stop_ppb=stop,
        base=table.get("base", "peak"),
        strict=table.get("strict", False),
    )
