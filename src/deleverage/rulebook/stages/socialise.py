"""Stages 6 and 7: spread debts without lots as the loss rule says, then name what is left.

A haircut is in *haircut* space: positions stay, money is taken. What is taken is booked to the unit's legs, or the same
gain would be cut again and again.

By default (``winners-pro-rata``) weight and cap of a unit are max(0, min(equity now, net gain of its legs when the step
began less what stages 5 and 6 have taken from it)). A unit that is flat by now bears nothing; one that was closed in
part still bears for the lots that were closed.
"""

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Unit, market_of
from deleverage.rulebook.losses.rule import Loss, LossRule, ask
from deleverage.rulebook.margin import equity, gain
from deleverage.rulebook.messages import Haircut, Payment, Residual, ResidualNamed, Socialised
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.stages.bearers import bearers
from deleverage.rulebook.stages.held import Known, guard_hides_money, rules_could_take, why_lots_stay, why_money_waits
from deleverage.rulebook.stages.scratch import PoolDebts, Scratch, by_debtor


def socialise(scratch: Scratch) -> None:
    """Stage 6: ask one loss rule after the other about the debts that no lots carry any more."""
    debts = scratch.debts_by_pool()
    for rule in scratch.rules.loss_rule.in_order():
        for (market_id, side), mine in _asked_about(rule, debts):
            for key, part in _spread(scratch, rule, market_id, side, mine).items():
                debts[key] -= part
        debts = {key: debt for key, debt in debts.items() if debt}


def _asked_about(rule: LossRule, debts: PoolDebts) -> list[tuple[tuple[str, str], PoolDebts]]:
    """Return market, side and debts of each question to a rule: all debts together, or pool by pool in id order.

    A debt whose unit was flat when the round began has no pool: only rules for all debts are asked about it.
    """
    if not rule.per_pool:
        return [(("", ""), debts)]
    pools = sorted({key[1:] for key in debts if key[1]})
    return [(pool, {key: debt for key, debt in debts.items() if key[1:] == pool}) for pool in pools]


def _spread(scratch: Scratch, rule: LossRule, market_id: str, side: str, debts: PoolDebts) -> PoolDebts:
    """Spread debts by one rule, and return what of each was carried."""
    owed = sum(debts.values())
    if not owed:
        return {}
    found = bearers(scratch.book, scratch.gains_before(), scratch.taken, scratch.guarded, market_id)
    shares = ask(rule, Loss(owed, market_id, side, found))
    base_quanta = sum(share.cap or 0 for share in shares)
    cut_quanta = min(owed, base_quanta)
    if not cut_quanta:
        return {}
    cut = apportion(cut_quanta, shares).parts
    back, carried = _give_back(cut_quanta, debts)
    haircuts = tuple(_haircut(scratch, share, cut[share.key]) for share in sorted(shares) if cut[share.key])
    payments = [Payment(haircut.unit_id, -haircut.taken_quanta) for haircut in haircuts]
    payments += [Payment(unit_id, part) for unit_id, part in back.items() if part]
    for haircut in haircuts:
        scratch.note_taken(haircut.unit_id, haircut.taken_quanta)
    scratch.emit(
        Socialised,
        payments=tuple(payments),
        rule=text_of(rule),
        market_id=market_id,
        side=side,
        debt_quanta=owed,
        base_quanta=base_quanta,
        haircuts=haircuts,
    )
    return carried


def _give_back(quanta: int, debts: PoolDebts) -> tuple[dict[str, int], PoolDebts]:
    """Return what each debtor receives, by debt, and what of each of its pools' debts that carries, by debt again."""
    owed = by_debtor(debts)
    sums = {unit_id: sum(mine.values()) for unit_id, mine in owed.items()}
    back = apportion(quanta, [Share(unit_id, debt, debt) for unit_id, debt in sums.items()]).parts
    carried: PoolDebts = {}
    for unit_id, part in back.items():
        carried |= apportion(part, [Share(key, debt, debt) for key, debt in owed[unit_id].items()]).parts
    return back, carried


def _haircut(scratch: Scratch, share: Share, taken: int) -> Haircut:
    legs = _book_to_legs(scratch, scratch.book.units[share.key], taken)
    return Haircut(share.key, share.cap or 0, taken, legs, share.weight, taken if scratch.rules.haircut_claims else 0)


def name_residuals(scratch: Scratch, paced: bool) -> None:
    """Stage 7: publish what stays uncovered, in lots and in money.

    A flat unit's shortfall moves to K only if capacity was short: while money behind a guarded mark, or a round that
    pace cut off, could still carry it, the unit stays bankrupt and the next step asks again.
    """
    if not scratch.bankrupt_units():
        return
    waits = _why_money_waits(scratch, paced)
    residuals, known = [], Known(scratch.book)
    for unit in scratch.bankrupt_units():
        shortfall = max(0, -equity(scratch.book, unit))
        if unit.legs:
            lots = tuple((leg_id, leg.lots) for leg_id, leg in unit.sorted_legs())
            reason = why_lots_stay(scratch.book, scratch.rules, scratch.guarded, unit, known)
            residuals.append(Residual(unit.unit_id, lots, shortfall, 0, reason))
        else:
            named = 0 if waits else shortfall
            residuals.append(Residual(unit.unit_id, (), shortfall, named, waits or "capacity"))
    scratch.emit(
        ResidualNamed,
        payments=tuple(Payment(item.unit_id, item.named_quanta) for item in residuals if item.named_quanta),
        residuals=tuple(residuals),
        named_quanta=sum(item.named_quanta for item in residuals),
    )


def _why_money_waits(scratch: Scratch, paced: bool) -> str:
    book, rules, guarded = scratch.book, scratch.rules, scratch.guarded
    waits = why_money_waits(book, rules, guarded, scratch.guarded_assets)
    debt_quanta = sum(max(0, -equity(book, unit)) for unit in scratch.bankrupt_units() if not unit.legs)
    found = bearers(book, scratch.gains_before(), scratch.taken, guarded)
    if not waits and paced and rules_could_take(rules, debt_quanta, found):
        return "pace"
    return waits or ("guard" if guard_hides_money(book, rules, debt_quanta, guarded) else "")


def _book_to_legs(scratch: Scratch, unit: Unit, part: int) -> tuple[tuple[str, int], ...]:
    """Return where a haircut is booked: by the positive gains of the unit's legs now, equally if there are none."""
    weights = {}
    for leg_id, leg in scratch.open_legs(unit):
        weights[leg_id] = max(0, gain(leg, scratch.book.markets[market_of(leg_id)]))
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    split = apportion(part, [Share(leg_id, weight) for leg_id, weight in weights.items()])
    return tuple((leg_id, quanta) for leg_id, quanta in split.parts.items() if quanta)
