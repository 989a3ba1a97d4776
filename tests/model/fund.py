"""Stage 4: what the fund pays, and the caps that cut it."""

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.model.numbers import split
from tests.model.state import Debt, market_of, pay

if TYPE_CHECKING:
    from tests.model.round import Round


def pay_from_fund(now: "Round") -> None:
    """Stage 4: fees and surpluses enter, the fund lifts its own unit, then pays debts under its caps."""
    pots = now.world.pots
    entered = pots["fees"] + pots["surplus"]
    pots["fund"] += entered
    pots["fees"] = pots["surplus"] = 0
    own = lift_own_unit(now)
    debts = payable_debts(now)
    parts = offer(now, debts)
    for (u, leg_id), part in sorted(parts.items()):
        if part == 0:
            continue
        unit = now.world.units[u]
        group = now.world.accounts[unit.account_id].owner_group
        pay(unit, part)
        pots["fund"] -= part
        now.shortfall[u, leg_id] -= part
        now.world.paid_by_group[group] = now.world.paid_by_group.get(group, 0) + part
        now.step.paid_to_debts += part
        now.step.paid_by_market[market_of(leg_id)] += part
    if entered or own or any(parts.values()):
        now.emitted = True
        paid = tuple(sorted((*debt, debts[debt], part) for debt, part in parts.items() if part))
        now.step.seen["fund"].append((entered, own, paid))


def lift_own_unit(now: "Round") -> int:
    """Pay the fund's own unit up to zero as far as the pool goes, and return the payment."""
    fund = now.world.fund_unit()
    if fund is None or now.equity(fund) >= 0 or now.step.out_of_reach(fund):
        return 0
    own = min(now.world.pots["fund"], -now.equity(fund))
    pay(fund, own)
    now.world.pots["fund"] -= own
    debts = {debt: quanta for debt, quanta in now.shortfall.items() if debt[0] == fund.unit_id}
    for debt, part in split(own, [(debt, quanta, quanta) for debt, quanta in debts.items()]).items():
        now.shortfall[debt] -= part
    return own


def payable_debts(now: "Round") -> dict[Debt, int]:
    """Return the shortfalls that the fund may pay: unguarded legs and flat units, its own excepted."""
    fund = now.world.fund_unit()
    return {
        (u, leg_id): quanta
        for (u, leg_id), quanta in now.shortfall.items()
        if quanta > 0
        and not now.step.is_guarded(leg_id)
        and now.world.units[u].bankrupt
        and not (fund is not None and u == fund.unit_id)
    }


def offer(now: "Round", debts: dict[Debt, int]) -> dict[Debt, int]:
    """Return what the fund pays each debt, after the event, group and market caps."""
    total, pool = sum(debts.values()), now.world.pots["fund"]
    offered = min(pool, total)
    if not now.rules["fund_partial"] and pool < total:
        offered = 0
    parts = split(offered, [(debt, quanta, quanta) for debt, quanta in debts.items()])
    event, by_group, by_market = (now.rules[f"fund_{name}_cap_quanta"] for name in ("event", "group", "market"))
    if event is not None:
        _cut(parts, list(parts), event - now.step.paid_to_debts)
    if by_group is not None:
        groups: dict[str, list[Debt]] = defaultdict(list)
        for debt in parts:
            account = now.world.accounts[now.world.units[debt[0]].account_id]
            groups[account.owner_group].append(debt)
        for group in sorted(groups):
            _cut(parts, groups[group], by_group - now.world.paid_by_group.get(group, 0))
    if by_market is not None:
        for market_id in sorted({market_of(debt[1]) for debt in parts if debt[1]}):
            members = [debt for debt in parts if market_of(debt[1]) == market_id]
            _cut(parts, members, by_market - now.step.paid_by_market[market_id])
    return parts


def _cut(parts: dict[Debt, int], members: list[Debt], cap: int) -> None:
    """Cut the members' parts to a cap, each pro rata; what is freed stays in the pool."""
    cap = max(0, cap)
    if sum(parts[debt] for debt in members) > cap:
        parts.update(split(cap, [(debt, parts[debt], parts[debt]) for debt in members]))
