"""A queue: whoever stands in front is closed first, wholly, before the next one is asked.

The common policy of stage 5. A policy sees a ``Request`` and nothing else - no book, no clock; other policies, and the
check of what a policy answers, stand in ``selection``.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

from deleverage.rulebook.plug import Trouble, at_least, one_of, refuse
from deleverage.rulebook.ranking import Candidate, order_by_rotation, order_by_score
from deleverage.rulebook.scores import FLOORED, RANKINGS, SCORES


class Request(NamedTuple):
    """How many lots are needed (at most the candidates' lots), of whom, and the names that seed a rotation."""

    need_lots: int
    candidates: tuple[Candidate, ...]
    market_id: str
    side: str  # of the bankrupts: long or short
    step: int
    round: int


class Allotment(NamedTuple):
    """Lots to close of one candidate, in the policy's order; ``score`` is its text, empty where there is none."""

    unit_id: str
    lots: int
    score: str = ""


Ordered = list[tuple[Candidate, str]]
"""Candidates in the order in which they are asked, each with the text of its score."""


class Policy(Protocol):
    """The plug point *selection*."""

    @property
    def name(self) -> str:
        """The name that, with the parameters, rebuilds the policy."""
        ...

    def order(self, request: Request) -> Ordered:
        """Return every candidate in the order in which the policy asks, with scores: what a queue shows to people."""
        ...

    def allocate(self, request: Request) -> list[Allotment]:
        """Return allotments that sum to ``need_lots``, none above the candidate's lots."""
        ...


@dataclass(frozen=True, slots=True)
class Queue:
    """Close the candidates at the front of a queue, each wholly before the next one is asked.

    Formula: order by (tier, score descending, id); take min(lots, what is still needed).
    Who uses it: nearly every venue, each with a score of its own (``scores``); ``rotation`` starts at a seeded place
    of the id order (dYdX v4); ``lexicographic`` goes by id alone (the control of studies).
    Assumes: a rank is a fair price for safety; the marginal candidate alone is closed in part.
    """

    ranking: str = "bitmex"
    seed: int = 0
    wallet_floor_quanta: int = 1
    kind: ClassVar[str] = "queue"

    def __post_init__(self) -> None:
        """Refuse an unknown ranking by naming the known ones."""
        troubles = [*one_of(self, "ranking", RANKINGS), *at_least(self, 0, "seed")]
        troubles += at_least(self, 1, "wallet_floor_quanta")
        if self.wallet_floor_quanta != 1 and self.ranking in RANKINGS and self.ranking not in FLOORED:
            words = "is used by the ranking {} only, not by {}"
            troubles.append(Trouble("wallet_floor_quanta", words, (", ".join(FLOORED), self.ranking), ("ranking",)))
        refuse(self, troubles)

    @property
    def name(self) -> str:
        """The policy's name in the catalogue."""
        return f"queue-{self.ranking}"

    def seed_text(self, request: Request) -> str:
        """Return what a rotation's start is drawn from."""
        return f"{self.seed}:{request.step}:{request.round}:{request.market_id}:{request.side}"

    def order(self, request: Request) -> Ordered:
        """Return the queue."""
        if self.ranking == "rotation":
            return order_by_rotation(request.candidates, self.seed_text(request))
        if self.ranking == "lexicographic":
            return by_id(request)
        if self.ranking in FLOORED:
            score_of = FLOORED[self.ranking]
            return order_by_score(request.candidates, lambda one: score_of(one, self.wallet_floor_quanta))
        return order_by_score(request.candidates, SCORES[self.ranking])

    def allocate(self, request: Request) -> list[Allotment]:
        """Return the front of the queue, as far as it is needed."""
        allotments = []
        left = request.need_lots
        for candidate, score in self.order(request):
            if left == 0:
                break
            lots = min(candidate.lots, left)
            allotments.append(Allotment(candidate.unit_id, lots, score))
            left -= lots
        return allotments


def by_id(request: Request) -> Ordered:
    """Return candidates by tier and id, whatever their leverage and profit."""
    return [(c, "") for c in sorted(request.candidates, key=lambda c: (c.tier, c.unit_id))]
