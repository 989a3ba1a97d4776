"""A queue that is kept in order by hand, for what no kernel ranks: between two fills only who was closed may move.

Every comparison is the law's own (``Queue.order``), and so is every look at a candidate (``eligible``, of that unit
alone): what makes this faster is that nobody else is looked at again.
"""

from bisect import insort
from collections.abc import Iterator
from functools import cmp_to_key
from typing import Any, NamedTuple

from deleverage.rulebook.quantities import wrap
from deleverage.rulebook.queues import Allotment, Queue, Request
from deleverage.rulebook.ranking import Candidate, rotation_start
from deleverage.rulebook.stages.candidates import Eligible, eligible
from deleverage.rulebook.stages.one_by_one import Ahead
from deleverage.rulebook.stages.plan import BankruptPool


class NextFill(NamedTuple):
    """A bankrupt's unit, the candidate in front as it stands then, and the lots that it closes."""

    unit_id: str
    candidate: Candidate
    first: Allotment


class Line:
    """The candidates of a pool, tier by tier in order; whoever is taken out of it may be put back elsewhere."""

    def __init__(self, policy: Queue, request: Request) -> None:
        """Line the request's candidates up."""
        self._policy, self._request = policy, request
        self._start = rotation_start(policy.seed_text(request)) if policy.ranking == "rotation" else None
        rotates = self._start is not None
        self._key = _unit_id if rotates else cmp_to_key(self._compared)
        self._tiers: dict[int, list[Candidate]] = {}
        for one in sorted(request.candidates, key=_unit_id) if rotates else self._order(*request.candidates):
            self._tiers.setdefault(one.tier, []).append(one)

    def take(self) -> Candidate | None:
        """Take out who is asked first; None: nobody is left."""
        tier = min((tier for tier, members in self._tiers.items() if members), default=None)
        if tier is None:
            return None
        members = self._tiers[tier]
        return members.pop(0 if self._start is None else wrap(self._start, len(members)))

    def put(self, candidate: Candidate) -> None:
        """Put a candidate where it belongs."""
        insort(self._tiers.setdefault(candidate.tier, []), candidate, key=self._key)

    def score(self, candidate: Candidate) -> str:
        """Return the text of a score."""
        ((_, text),) = self._policy.order(self._request._replace(candidates=(candidate,)))
        return text

    def _order(self, *candidates: Candidate) -> list[Candidate]:
        return [one for one, _ in self._policy.order(self._request._replace(candidates=candidates))]

    def _compared(self, one: Candidate, other: Candidate) -> int:
        return -1 if self._order(one, other)[0] is one else 1


def in_line(
    ahead: Ahead, pool: BankruptPool, policy: Queue, bankrupts: list[str], found: Eligible
) -> Iterator[NextFill]:
    """Yield what is closed next, until no lots or nobody is left; each is planned before the next is asked for."""
    scratch = ahead.scratch
    request = Request(0, found.candidates, pool.market_id, pool.side_name, scratch.step, scratch.round)
    accounts = frozenset(scratch.book.units[unit_id].account_id for unit_id in pool.lots)
    line, removed = Line(policy, request), found.removed
    for unit_id in bankrupts:
        while pool.lots[unit_id]:
            pool.removed = removed
            candidate = line.take()
            if candidate is None:
                return
            lots = min(candidate.lots, pool.lots[unit_id])
            yield NextFill(unit_id, candidate, Allotment(candidate.unit_id, lots, line.score(candidate)))
            alone = [ahead.book.units[candidate.unit_id]]
            again = eligible(ahead.book, scratch.rules, pool.market_id, pool.side, accounts, alone)
            removed = tuple(sorted((*removed, *again.removed), key=_whose))
            for one in again.candidates:
                line.put(one)


def _unit_id(candidate: Candidate) -> Any:
    return candidate.unit_id


def _whose(removed: str) -> str:
    """Return the unit of the text that says why it was taken out."""
    return removed.rsplit(": ", 1)[0]
