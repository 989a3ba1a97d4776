"""Stages 6 and 7: spread debts without lots over open gains, then name what is left.

A haircut is in *haircut* space: positions stay, gains are cut by money. What is cut is booked to the legs, or the same
gain would be cut again and again.
"""

from collections.abc import Container

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Book, Unit, market_of
from deleverage.rulebook.margin import equity, gain
from deleverage.rulebook.messages import Haircut, Payment, Residual, ResidualNamed, Socialised
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.held import why_lots_stay, why_money_waits
from deleverage.rulebook.stages.scratch import Scratch


def gains_of(scratch: Scratch) -> dict[str, int]:
    """Return every solvent unit's net gain as it was when the step began; quanta, signed.

    Marks do not move within a step, so a gain that was closed or cut in one round is not there again in the next. A
    gain at a guarded mark is not counted - cutting it would be a forced act from that mark - but a loss there is.
    """
    if scratch.gains is None:
        before, rules = scratch.original, scratch.rules
        units = (unit for unit in before.sorted_units() if not unit.bankrupt)
        scratch.gains = {unit.unit_id: net_gain(before, unit, rules, scratch.guarded) for unit in units}
    return scratch.gains


def net_gain(book: Book, unit: Unit, rules: Rules, guarded: Container[str]) -> int:
    """Return the gain that a haircut may cut: net over the legs, or the sum of the positive ones; quanta, signed."""
    gains = {leg_id: gain(leg, book.markets[market_of(leg_id)]) for leg_id, leg in unit.legs.items()}
    open_gains = [quanta for leg_id, quanta in gains.items() if market_of(leg_id) not in guarded]
    if rules.haircut_base == "leg":
        return sum(max(0, quanta) for quanta in open_gains)
    return min(sum(open_gains), sum(gains.values()))


def haircut_bases(scratch: Scratch) -> dict[str, int]:
    """Return what may be cut of each unit: max(0, min(equity now, net gain - money taken in the step)); quanta."""
    bases, gains = {}, gains_of(scratch)
    for unit in scratch.book.sorted_units():
        if not unit.bankrupt and scratch.open_legs(unit):
            net = gains.get(unit.unit_id, 0) - scratch.taken.get(unit.unit_id, 0)
            bases[unit.unit_id] = max(0, min(equity(scratch.book, unit), net))
    return bases


def socialise(scratch: Scratch) -> None:
    """Stage 6: cut open gains pro rata to their bases for debts that no lots carry any more."""
    debts = scratch.debts_without_lots()
    if not debts:
        return
    bases = haircut_bases(scratch)
    owed, base_quanta = sum(debts.values()), sum(bases.values())
    cut_quanta = min(owed, base_quanta)
    if cut_quanta == 0:
        return
    cut = apportion(cut_quanta, [Share(unit_id, base, base) for unit_id, base in bases.items()]).parts
    back = apportion(cut_quanta, [Share(unit_id, debt, debt) for unit_id, debt in debts.items()]).parts
    payments = [Payment(unit_id, -part) for unit_id, part in cut.items() if part]
    payments += [Payment(unit_id, part) for unit_id, part in back.items() if part]
    haircuts = tuple(
        Haircut(unit_id, bases[unit_id], part, _book_to_legs(scratch, scratch.book.units[unit_id], part))
        for unit_id, part in cut.items()
        if part
    )
    for haircut in haircuts:
        scratch.note_taken(haircut.unit_id, haircut.taken_quanta)
    scratch.emit(Socialised, payments=tuple(payments), debt_quanta=owed, base_quanta=base_quanta, haircuts=haircuts)


def name_residuals(scratch: Scratch, paced: bool) -> None:
    """Stage 7: publish what stays uncovered, in lots and in money.

    A flat unit's shortfall moves to K only if capacity was short: while a gain at a guarded mark, or a round that pace
    cut off, could still carry it, the unit stays bankrupt and the next step asks again.
    """
    if not scratch.bankrupt_units():
        return
    waits = why_money_waits(scratch.book, scratch.rules, scratch.guarded)
    if not waits and paced and any(haircut_bases(scratch).values()):
        waits = "pace"
    residuals = []
    for unit in scratch.bankrupt_units():
        shortfall = max(0, -equity(scratch.book, unit))
        if unit.legs:
            lots = tuple((leg_id, leg.lots) for leg_id, leg in unit.sorted_legs())
            reason = why_lots_stay(scratch.book, scratch.rules, scratch.guarded, unit)
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


def _book_to_legs(scratch: Scratch, unit: Unit, part: int) -> tuple[tuple[str, int], ...]:
    """Return where a unit's haircut is booked: by the positive gains of its legs now, equally if there are none."""
    weights = {}
    for leg_id, leg in scratch.open_legs(unit):
        weights[leg_id] = max(0, gain(leg, scratch.book.markets[market_of(leg_id)]))
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    split = apportion(part, [Share(leg_id, weight) for leg_id, weight in weights.items()])
    return tuple((leg_id, quanta) for leg_id, quanta in split.parts.items() if quanta)
