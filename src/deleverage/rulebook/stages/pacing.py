"""What the pace of the step leaves of a pool of stage 5: lots within the notional, candidates within the units."""

from deleverage.rulebook.selection import Allotment
from deleverage.rulebook.stages.held import approved_lots
from deleverage.rulebook.stages.plan import BankruptPool
from deleverage.rulebook.stages.scratch import Scratch
from deleverage.rulebook.throttle import lots_held


def lots_within(scratch: Scratch, pool: BankruptPool, lots: int) -> tuple[int, str]:
    """Return how many of ``lots`` the notional left in this step and the envelope hold, and what bounds them.

    Pace and throttle both bound the notional: the tighter one is named, pace where they are equal. The envelope is
    named where it holds strictly fewer lots. The name is "" where nothing binds.
    """
    bound_by, value_quanta = "", abs(scratch.book.markets[pool.market_id].value_quanta)
    rooms = ((scratch.tempo.room(scratch.round).notional_quanta, "pace"), (scratch.tempo.close_room(), "throttle"))
    bounds = [(room_quanta, name) for room_quanta, name in rooms if room_quanta is not None]
    if bounds:
        room_quanta, name = min(bounds)
        if (most := lots_held(room_quanta, scratch.tempo.closed_notional_quanta, value_quanta)) < lots:
            lots, bound_by = most, name
    approved = approved_lots(scratch.book, scratch.rules, pool.market_id, pool.side)
    if approved is not None and approved - pool.closed_lots < lots:
        lots, bound_by = approved - pool.closed_lots, "approval"
    return lots, bound_by


def units_within(scratch: Scratch, pool: BankruptPool, allotments: list[Allotment]) -> list[Allotment]:
    """Return the front of the allotments, up to the first new candidate that is too many; a cut is a stop of the pool.

    What is returned will be closed, and is counted for the rest of the step.
    """
    kept = []
    value_quanta = abs(scratch.book.markets[pool.market_id].value_quanta)
    for allotment in allotments:
        if scratch.tempo.room(scratch.round).units == 0 and allotment.unit_id not in scratch.tempo.touched:
            pool.stopped = "pace"
            break
        scratch.tempo.note_closed(allotment.unit_id, allotment.lots * value_quanta)
        kept.append(allotment)
    return kept
