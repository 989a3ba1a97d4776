"""Stages 6 and 7: spread debts without lots over open gains, then name what is left.

A haircut is in *haircut* space: positions stay, gains are cut by money. What is cut is booked to the legs, or the same
gain would be cut again and again.
"""

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Unit
from deleverage.rulebook.margin import equity, gain
from deleverage.rulebook.messages import Haircut, Payment, Residual, ResidualNamed, Socialised
from deleverage.rulebook.scratch import Debts, Scratch


def note_gains(scratch: Scratch) -> None:
    """Take down every solvent unit's net gain before stage 5 touches it; quanta, signed.

    A gain at a guarded mark is not counted: cutting it would be a forced act from that mark.
    """
    scratch.gains = {}
    for unit in scratch.book.units.values():
        legs = scratch.open_legs(unit)
        if legs and not unit.bankrupt:
            gains = [gain(leg, scratch.book.markets[market_id]) for market_id, leg in legs]
            if scratch.rules.haircut_base == "leg":
                gains = [max(0, item) for item in gains]
            scratch.gains[unit.unit_id] = sum(gains)


def socialise(scratch: Scratch) -> None:
    """Stage 6: cut gains pro rata, at most max(0, min(equity now, net gain before stage 5 - money taken in it))."""
    debts = _debts_without_lots(scratch)
    if not debts:
        return
    bases = {}
    for unit in scratch.book.sorted_units():
        if unit.unit_id in scratch.gains and scratch.open_legs(unit):
            net = scratch.gains[unit.unit_id] - scratch.taken.get(unit.unit_id, 0)
            bases[unit.unit_id] = max(0, min(equity(scratch.book, unit), net))
    owed, base_quanta = sum(debts.values()), sum(bases.values())
    cut_quanta = min(owed, base_quanta)
    if cut_quanta == 0:
        return
    cut = apportion(cut_quanta, [Share(unit_id, base, base) for unit_id, base in bases.items()]).parts
    back = apportion(cut_quanta, [Share(unit_id, debt, debt) for unit_id, debt in debts.items()]).parts
    payments = [Payment(unit_id, -part) for unit_id, part in cut.items() if part]
    payments += [Payment(unit_id, part) for unit_id, part in back.items() if part]
    scratch.emit(
        Socialised,
        payments=tuple(payments),
        debt_quanta=owed,
        base_quanta=base_quanta,
        haircuts=tuple(
            Haircut(unit_id, bases[unit_id], part, _book_to_legs(scratch, scratch.book.units[unit_id], part))
            for unit_id, part in cut.items()
            if part
        ),
    )


def name_residuals(scratch: Scratch, paced: bool) -> None:
    """Stage 7: publish what stays uncovered, in lots and in money; a flat unit's shortfall moves to K."""
    residuals = []
    for unit in scratch.bankrupt_units():
        shortfall = max(0, -equity(scratch.book, unit))
        if unit.legs:
            lots = tuple((market_id, leg.lots) for market_id, leg in unit.sorted_legs())
            guarded = any(market_id in scratch.guarded for market_id in unit.legs)
            reason = "guard" if guarded else "pace" if paced else "removal"
            residuals.append(Residual(unit.unit_id, lots, shortfall, 0, reason))
        else:
            residuals.append(Residual(unit.unit_id, (), shortfall, shortfall, "pace" if paced else "capacity"))
    if residuals:
        scratch.emit(
            ResidualNamed,
            payments=tuple(Payment(item.unit_id, item.named_quanta) for item in residuals if item.named_quanta),
            residuals=tuple(residuals),
            named_quanta=sum(item.named_quanta for item in residuals),
        )


def _debts_without_lots(scratch: Scratch) -> dict[str, int]:
    debts = dict(scratch.freed)
    flat: Debts = {key: debt for key, debt in scratch.shortfalls.items() if key[1] == "" and debt}
    for (unit_id, _), debt in flat.items():
        debts[unit_id] = debts.get(unit_id, 0) + debt
    return dict(sorted(debts.items()))


def _book_to_legs(scratch: Scratch, unit: Unit, part: int) -> tuple[tuple[str, int], ...]:
    """Return where a unit's haircut is booked: by the positive gains of its legs now, equally if there are none."""
    weights = {}
    for market_id, leg in scratch.open_legs(unit):
        weights[market_id] = max(0, gain(leg, scratch.book.markets[market_id]))
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    split = apportion(part, [Share(market_id, weight) for market_id, weight in weights.items()])
    return tuple((market_id, quanta) for market_id, quanta in split.parts.items() if quanta)
