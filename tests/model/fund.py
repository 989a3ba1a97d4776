"""Stage 4: what the fund pays, before stage 5 and again after it, and the caps that cut it."""

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
    paid = pay_debts(now, debts, is_after_stage_5=False)
    for debt, part in paid.items():
        now.shortfall[debt] -= part
    note_payment(now, entered, own, debts, paid, is_after_stage_5=False)


def pay_again(now: "Round", without_lots: dict[str, int]) -> dict[str, int]:
    """Stage 4 once more, after stage 5: pay the debts without lots, and return what each unit was paid."""
    fund = now.world.fund_unit()
    debts: dict[Debt, int] = {
        (u, ""): quanta for u, quanta in without_lots.items() if fund is None or u != fund.unit_id
    }
    paid = pay_debts(now, debts, is_after_stage_5=True)
    note_payment(now, 0, 0, debts, paid, is_after_stage_5=True)
    return {u: part for (u, _), part in paid.items()}


def pay_debts(now: "Round", debts: dict[Debt, int], *, is_after_stage_5: bool) -> dict[Debt, int]:
    """Pay what the fund offers for some debts, count it for the caps, and return what each gets."""
    offered = said_by_source(now, sum(debts.values()), is_after_stage_5=is_after_stage_5)
    paid = {debt: part for debt, part in cut_to_caps(now, debts, offered).items() if part}
    for (u, leg_id), part in paid.items():
        group = now.owner_group(u)
        pay(now.world.units[u], part)
        now.world.pots["fund"] -= part
        now.world.paid_by_group[group] = now.world.paid_by_group.get(group, 0) + part
        now.step.paid_to_debts += part
        now.step.paid_by_market[market_of(leg_id)] += part
    return paid


def note_payment(
    now: "Round", entered: int, own: int, debts: dict[Debt, int], paid: dict[Debt, int], *, is_after_stage_5: bool
) -> None:
    """Note what stage 4 did, if it did anything."""
    if entered or own or paid:
        now.emitted = True
        rows = tuple(sorted((*debt, debts[debt], part) for debt, part in paid.items()))
        now.step.seen["fund"].append((entered, own, rows, is_after_stage_5))


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


def said_by_source(now: "Round", total: int, *, is_after_stage_5: bool) -> int:
    """Return what the funding source offers of the pool for all debts together."""
    source, pool = now.rules["funding_source"]["name"], now.world.pots["fund"]
    if is_after_stage_5 != (source == "deleverage-first"):
        return 0
    if source == "all-or-nothing" and pool < total:
        return 0
    return min(pool, total)


def cut_to_caps(now: "Round", debts: dict[Debt, int], offered: int) -> dict[Debt, int]:
    """Return what the fund pays each debt of an offer, after the event, group and market caps."""
    parts = split(offered, [(debt, quanta, quanta) for debt, quanta in debts.items()])
    event, by_group, by_market = (now.rules[f"fund_{name}_cap_quanta"] for name in ("event", "group", "market"))
    if event is not None:
        _cut(parts, list(parts), event - now.step.paid_to_debts)
    if by_group is not None:
        groups: dict[str, list[Debt]] = defaultdict(list)
        for debt in parts:
            groups[now.owner_group(debt[0])].append(debt)
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
