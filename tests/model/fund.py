"""Stage 4: what the pools of the fund pay, before stage 5 and again after it."""

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.model.caps import cut_to_caps, note_for_caps
from tests.model.numbers import split
from tests.model.pools import cash_of, note_parts, parts_by_pool, room_of
from tests.model.state import PoolDebt, Unit, pay, pot
from tests.model.takeover import laid_on_legs

if TYPE_CHECKING:
    from tests.model.round import Round

Parts = dict[PoolDebt, int]


def pay_from_fund(now: "Round") -> None:
    """Stage 4: fees and surpluses enter, the fund lifts its own unit, then pays debts under its caps."""
    entered = let_enter(now)
    own_debts = own_shortfall(now)
    own = lift_own_unit(now, own_debts)
    debts = payable_debts(now)
    paid = pay_debts(now, debts, is_after_stage_5=False)
    for (_, *debt), part in paid.items():
        now.shortfall[debt[0], debt[1]] -= part
    if entered or own or paid:
        left = {key: quanta - own.get(key, 0) for key, quanta in own_debts.items()}
        left |= {key: quanta - paid.get(key, 0) for key, quanta in debts.items()}
        tell_payment(now, (entered, sum(own.values())), debts, paid, left, is_after_stage_5=False)


def pay_again(now: "Round", debts: Parts) -> Parts:
    """Stage 4 once more, after stage 5: pay the debts without lots, and return what was paid by pool and debt."""
    fund = now.world.fund_unit()
    debts = {key: quanta for key, quanta in debts.items() if fund is None or key[1] != fund.unit_id}
    paid = pay_debts(now, debts, is_after_stage_5=True)
    if paid:
        left = {key: quanta - paid.get(key, 0) for key, quanta in debts.items()}
        tell_payment(now, (0, 0), debts, paid, left, is_after_stage_5=True)
    return paid


def let_enter(now: "Round") -> int:
    """Let fees and surpluses enter the cash of their pools, and return the sum."""
    total = 0
    for pool_id in now.world.pools:
        for name in ("fees", "surplus"):
            quanta = now.world.pots[pot(name, pool_id)]
            now.world.pots[pot(name, pool_id)] -= quanta
            now.world.pots[pot("fund", pool_id)] += quanta
            total += quanta
    return total


def own_shortfall(now: "Round") -> Parts:
    """Return the shortfall of the fund's own unit, if it is in reach: by pool and leg, guarded legs included."""
    fund = now.world.fund_unit()
    if fund is None or now.step.out_of_reach(fund):
        return {}
    return shortfall_by_pool(now, fund)


def shortfall_by_pool(now: "Round", unit: Unit) -> Parts:
    """Return what a unit is below zero now, laid on its legs and from there on pools, or on the pools of a flat one."""
    shortfall = max(0, -now.equity(unit))
    if shortfall == 0:
        return {}
    if not unit.legs:
        return {(pool_id, unit.unit_id, ""): part for pool_id, part in parts_by_pool(unit, shortfall).items()}
    parts = laid_on_legs(now.world, now.rules, unit, shortfall)
    return {(now.pool_of(leg_id), unit.unit_id, leg_id): part for leg_id, part in parts.items() if part}


def lift_own_unit(now: "Round", debts: Parts) -> Parts:
    """Let each pool pay its part of the own unit's shortfall as far as its cash goes, and return the payments."""
    paid: Parts = {}
    for pool_id in sorted({key[0] for key in debts}):
        part = {key: quanta for key, quanta in debts.items() if key[0] == pool_id}
        amount = min(cash_of(now.world, pool_id), sum(part.values()))
        for key, quanta in split(amount, [(key, quanta, quanta) for key, quanta in part.items()]).items():
            if quanta:
                paid[key] = quanta
                debt = key[1:]
                pay(now.world.units[key[1]], quanta)
                now.world.pots[pot("fund", pool_id)] -= quanta
                if debt in now.shortfall:
                    now.shortfall[debt] -= quanta
    return paid


def payable_debts(now: "Round") -> Parts:
    """Return the shortfalls that the fund may pay, by pool: unguarded legs and flat units, its own unit excepted."""
    fund = now.world.fund_unit()
    found: Parts = {}
    for (u, leg_id), quanta in now.shortfall.items():
        unit = now.world.units[u]
        if quanta > 0 and unit.bankrupt and unit is not fund and not now.step.is_guarded(leg_id):
            parts = {now.pool_of(leg_id): quanta} if leg_id else parts_by_pool(unit, quanta)
            found |= {(pool_id, u, leg_id): part for pool_id, part in parts.items()}
    return found


def pay_debts(now: "Round", debts: Parts, *, is_after_stage_5: bool) -> Parts:
    """Pay what each pool offers for its debts, cut by the caps, and return what each debt gets of each pool."""
    offers: Parts = {}
    for pool_id in {key[0] for key in debts}:
        mine = [(key, quanta, quanta) for key, quanta in debts.items() if key[0] == pool_id]
        total = sum(quanta for _, quanta, _ in mine)
        offers |= split(said_by_source(now, pool_id, total, is_after_stage_5=is_after_stage_5), mine)
    paid = {key: part for key, part in cut_to_caps(now, offers).items() if part}
    for (pool_id, u, leg_id), part in paid.items():
        pay(now.world.units[u], part)
        now.world.pots[pot("fund", pool_id)] -= part
        note_for_caps(now, (u, leg_id), part)
    return paid


def said_by_source(now: "Round", pool_id: str, total: int, *, is_after_stage_5: bool) -> int:
    """Return what the funding source offers of a pool for all its debts together."""
    source, room = now.rules["funding_source"]["name"], room_of(now.world, pool_id)
    if is_after_stage_5 != (source == "deleverage-first"):
        return 0
    if source == "all-or-nothing" and room < total:
        return 0
    return min(room, total)


def tell_payment(
    now: "Round", amounts: tuple[int, int], debts: Parts, paid: Parts, left: Parts, *, is_after_stage_5: bool
) -> None:
    """Note what stage 4 did; ``amounts`` are what entered and what the own unit got, ``left`` is of all told debts."""
    now.emitted = True
    rows = tuple(sorted((*key[1:], debts[key], part, key[0]) for key, part in paid.items()))
    now.step.seen["fund"].append((*amounts, rows, is_after_stage_5))
    by_unit: dict[str, dict[str, int]] = defaultdict(dict)
    for (pool_id, u, leg_id), quanta in left.items():
        if leg_id == "":
            by_unit[u][pool_id] = quanta
    for u, parts in by_unit.items():
        note_parts(now.world.units[u], parts)


def debts_of_pools(now: "Round", owed: dict[str, int], freed: dict[tuple[str, str, str], int]) -> Parts:
    """Return debts without lots by pool: a flat unit's as it remembers them, others' by what stage 5 set free."""
    found: Parts = {}
    for u, quanta in owed.items():
        unit = now.world.units[u]
        if not unit.legs:
            parts = parts_by_pool(unit, quanta)
        else:
            weights: dict[str, int] = defaultdict(int)
            for (debtor, market_id, _), part in freed.items():
                if debtor == u:
                    weights[now.pool_of(market_id)] += part
            parts = split(quanta, [(pool_id, weight, None) for pool_id, weight in weights.items()])
        found |= {(pool_id, u, ""): part for pool_id, part in parts.items() if part}
    return found
