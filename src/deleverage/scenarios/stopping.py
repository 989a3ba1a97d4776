"""What a frame says about money that comes in, halts and their end, and approvals of manual rounds."""

from typing import Any

from deleverage.rulebook.ladders.stopping import LONGEST_REASON
from deleverage.rulebook.messages import (
    AbortEnvelope,
    ApproveEnvelope,
    ClosePeriod,
    Command,
    Deposit,
    Halt,
    Resume,
)
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.faults import Path
from deleverage.scenarios.names import Names
from deleverage.scenarios.requirements import SECOND_NS


def read_stops(names: Names, here: Path, table: dict[str, Any], time_ns: int) -> list[Command]:
    """Return money of accounts, the end of a period, resumptions, then halts of a frame."""
    commands: list[Command] = []
    for account_id, value in table.get("deposits", {}).items():
        where: Path = (*here, "deposits", account_id)
        if names.account(where, account_id):
            amount = names.reader.units(where, value, names.money, 1)
            commands.append(Deposit(time_ns=time_ns, unit_id=account_id, amount_quanta=amount))
    if table.get("close_period"):
        commands.append(ClosePeriod(time_ns=time_ns))
    if table.get("resume"):
        commands.append(Resume(time_ns=time_ns))
    for at, market_id in enumerate(table.get("resume_markets", [])):
        if names.market((*here, "resume_markets", at), market_id) is not None:
            commands.append(Resume(time_ns=time_ns, scope=market_id))
    if "halt" in table:
        commands.append(Halt(time_ns=time_ns, scope="", reason=_reason(names, (*here, "halt"), table["halt"])))
    for market_id, reason in table.get("halt_markets", {}).items():
        where = (*here, "halt_markets", market_id)
        if names.market(where, market_id) is not None:
            commands.append(Halt(time_ns=time_ns, scope=market_id, reason=_reason(names, where, reason)))
    return commands


def _reason(names: Names, where: Path, text: str) -> str:
    """Return the reason of a halt, noting what the law would refuse."""
    if len(text) > LONGEST_REASON or not text.isascii():
        names.reader.fault(where, f"is longer than {LONGEST_REASON} characters or not ASCII")
    return text


def read_approvals(names: Names, here: Path, table: dict[str, Any], time_ns: int, rules: Rules) -> list[Command]:
    """Return the approvals of a frame, then what is taken back; size and notional as decimals."""
    commands: list[Command] = []
    reader = names.reader
    for market_id, given in table.get("approve", {}).items():
        where: Path = (*here, "approve", market_id)
        terms = names.market(where, market_id)
        if terms is not None:
            commands.append(
                ApproveEnvelope(
                    time_ns=time_ns,
                    market_id=market_id,
                    side=given["side"],
                    most_lots=names.reader.units((*where, "size"), given["size"], terms.lot, 1),
                    most_notional_quanta=reader.units((*where, "notional"), given["notional"], names.money, 1),
                    expiry_ns=time_ns + given["for_seconds"] * SECOND_NS,
                    rules_hash=rules.hash(),
                )
            )
    for market_id, given in table.get("abort", {}).items():
        where = (*here, "abort", market_id)
        if names.market(where, market_id) is not None:
            reason = _reason(names, (*where, "reason"), given["reason"])
            commands.append(AbortEnvelope(time_ns=time_ns, market_id=market_id, side=given["side"], reason=reason))
    return commands
