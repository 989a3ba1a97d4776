"""What starts and stops stage 5, recomputed along a step: trigger, pace, and the reason of every lot that stays.

A fact that says ``trigger``, ``pace``, ``removal`` or ``guard`` is not believed: whether the trigger fires, what the
bounds leave and which mark is guarded follow from the book, the rules and what the step has closed so far.
"""

from collections.abc import Container

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import LONG, SHORT, SIGN_OF, Unit, market_of
from deleverage.rulebook.checks.view import View, require
from deleverage.rulebook.pace import Room, Spent
from deleverage.rulebook.stages.guards import asset_guards, guards
from deleverage.rulebook.stages.held import (
    Known,
    guard_hides_money,
    lots_after_netting,
    may_start,
    rules_could_take,
    why_lots_stay,
    why_money_waits,
)
from deleverage.rulebook.stages.stress import throttles_of
from deleverage.rulebook.throttle import lots_held, most_at


def check_start(view: View, fact: m.Deleveraged) -> None:
    """On the book before stage 5: every pool is told, netted as far as it can be, and the trigger was obeyed."""
    guarded = guards(view.book, view.rules, fact.time_ns)
    found: dict[tuple[str, str], int] = {}
    for unit in view.book.units.values():
        for leg_id, leg in unit.legs.items() if unit.bankrupt else ():
            market_id = market_of(leg_id)
            if market_id not in guarded:
                key = (market_id, LONG if leg.lots > 0 else SHORT)
                found[key] = found.get(key, 0) + abs(leg.lots)
    told = {(pool.market_id, pool.side): pool.lots for pool in fact.pools if pool.market_id not in guarded}
    require("INV-21", told == found, f"bankrupt lots are {found}, the pools say {told}")
    for pool in fact.pools:
        name, side = f"{pool.market_id} {pool.side}", SIGN_OF[pool.side]
        left = lots_after_netting(view.book, pool.market_id, side)
        netted = pool.lots - left
        require("INV-8", pool.netted_lots == netted, f"{name}: {pool.netted_lots} lots netted, {netted} could be")
        held = left > 0 and not may_start(view.book, view.rules, pool.market_id, side, left)
        obeyed = (pool.stopped == "trigger") == held and not (held and pool.closed_lots)
        told_so = f"stopped by {pool.stopped or 'nothing'}, {pool.closed_lots} lots closed"
        require("INV-21", obeyed, f"{name}: {told_so}; the trigger {'does not fire' if held else 'fires'}")


def check_bounds(view: View, fact: m.Deleveraged) -> None:
    """Count what stage 5 closed and hold it against the bounds; whoever says ``pace`` must have met one."""
    for closing in fact.closings:
        value_quanta = abs(view.book.markets[closing.market_id].value_quanta)
        for room_quanta, name in _notional_rooms(view, view.closed_notional):
            within = closing.closed_lots <= lots_held(room_quanta, view.closed_notional, value_quanta)
            told = f"{closing.closed_lots} lots worth {value_quanta} each are closed, {room_quanta} quanta are left"
            require("INV-6", within, f"stage 5 goes beyond its {name}: {told}")
        view.closed_notional += closing.closed_lots * value_quanta
        view.touched.add(closing.unit_id)
    room = _room(view, fact.round)
    rooms = _notional_rooms(view, view.closed_notional)
    kept = all(bound is None or bound >= 0 for bound in (room.rounds, room.units))
    require("INV-6", kept, f"round {fact.round} goes beyond the pace, it leaves {room}")
    for pool in fact.pools:
        if pool.stopped in ("pace", "throttle"):
            bound = pool.stopped in _binding(view, pool.market_id)
            told = f"stopped by {pool.stopped}; pace leaves {room}, bounds on the notional are {rooms}"
            require("INV-21", bound, f"{pool.market_id} {pool.side}: {told}")


def check_reasons(view: View, fact: m.ResidualNamed) -> None:
    """Every residual's reason is the true one."""
    guarded = guards(view.book, view.rules, fact.time_ns)
    waits = why_money_waits(view.book, view.rules, guarded, asset_guards(view.book, view.rules, fact.time_ns))
    debt, known = debt_without_lots(fact), Known(view.book)
    for residual in fact.residuals:
        unit = view.book.units[residual.unit_id]
        true = why_lots_stay(view.book, view.rules, guarded, unit, known) if unit.legs else waits
        if unit.legs:
            view.named.add(unit.unit_id)
        if not true and residual.reason == "pace" and rules_could_take(view.rules, debt, view.bearers(guarded)):
            true = "pace"
        if not true:
            true = "guard" if guard_hides_money(view.book, view.rules, debt, guarded) else "capacity"
        same = residual.reason == true
        require("INV-7", same, f"{unit.unit_id}: the reason is told as {residual.reason}, it is {true}")
        if true == "pace" and not _held_by_pace(view, unit, guarded):
            view.by_rounds.append(unit.unit_id)


def debt_without_lots(fact: m.ResidualNamed) -> int:
    """Return the shortfalls of the flat units that are told: quanta that the loss rules have left."""
    return sum(residual.shortfall_quanta for residual in fact.residuals if not residual.lots)


def check_end(view: View, fact: m.StepEnded) -> None:
    """Nobody's lots were forgotten, and a step or a residual that says ``pace`` has met a bound; the step is over."""
    guarded = guards(view.book, view.rules, fact.time_ns)
    bankrupts = [unit for unit in view.book.units.values() if unit.bankrupt and unit.legs]
    forgotten = [unit.unit_id for unit in bankrupts if unit.unit_id not in view.named]
    require("INV-21", not forgotten, f"{forgotten[:3]} keep lots and nobody says why")
    paced = _room(view, fact.rounds).rounds == 0 or any(_held_by_pace(view, unit, guarded) for unit in bankrupts)
    true = fact.stopped == "quiet" or (fact.stopped == "pace" and paced)
    require("INV-7", true, f"the step says it stopped for {fact.stopped} after {fact.rounds} rounds")
    explained = not view.by_rounds or (fact.stopped == "pace" and paced)
    require("INV-7", explained, f"{view.by_rounds[:3]} wait for pace, and no bound was met")
    due = throttles_of(view.book, view.rules, fact.time_ns, view.stress or 0, view.sold_notional, view.closed_notional)
    require("INV-6", fact.throttles == due, f"throttles are told as {fact.throttles}, they are {due}")
    view.sold_notional, view.stress = 0, None
    view.closed_notional, view.touched, view.named, view.by_rounds = 0, set(), set(), []


def _room(view: View, rounds: int) -> Room:
    return view.rules.pace.room(Spent(rounds, view.closed_notional, len(view.touched)))


def _binding(view: View, market_id: str) -> set[str]:
    """Return which bounds on stage 5 leave no room for another lot of a market, or for another candidate.

    Of two bounds on the notional only the tighter one, pace where they are equal.
    """
    value_quanta = abs(view.book.markets[market_id].value_quanta)
    found = {"pace"} if _room(view, 0).units == 0 else set()
    if bounds := _notional_rooms(view, view.closed_notional):
        room_quanta, name = min(bounds)
        if lots_held(room_quanta, view.closed_notional, value_quanta) == 0:
            found.add(name)
    return found


def _notional_rooms(view: View, done_quanta: int) -> list[tuple[int, str]]:
    """Return what each bound on the notional leaves of the step after so much of it, with its name; quanta."""
    pace = view.rules.pace.room(Spent(0, done_quanta, 0)).notional_quanta
    most = most_at(view.rules.close_throttle, view.stress or 0)
    bounds = ((pace, "pace"), (None if most is None else most - done_quanta, "throttle"))
    return [(quanta, name) for quanta, name in bounds if quanta is not None]


def bounded_lots(view: View, market_id: str, done_quanta: int, lots: int) -> int:
    """Return how many of ``lots`` pace and throttle hold of a market after so much notional of the step."""
    value_quanta = abs(view.book.markets[market_id].value_quanta)
    rooms = [room_quanta for room_quanta, _ in _notional_rooms(view, done_quanta)]
    return min([lots, *(lots_held(room_quanta, done_quanta, value_quanta) for room_quanta in rooms)])


def _held_by_pace(view: View, unit: Unit, guarded: Container[str]) -> bool:
    return any(market_id not in guarded and _binding(view, market_id) for market_id in unit.markets())
