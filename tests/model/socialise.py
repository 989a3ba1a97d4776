"""Stage 6: debts without lots, spread by the loss rules over those who can bear them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.model.losses import BY_POOL, Bearer, bearers, rules_of
from tests.model.margin import gain
from tests.model.numbers import split
from tests.model.pools import note_relief
from tests.model.state import Unit, market_of, pay

if TYPE_CHECKING:
    from tests.model.round import Round

Debts = dict[tuple[str, str, str], int]
"""Quanta per unit and pool: market and side of the bankrupts whose lots are gone, both empty where it is unknown."""


def debts_without_lots(now: "Round") -> Debts:
    """Return the debts of flat units and those that stage 5 set free, as they were set free."""
    debts: Debts = dict(now.without_lots)
    for (u, leg_id), quanta in now.shortfall.items():
        if leg_id == "":
            debts[u, "", ""] = debts.get((u, "", ""), 0) + quanta
    return {key: quanta for key, quanta in debts.items() if quanta > 0}


def owed_by_unit(now: "Round", debts: Debts) -> dict[str, int]:
    """Return each unit's debts, at most what it is below zero now: money of its own, released meanwhile, goes first."""
    owed: dict[str, int] = {}
    for (u, _, _), quanta in debts.items():
        owed[u] = owed.get(u, 0) + quanta
    owed = {u: min(quanta, -now.equity(now.world.units[u])) for u, quanta in owed.items()}
    return {u: quanta for u, quanta in owed.items() if quanta > 0}


def take_off(debts: Debts, keys: Iterable[tuple[str, str, str]], amount: int) -> None:
    """Take an amount off some of the debts, spread over them by what they are."""
    for key, part in split(amount, [(key, debts[key], debts[key]) for key in keys]).items():
        debts[key] -= part


def limit(now: "Round", debts: Debts) -> Debts:
    """Return the debts, per unit at most what it is below zero."""
    owed = owed_by_unit(now, debts)
    limited: Debts = {}
    for u in {key[0] for key in debts}:
        own = {key[1:]: quanta for key, quanta in debts.items() if key[0] == u}
        if sum(own.values()) > owed.get(u, 0):
            own = split(owed.get(u, 0), [(pool, quanta, quanta) for pool, quanta in own.items()])
        limited |= {(u, *pool): quanta for pool, quanta in own.items()}
    return {key: quanta for key, quanta in limited.items() if quanta > 0}


def socialise(now: "Round", debts: Debts) -> None:
    """Stage 6: ask the loss rules, one after the other, about what is left of the debts."""
    for rule in rules_of(now.rules["loss_rule"]):
        pools = [("", "")]
        if rule["name"] in BY_POOL:
            pools = sorted({key[1:] for key in debts if key[1]})
        for pool in pools:
            asked = {key: quanta for key, quanta in debts.items() if quanta > 0 and pool in (("", ""), key[1:])}
            if asked:
                answer_question(now, debts, asked, rule["name"], pool, bearers(now.step, rule, pool))


def answer_question(
    now: "Round", debts: Debts, asked: Debts, name: str, pool: tuple[str, str], found: list[Bearer]
) -> None:
    """Take what the bearers of one question can give, return it to the debtors, and take it off the debts."""
    owed, base = sum(asked.values()), sum(cap for _, _, cap in found)
    total = min(owed, base)
    if total == 0:
        return
    cuts = []
    weights = {u: (weight, cap) for u, weight, cap in found}
    for u, cut in split(total, found).items():
        now.step.taken[u] += cut
        if cut:
            booked = book_haircut(now, now.world.units[u], cut)
            claim = cut if now.rules["haircut_claims"] else 0
            if claim:
                now.world.claims[u] = now.world.claims.get(u, 0) + claim
            cuts.append((u, *weights[u], cut, booked, claim))
    by_unit: dict[str, int] = {}
    for (u, _, _), quanta in asked.items():
        by_unit[u] = by_unit.get(u, 0) + quanta
    for u, part in split(total, [(u, quanta, quanta) for u, quanta in by_unit.items()]).items():
        debtor = now.world.units[u]
        if pool[0]:
            note_relief(debtor, -now.equity(debtor), part, now.pool_of(pool[0]))
        pay(debtor, part)
        mine = {key: quanta for key, quanta in asked.items() if key[0] == u}
        take_off(mine, mine, part)
        debts |= mine
    now.step.seen["socialised"].append((name, *pool, owed, base, tuple(sorted(cuts))))
    now.emitted = True


def book_haircut(now: "Round", unit: Unit, cut: int) -> tuple[tuple[str, int], ...]:
    """Take a haircut from a unit and book it to its unguarded legs by their positive gains; a flat unit has none."""
    pay(unit, -cut)
    legs = {key: leg for key, leg in unit.legs.items() if not now.step.is_guarded(key)}
    weights = {key: max(0, gain(now.world.markets[market_of(key)], leg)) for key, leg in legs.items()}
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    booked = split(cut, [(key, weight, None) for key, weight in weights.items()])
    for key, part in booked.items():
        unit.legs[key].haircut += part
    return tuple(sorted((key, part) for key, part in booked.items() if part))
