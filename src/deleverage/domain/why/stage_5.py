"""One round of stage 5 read for a few units: the queue they stood in, what was asked of them, and what it hung on.

The queue is asked again of the same book, by the same law; a test holds it against the ranks and scores of the fact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from deleverage.domain.why.records import Asked, Debtor, InPool, PoolWhy, RoundWhy, Standing
from deleverage.rulebook.book import SIGN_OF, Book
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import Closing, Deleveraged, Fill, Pool
from deleverage.rulebook.places import Place, places
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import Request
from deleverage.rulebook.stages.candidates import eligible


@dataclass(frozen=True, slots=True)
class Line:
    """The candidates of a pool in the order in which a policy asks them, at one moment."""

    places: tuple[Place, ...]
    inputs: dict[str, Candidate]

    @property
    def lots(self) -> int:
        """What all of them hold."""
        return sum(place.lots for place in self.places)

    def place(self, unit_id: str) -> Place | None:
        """Return the place of a unit; None where it is no candidate."""
        return next((place for place in self.places if place.unit_id == unit_id), None)


def line_of(book: Book, rules: Rules, fact: Deleveraged, pool: Pool, accounts: frozenset[str]) -> Line:
    """Return the line that a pool's lots are closed against, as the book has it; ``accounts`` are the bankrupts'."""
    found = eligible(book, rules, pool.market_id, SIGN_OF[pool.side], accounts).candidates
    need = min(pool.lots - pool.netted_lots, sum(candidate.lots for candidate in found))
    request = Request(need, found, pool.market_id, pool.side, fact.step, fact.round)
    ordered = places(rules.policy.order(request)) if found else []
    return Line(tuple(ordered), {candidate.unit_id: candidate for candidate in found})


def round_of(book: Book, rules: Rules, fact: Deleveraged, unit_ids: Sequence[str]) -> RoundWhy:
    """Return why there was a round and where some units stood in it; the book is that just before the fact."""
    lines = [line_of(book, rules, fact, pool, _accounts(book, pool)) for pool in fact.pools]
    asked = _asked(book, rules, fact, lines, frozenset(unit_ids))
    marks = dict(fact.marks)
    told = []
    for pool, line in zip(fact.pools, lines, strict=True):
        closings = [one for one in fact.closings if (one.market_id, one.side) == (pool.market_id, pool.side)]
        units = {one.unit_id for one in closings}
        reached = max((place.rank for place in line.places if place.unit_id in units), default=0)
        debtors = _debtors(book, pool)
        told.append(PoolWhy(pool, marks[pool.market_id], debtors, len(line.places), line.lots, reached, len(units)))
    found = []
    for unit_id in unit_ids:
        for pool, line in zip(fact.pools, lines, strict=True):
            found.append(_in_pool(book, fact, pool, line, unit_id, asked))
    return RoundWhy(
        round=fact.round,
        trigger=fact.trigger,
        policy=fact.policy,
        price=fact.price,
        may_bankrupt=fact.may_bankrupt,
        one_by_one=rules.rerank == "each_fill",
        pools=tuple(told),
        units=tuple(found),
    )


def _in_pool(
    book: Book, fact: Deleveraged, pool: Pool, line: Line, unit_id: str, asked: dict[tuple[str, str, str], list[Asked]]
) -> InPool:
    key = (unit_id, pool.market_id, pool.side)
    unit, sign = book.units[unit_id], SIGN_OF[pool.side]
    if key in asked:
        return InPool(unit_id, pool, Standing.CLOSED, asked=tuple(asked[key]))
    if _owes_lots(book, unit_id, pool):
        parts = ("bankrupt", "netted")
        fills = [one for one in fact.fills if (one.unit_id, one.market_id) == key[:2] and one.part in parts]
        return InPool(unit_id, pool, Standing.BANKRUPT, fills=tuple(one for one in fills if one.lots * sign < 0))
    place = line.place(unit_id)
    if place is not None:
        return InPool(unit_id, pool, Standing.NOT_REACHED, place=place, inputs=line.inputs[unit_id])
    removed = [text.partition(": ")[2] for text in pool.removed if text.partition(": ")[0] == unit_id]
    if removed:
        return InPool(unit_id, pool, Standing.REMOVED, reason=removed[0])
    if unit.bankrupt and unit.lots_on(pool.market_id, -sign):
        return InPool(unit_id, pool, Standing.BANKRUPT_ELSEWHERE)
    here = unit.lots_on(pool.market_id, sign)
    return InPool(unit_id, pool, Standing.SAME_SIDE if here else Standing.ABSENT)


def _owes_lots(book: Book, unit_id: str, pool: Pool) -> bool:
    unit = book.units[unit_id]
    return unit.bankrupt and unit.lots_on(pool.market_id, SIGN_OF[pool.side]) > 0


def _debtors(book: Book, pool: Pool) -> tuple[Debtor, ...]:
    """Return the bankrupts of a pool, the largest shortfall first."""
    sign = SIGN_OF[pool.side]
    found = [
        Debtor(unit.unit_id, unit.lots_on(pool.market_id, sign), max(0, -equity(book, unit)))
        for unit in book.sorted_units()
        if _owes_lots(book, unit.unit_id, pool)
    ]
    return tuple(sorted(found, key=lambda one: (-one.shortfall_quanta, one.unit_id)))


def _asked(
    book: Book, rules: Rules, fact: Deleveraged, lines: list[Line], unit_ids: frozenset[str]
) -> dict[tuple[str, str, str], list[Asked]]:
    """Return each closing of some units by unit, market and side of the bankrupts.

    Where the queue is asked again before each fill, the fills before are settled on a copy first, as the stage does.
    """
    again = rules.rerank == "each_fill"
    ahead = book.copy() if again and any(one.unit_id in unit_ids for one in fact.closings) else book
    line_at = {(pool.market_id, pool.side): line for pool, line in zip(fact.pools, lines, strict=True)}
    pool_at = {(pool.market_id, pool.side): pool for pool in fact.pools}
    owners = {key: _accounts(book, pool) for key, pool in pool_at.items()}
    left = {key: pool.closed_lots for key, pool in pool_at.items()}
    if ahead is not book:
        for fill in fact.fills:
            if fill.part == "netted":
                _settle(ahead, fill)
    found: dict[tuple[str, str, str], list[Asked]] = {}
    for closing, bankrupt, fill in _closed(fact, again):
        key = (closing.market_id, closing.side)
        if closing.unit_id in unit_ids:
            line = line_of(ahead, rules, fact, pool_at[key], owners[key]) if again else line_at[key]
            place = line.place(closing.unit_id)
            assert place is not None, f"{closing.unit_id} was closed and is no candidate"
            queued = isinstance(rules.policy, Queue)
            owed = ahead.units[bankrupt.unit_id].lots_on(closing.market_id, SIGN_OF[closing.side]) if bankrupt else 0
            needed = owed if bankrupt else left[key] if queued else pool_at[key].closed_lots
            inputs = line.inputs[closing.unit_id]
            one = Asked(closing, fill, place, inputs, len(line.places), line.lots, needed)
            found.setdefault((closing.unit_id, *key), []).append(one)
        left[key] -= closing.closed_lots
        if ahead is not book:
            _settle(ahead, fill)
            if bankrupt is not None:
                _settle(ahead, bankrupt)
    return found


def _closed(fact: Deleveraged, again: bool) -> list[tuple[Closing, Fill | None, Fill]]:
    """Return each closing with its fill, and where bankrupts are taken one by one with the bankrupt's, just before."""
    fills = [fill for fill in fact.fills if fill.part != "netted"]
    places_of = [at for at, fill in enumerate(fills) if fill.part == "candidate"]
    return [
        (closing, fills[at - 1] if again else None, fills[at])
        for closing, at in zip(fact.closings, places_of, strict=True)
    ]


def _accounts(book: Book, pool: Pool) -> frozenset[str]:
    """Return who owns the bankrupts of a pool: their other units are asked last."""
    return frozenset(unit.account_id for unit in book.units.values() if _owes_lots(book, unit.unit_id, pool))


def _settle(book: Book, fill: Fill) -> None:
    settle_unit(book.units[fill.unit_id], book.markets[fill.market_id], fill.lots, fill.amount_quanta, fill.leg_side)
