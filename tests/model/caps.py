"""The caps on what the fund pays: per step, owner group, market and leg; what counts for them, and how they cut."""

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.model.numbers import BILLION, floor_part, split
from tests.model.state import Debt, PoolDebt, market_of

if TYPE_CHECKING:
    from tests.model.round import Round


def note_for_caps(now: "Round", debt: Debt, part: int) -> None:
    """Count a payment for every cap."""
    u, leg_id = debt
    group = now.owner_group(u)
    now.world.paid_by_group[group] = now.world.paid_by_group.get(group, 0) + part
    now.step.paid_to_debts += part
    now.step.paid_by_market[market_of(leg_id)] += part
    now.step.paid_by_leg[debt] += part


def rooms_under_caps(now: "Round", debts: list[PoolDebt]) -> list[tuple[list[PoolDebt], int]]:
    """Return the debts that each cap bounds together and what it still leaves them, in the order of the cuts."""
    rooms = []
    event, by_group, by_market = (now.rules[f"fund_{name}_cap_quanta"] for name in ("event", "group", "market"))
    by_leg = now.rules["fund_notional_cap_ppb"]
    if event is not None:
        rooms.append((debts, event - now.step.paid_to_debts))
    if by_group is not None:
        groups: dict[str, list[PoolDebt]] = defaultdict(list)
        for debt in debts:
            groups[now.owner_group(debt[1])].append(debt)
        rooms += [(groups[g], by_group - now.world.paid_by_group.get(g, 0)) for g in sorted(groups)]
    if by_market is not None:
        for market_id in sorted({market_of(debt[2]) for debt in debts if debt[2]}):
            members = [debt for debt in debts if market_of(debt[2]) == market_id]
            rooms.append((members, by_market - now.step.paid_by_market[market_id]))
    if by_leg is not None:
        for debt in debts:
            cap = floor_part(now.step.notionals.get(debt[1:], 0), by_leg, BILLION)
            rooms.append(([debt], cap - now.step.paid_by_leg[debt[1:]]))
    return rooms


def cut_to_caps(now: "Round", parts: dict[PoolDebt, int]) -> dict[PoolDebt, int]:
    """Return what is left of parts after the caps; each cut is pro rata, and what is cut stays in its pool."""
    parts = dict(parts)
    for members, room in rooms_under_caps(now, sorted(parts)):
        room = max(0, room)
        if sum(parts[debt] for debt in members) > room:
            parts |= split(room, [(debt, parts[debt], parts[debt]) for debt in members])
    return parts


def breaks_a_cap(now: "Round", parts: dict[PoolDebt, int]) -> bool:
    """Return whether parts are more than one of the caps leaves room for."""
    rooms = rooms_under_caps(now, sorted(debt for debt, part in parts.items() if part))
    return any(sum(parts[debt] for debt in members) > room for members, room in rooms)
