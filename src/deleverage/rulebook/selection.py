"""Who is closed, and how many lots of each: allocation policies, as records in, record out.

A policy is a frozen dataclass whose name and parameters rebuild it. The common one is a ``Queue``; here stand those
that share, the catalogue, and the check of an answer as if it came from a stranger (``ask``).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.plug import Registry, require_at_least
from deleverage.rulebook.quantities import div_ceil
from deleverage.rulebook.queues import Allotment as Allotment
from deleverage.rulebook.queues import Ordered as Ordered
from deleverage.rulebook.queues import Policy as Policy
from deleverage.rulebook.queues import Queue as Queue
from deleverage.rulebook.queues import Request as Request
from deleverage.rulebook.queues import by_id as by_id
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.scores import RANKINGS


class Shares(ABC):
    """What policies have in common that share lots tier after tier: within a tier there is no queue."""

    __slots__ = ()
    kind: ClassVar[str]

    @property
    def name(self) -> str:
        """The policy's name in the catalogue."""
        return self.kind

    @abstractmethod
    def share(self, need_lots: int, members: list[Candidate]) -> dict[str, int]:
        """Return the lots of each member of one tier that sum to ``need_lots``, at most what all of them hold."""

    def order(self, request: Request) -> Ordered:
        """Return candidates by tier and id."""
        return by_id(request)

    def allocate(self, request: Request) -> list[Allotment]:
        """Return what the tiers give, one after the other, as far as it is needed."""
        allotments = []
        left = request.need_lots
        for tier in sorted({candidate.tier for candidate in request.candidates}):
            members = [candidate for candidate in request.candidates if candidate.tier == tier]
            parts = self.share(min(left, sum(member.lots for member in members)), members)
            allotments += [Allotment(unit_id, lots) for unit_id, lots in sorted(parts.items()) if lots]
            left -= sum(parts.values())
        return allotments


@dataclass(frozen=True, slots=True)
class ProRata(Shares):
    """Close the same share of every candidate's lots.

    Formula: tier after tier, largest remainder with weight = cap = lots, ties by id.
    Who uses it: CCP tear-ups, several on-chain venues; the literature's contract-space pro-rata.
    Assumes: size alone says who should give; leverage and profit do not matter.
    """

    kind: ClassVar[str] = "pro-rata"

    def share(self, need_lots: int, members: list[Candidate]) -> dict[str, int]:
        """Return everybody's whole lots by largest remainder."""
        return apportion(need_lots, [Share(c.unit_id, c.lots, c.lots) for c in members]).parts


@dataclass(frozen=True, slots=True)
class PerCapita(Shares):
    """Close equally many lots of every candidate, of a smaller one all it has.

    Formula: tier after tier, min(lots, level) with one level for all: largest remainder with weight 1, cap = lots.
    Who uses it: no venue; constrained equal awards of the bankruptcy literature (Aumann and Maschler).
    Assumes: every account is one voice: many small accounts of one owner would give more than one large one.
    """

    kind: ClassVar[str] = "per-capita"

    def share(self, need_lots: int, members: list[Candidate]) -> dict[str, int]:
        """Return equal lots, capped at what each holds."""
        return apportion(need_lots, [Share(c.unit_id, 1, c.lots) for c in members]).parts


@dataclass(frozen=True, slots=True)
class Levelling(Shares):
    """Drain the largest candidates down to a common level.

    Formula: tier after tier, max(0, lots - L) with the least whole L whose sum is at most what is needed; what is then
    missing, fewer lots than there are candidates of L and more, is one lot each of these, by id.
    Who uses it: no venue; constrained equal losses of the bankruptcy literature (Aumann and Maschler).
    Assumes: concentration is the danger: the largest position gives first, whatever its leverage or profit.
    """

    kind: ClassVar[str] = "levelling"

    def share(self, need_lots: int, members: list[Candidate]) -> dict[str, int]:
        """Return what lies above the level."""
        level, above = 0, 0
        falling = sorted((member.lots for member in members), reverse=True)
        for count, lots in enumerate(falling, start=1):
            above += lots
            level = max(level, div_ceil(above - need_lots, count))  # The level were these the only ones above it.
        parts = {member.unit_id: max(0, member.lots - level) for member in members}
        missing = need_lots - sum(parts.values())
        for unit_id in sorted(member.unit_id for member in members if member.lots >= level)[:missing]:
            parts[unit_id] += 1
        return parts


@dataclass(frozen=True, slots=True)
class TopBySize(Shares):
    """Close the largest candidates only, each by the same share of its lots.

    Formula: tier after tier, the ``count`` largest by (lots, id), as many more as hold what is needed; among
    them largest remainder with weight = cap = lots.
    Who uses it: FTX, with its ten largest opposing positions.
    Assumes: the largest can bear it best and few need to be told; whoever splits a position over accounts is spared.
    """

    count: int = 10
    kind: ClassVar[str] = "top-by-size"

    def __post_init__(self) -> None:
        """Refuse a count below 1."""
        require_at_least(self, 1, "count")

    def share(self, need_lots: int, members: list[Candidate]) -> dict[str, int]:
        """Return the lots of the largest by largest remainder; the others give none."""
        largest = sorted(members, key=lambda c: (-c.lots, c.unit_id))
        chosen = largest[: self.count]
        missing = need_lots - sum(candidate.lots for candidate in chosen)
        for candidate in largest[self.count :]:
            if missing <= 0:
                break
            chosen.append(candidate)
            missing -= candidate.lots
        return apportion(need_lots, [Share(c.unit_id, c.lots, c.lots) for c in chosen]).parts


SELECTIONS: Registry[Any] = Registry("policy", object, (Queue, ProRata, PerCapita, Levelling, TopBySize))
"""Every selection policy by the name of its spec."""

_QUEUES: tuple[Policy, ...] = tuple(Queue(ranking) for ranking in RANKINGS)
_EVERY: tuple[Policy, ...] = (*_QUEUES, ProRata(), PerCapita(), Levelling(), TopBySize())
POLICIES = {policy.name: policy for policy in _EVERY}
"""The catalogue: the name that people use -> policy with its default parameters."""


class PolicyFault(Exception):
    """A policy gave back an unlawful allocation; nothing was changed."""


def ask(policy: Policy, request: Request) -> list[Allotment]:
    """Return a policy's allotments if they are lawful; its code is never trusted, whatever it does is a PolicyFault.

    Its answer is read once, no further than there are candidates, and only exact ``int`` and ``str`` are let in: a
    subclass could be equal to whatever it likes.
    """
    most = len(request.candidates)
    try:
        answer = [_read(item) for item in islice(iter(policy.allocate(request)), most + 1)]
    except (PolicyFault, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise PolicyFault(f"the policy failed: {_shown(type(error), _name)}: {_shown(error, str)}") from None
    if len(answer) > most:
        raise PolicyFault(f"the policy gives more than {most} allotments, so many candidates there are")
    lots_of = {candidate.unit_id: candidate.lots for candidate in request.candidates}
    seen: set[str] = set()
    for allotment in answer:
        held = lots_of.get(allotment.unit_id)
        if held is None or allotment.unit_id in seen:
            known = "is no candidate" if held is None else "was named twice"
            raise PolicyFault(f"the policy allots lots to {_shown(allotment.unit_id)}, who {known}")
        if not 0 < allotment.lots <= held:
            raise PolicyFault(f"the policy allots {_shown(allotment.lots)} lots to {allotment.unit_id}, who has {held}")
        seen.add(allotment.unit_id)
    total = sum(allotment.lots for allotment in answer)
    if total != request.need_lots:
        raise PolicyFault(f"the policy allots {total} lots, {request.need_lots} are needed")
    return answer


def _read(item: Any) -> Allotment:
    """Return one allotment as exact values; whatever else a policy has put there is refused by what it is."""
    parts = list(islice(iter(item), 4))
    if len(parts) not in (2, 3):
        raise PolicyFault(f"an allotment of the policy is {_shown(item)}, not a unit and its lots")
    unit_id, lots, score = parts if len(parts) == 3 else (*parts, "")
    if type(unit_id) is not str:
        raise PolicyFault(f"the policy allots lots to {_shown(unit_id)}, which is no text")
    if type(lots) is not int:
        raise PolicyFault(f"the policy allots {_shown(lots)} lots to {_shown(unit_id)}, which is no whole number")
    if type(score) is not str or len(score) > 64 or not (score.isascii() and score.isprintable()):
        raise PolicyFault(f"the policy gives {_shown(unit_id)} the score {_shown(score)}, not a short printable text")
    return Allotment(unit_id, lots, score)


def _shown(value: object, text_of: Callable[[Any], str] = ascii) -> str:
    """Return a foreign value for a sentence: short, printable, and whatever its own code does, without a failure."""
    try:
        text = text_of(value)
        shown = text if text.isascii() and text.isprintable() else ascii(text)
        return shown if len(shown) <= 80 else f"{shown[:80]}... ({len(shown)} characters)"
    except BaseException:
        return "something that cannot be shown"


def _name(kind: type) -> str:
    return kind.__name__
