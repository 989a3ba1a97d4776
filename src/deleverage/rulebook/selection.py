"""Who is closed, and how many lots of each: allocation policies, as records in, record out.

A policy is a frozen dataclass whose name and parameters rebuild it. It sees a ``Request`` and nothing else - no book,
no clock - and its answer is checked as if it came from a stranger (``ask``).
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.ranking import SCORES, Candidate, order_by_rotation, order_by_score


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
    score: str


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
    Who uses it: BitMEX, Binance, Bybit, OKX and most others (``bitmex``); ``profit`` ranks by plain PnL; ``rotation``
    starts at a seeded place of the id order (dYdX v4).
    Assumes: a rank is a fair price for safety; the marginal candidate alone is closed in part.
    """

    ranking: str = "bitmex"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse an unknown ranking by naming the known ones."""
        if self.ranking not in (*SCORES, "rotation"):
            raise ValueError(f"ranking {self.ranking!r} is unknown, known are {', '.join((*SCORES, 'rotation'))}")

    @property
    def name(self) -> str:
        """The policy's name in the catalogue."""
        return f"queue-{self.ranking}"

    def order(self, request: Request) -> Ordered:
        """Return the queue."""
        if self.ranking == "rotation":
            text = f"{self.seed}:{request.step}:{request.round}:{request.market_id}:{request.side}"
            return order_by_rotation(request.candidates, text)
        return order_by_score(request.candidates, self.ranking)

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


@dataclass(frozen=True, slots=True)
class ProRata:
    """Close the same share of every candidate's lots.

    Formula: tier after tier, largest remainder with weight = cap = lots, ties by id.
    Who uses it: CCP tear-ups, several on-chain venues; the literature's contract-space pro-rata.
    Assumes: size alone says who should give; leverage and profit do not matter.
    """

    @property
    def name(self) -> str:
        """The policy's name in the catalogue."""
        return "pro-rata"

    def order(self, request: Request) -> Ordered:
        """Return candidates by tier and id: there is no queue within a tier."""
        return [(c, "") for c in sorted(request.candidates, key=lambda c: (c.tier, c.unit_id))]

    def allocate(self, request: Request) -> list[Allotment]:
        """Return everybody's whole lots by largest remainder."""
        allotments = []
        left = request.need_lots
        for tier in sorted({candidate.tier for candidate in request.candidates}):
            members = [candidate for candidate in request.candidates if candidate.tier == tier]
            split = apportion(left, [Share(c.unit_id, c.lots, c.lots) for c in members])
            allotments += [Allotment(unit_id, lots, "") for unit_id, lots in sorted(split.parts.items()) if lots]
            left = split.rest
        return allotments


POLICIES: dict[str, Policy] = {
    policy.name: policy for policy in (Queue("bitmex"), Queue("profit"), Queue("rotation"), ProRata())
}
"""The catalogue: name -> policy with its default parameters."""


def ask(policy: Policy, request: Request) -> list[Allotment]:
    """Return a policy's allotments if they are lawful; its code is never trusted, whatever it does is a PolicyFault."""
    try:
        allotments = [Allotment(*item) for item in policy.allocate(request)]
    except Exception as error:
        raise PolicyFault(f"the policy failed: {type(error).__name__}: {error}") from error
    lots_of = {candidate.unit_id: candidate.lots for candidate in request.candidates}
    seen: set[str] = set()
    for allotment in allotments:
        if allotment.unit_id not in lots_of or allotment.unit_id in seen:
            raise PolicyFault(
                f"the policy allots lots to {allotment.unit_id!r}, who is no candidate or was named twice"
            )
        held = lots_of[allotment.unit_id]
        if type(allotment.lots) is not int or not 0 < allotment.lots <= held:
            raise PolicyFault(f"the policy allots {allotment.lots!r} lots to {allotment.unit_id}, who has {held}")
        seen.add(allotment.unit_id)
    total = sum(allotment.lots for allotment in allotments)
    if total != request.need_lots:
        raise PolicyFault(f"the policy allots {total} lots, {request.need_lots} are needed")
    return allotments


class PolicyFault(Exception):
    """A policy gave back an unlawful allocation; nothing was changed."""
