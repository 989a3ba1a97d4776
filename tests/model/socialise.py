"""Stage 6: debts without lots, spread over open gains."""

from typing import TYPE_CHECKING

from tests.model.margin import equity, gain
from tests.model.numbers import split
from tests.model.state import Unit, market_of, pay

if TYPE_CHECKING:
    from tests.model.round import Round
    from tests.model.step import Step


def net_gain(step: "Step", unit: Unit) -> int:
    """Return what a unit has gained and may be cut: net over its legs, guarded gains left out, guarded losses not."""
    gains = {key: gain(step.world.markets[market_of(key)], leg) for key, leg in unit.legs.items()}
    unguarded = [one for key, one in gains.items() if not step.is_guarded(key)]
    if step.rules["haircut_base"] == "leg":
        return sum(max(0, one) for one in unguarded)
    return min(sum(unguarded), sum(gains.values()))


def bases_of(step: "Step") -> dict[str, int]:
    """Return what may still be cut of each solvent unit with an unguarded leg."""
    bases = {}
    for unit in step.world.all_units():
        if not unit.bankrupt and any(not step.is_guarded(key) for key in unit.legs):
            u = unit.unit_id
            bases[u] = max(0, min(equity(step.world, unit), step.gains.get(u, 0) - step.taken[u]))
    return bases


def debts_without_lots(now: "Round") -> dict[str, int]:
    """Return the debts of flat units and those that stage 5 set free, as far as their units are still below zero."""
    debts = dict(now.without_lots)
    for (u, leg_id), quanta in now.shortfall.items():
        if leg_id == "" and quanta > 0:
            debts[u] = debts.get(u, 0) + quanta
    # An owner's own isolated money, released meanwhile, goes first.
    debts = {u: min(quanta, -now.equity(now.world.units[u])) for u, quanta in debts.items()}
    return {u: quanta for u, quanta in debts.items() if quanta > 0}


def socialise(now: "Round", debts: dict[str, int]) -> None:
    """Stage 6: spread what is left of the debts without lots over open gains."""
    debts = {u: quanta for u, quanta in debts.items() if quanta > 0}
    bases = bases_of(now.step) if debts else {}
    total = min(sum(debts.values()), sum(bases.values()))
    if total == 0:
        return
    haircuts = []
    for u, cut in split(total, [(u, base, base) for u, base in bases.items()]).items():
        now.step.taken[u] += cut
        if cut:
            haircuts.append((u, bases[u], cut, book_haircut(now, now.world.units[u], cut)))
    for u, part in split(total, [(u, quanta, quanta) for u, quanta in debts.items()]).items():
        pay(now.world.units[u], part)
    now.step.seen["socialised"].append((sum(debts.values()), sum(bases.values()), tuple(haircuts)))
    now.emitted = True


def book_haircut(now: "Round", unit: Unit, cut: int) -> tuple[tuple[str, int], ...]:
    """Take a haircut from a unit and book it to its legs by their positive gains."""
    legs = {key: leg for key, leg in unit.legs.items() if not now.step.is_guarded(key)}
    weights = {key: max(0, gain(now.world.markets[market_of(key)], leg)) for key, leg in legs.items()}
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    pay(unit, -cut)
    booked = split(cut, [(key, weight, None) for key, weight in weights.items()])
    for key, part in booked.items():
        unit.legs[key].haircut += part
    return tuple(sorted((key, part) for key, part in booked.items() if part))
