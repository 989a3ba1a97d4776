"""Backstops in stage 3: who may take how much, in which order they are asked, and why the others took nothing.

Who asks for the least edge is asked first: the lots go where they cost the source, or its other creditors, least.
"""

from collections.abc import Iterator

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Book, copy_unit
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.liquidation import cannot_carry
from deleverage.rulebook.messages import Fill
from deleverage.rulebook.programmes import cools_down, window_left_quanta
from deleverage.rulebook.quantities import PPB, div_floor
from deleverage.rulebook.stages.offer import Moved, Offer, edge_quanta, emit_takeover, moved_with, offer_of
from deleverage.rulebook.stages.scratch import Scratch

Backstops = dict[str, bool]
"""Their accounts, in id order, and whether each is distressed itself, as a source of the round."""


def backstops_of(book: Book, source_ids: set[str]) -> Backstops:
    """Return every backstop there is, whatever it may take."""
    names = sorted(key for key, account in book.accounts.items() if account.role == "backstop")
    return {account_id: account_id in source_ids for account_id in names}


def take_by_backstops(scratch: Scratch, backstops: Backstops, offer: Offer) -> Offer:
    """Let every backstop take its part, class by class of the edge they ask for; return what is left of the offer."""
    rooms, reasons = _rooms(scratch, offer, backstops)
    for least, members in _classes(scratch, rooms):
        if not offer.lots:
            break
        fitting = [unit_id for unit_id in offer.lots if _pays(scratch, offer, unit_id, least)]
        if fitting:
            took = _take(scratch, offer.of(fitting), members, least, reasons)
            reasons |= dict.fromkeys(took, "")
            # Only of those who were offered: a grace may spare another source here.
            offered = [scratch.book.units[unit_id] for unit_id in offer.lots]
            offer = offer_of(offered, offer.market, offer.side_name, offer.side)
        else:
            reasons |= dict.fromkeys(members, "edge")
    place = (offer.market_id, offer.side_name)
    scratch.passed.pop(place, None)
    if offer.lots:
        names = {unit_id: why for unit_id, why in reasons.items() if why}
        scratch.passed[place] = names if reasons else {"": "no_backstop"}
    return offer


def minimum_edge(scratch: Scratch, unit_id: str) -> int | None:
    """Return the least edge in ppb of the notional that a backstop asks for; ``None`` without a programme: any."""
    backstop = scratch.book.backstops.get(unit_id)
    return None if backstop is None else backstop.programme.minimum_edge_ppb


def _classes(scratch: Scratch, rooms: dict[str, int]) -> Iterator[tuple[int | None, dict[str, int]]]:
    """Return the backstops with room by the edge they ask for, the least first; who has no programme before all."""
    edges = {minimum_edge(scratch, unit_id) for unit_id in rooms}
    for least in sorted(edges, key=lambda edge: (edge is not None, edge or 0)):
        yield least, {unit_id: room for unit_id, room in rooms.items() if minimum_edge(scratch, unit_id) == least}


def _pays(scratch: Scratch, offer: Offer, unit_id: str, least: int | None) -> bool:
    """Return whether the whole leg of a source would pay its taker the edge."""
    notional = offer.lots[unit_id] * abs(offer.market.value_quanta)
    return least is None or edge_quanta(scratch, offer, unit_id) * PPB >= least * notional


def _rooms(scratch: Scratch, offer: Offer, backstops: Backstops) -> tuple[dict[str, int], dict[str, str]]:
    """Return the lots that each backstop may take here, and for each why it may not (empty: it may), in id order."""
    rooms, reasons = {}, {}
    for account_id, is_source in backstops.items():
        room, reasons[account_id] = _room(scratch, offer, account_id, is_source=is_source)
        if not reasons[account_id]:
            rooms[account_id] = room
    return rooms, reasons


def _room(scratch: Scratch, offer: Offer, account_id: str, *, is_source: bool) -> tuple[int, str]:
    unit, backstop = scratch.book.units[account_id], scratch.book.backstops.get(account_id)
    if unit.bankrupt or is_source or scratch.book.is_auctioned(account_id):
        return 0, "distressed"
    if backstop is not None and cools_down(backstop, scratch.step, scratch.time_ns):
        return 0, "cool_down"
    capacity = scratch.book.accounts[account_id].backstop_capacity_lots
    held = unit.legs[offer.market_id].lots if offer.market_id in unit.legs else 0
    rooms = {
        "capacity": capacity - scratch.taken_over_lots.get((account_id, offer.market_id), 0),
        "position": offer.market.terms.max_lots - offer.side * held,
    }
    left = None if backstop is None else window_left_quanta(backstop, scratch.time_ns)
    if left is not None:
        rooms["window"] = div_floor(left, abs(offer.market.value_quanta))
    why = next((name for name, room in rooms.items() if room <= 0), "")
    return min(rooms.values()), why


def _take(
    scratch: Scratch, offer: Offer, rooms: dict[str, int], least: int | None, reasons: dict[str, str]
) -> list[str]:
    """Let a class take its part; who would fail is left out and the split made anew. Return who took."""
    while rooms:
        taken_lots = min(offer.open_lots, sum(rooms.values()))
        parts = apportion(taken_lots, [Share(unit_id, room, room) for unit_id, room in rooms.items()]).parts
        moved = moved_with(scratch, offer, taken_lots)
        takers = _fills(offer, moved, parts)
        failing = {fill.unit_id: why for fill in takers if (why := _fails(scratch, offer, fill, least))}
        if not failing:
            for fill in takers:
                key = (fill.unit_id, fill.market_id)
                scratch.taken_over_lots[key] = scratch.taken_over_lots.get(key, 0) + abs(fill.lots)
            emit_takeover(scratch, offer, moved, tuple(takers))
            return [fill.unit_id for fill in takers]
        reasons |= failing
        for unit_id in failing:
            del rooms[unit_id]
    return []


def _fills(offer: Offer, moved: Moved, parts: dict[str, int]) -> list[Fill]:
    """Return the takers' side: the lots at the mark, less their part of the shortfall, plus that of the edges."""
    shares = [Share(unit_id, lots) for unit_id, lots in parts.items()]
    pays = apportion(sum(moved.shortfalls.values()), shares).parts
    gets = apportion(sum(moved.edges.values()), shares).parts
    fills = []
    for unit_id, lots in parts.items():
        if lots:
            money = gets[unit_id] - pays[unit_id]
            amount = -offer.side * lots * offer.market.value_quanta + money
            fills.append(Fill(unit_id, offer.market_id, offer.side * lots, amount, money, "taker"))
    return fills


def _fails(scratch: Scratch, offer: Offer, fill: Fill, least: int | None) -> str:
    """Return why a taker is left out: its edge is not met to the quantum, it could not carry the lots; else empty."""
    notional = abs(fill.lots * offer.market.value_quanta)
    if least is not None and fill.money_quanta * PPB < least * notional:
        return "edge"
    unit = copy_unit(scratch.book.units[fill.unit_id])
    settle_unit(unit, offer.market, fill.lots, fill.amount_quanta, fill.leg_side)
    return "margin" if cannot_carry(scratch.book, unit) else ""
