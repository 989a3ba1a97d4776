"""Queues: who stands first is asked for everything, then the next; at most one is asked for a part."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from deleverage.lab.policies.policy import ONLINE, PROFIT, About, Shares, Unfit
from deleverage.lab.policies.whole import Column, narrow, product, total
from deleverage.lab.policies.winners import Winners

_JUMP = "An infinitesimal change of two scores moves up to twice the budget (test_queue_when_scores_swap)."
_SYBIL = "Who splits an account moves its parts down the queue (test_queue_when_the_first_splits)."
_TOP = (
    "Does not minimise the largest survivor, although published so: w = (10, 9), B = 5 leaves 9, pro rata 7.37 "
    "(test_queue_when_the_largest_survivor_is_measured)."
)


def ranked(scores: Column, order: Any) -> Any:
    """Return rows by falling score, ties by order; a score that is no number is Unfit."""
    if scores.dtype.kind == "f" and np.isnan(scores).any():
        raise Unfit(f"{int(np.isnan(scores).sum())} scores are no number")
    if scores.dtype.kind == "u":
        scores = scores.astype(object)
    by_name = np.argsort(order)
    return by_name[np.argsort(-scores[by_name], kind="stable")]


def walked(budget: int, caps: Column, rows: Any) -> Column:
    """Return what is taken where everybody in line gives up to the cap until the budget is spent."""
    wide = caps if total(caps) < 1 << 62 else caps.astype(object)
    ahead = np.concatenate([np.zeros(1, wide.dtype), np.cumsum(wide[rows])])[:-1]
    parts = np.zeros(len(caps), wide.dtype)
    left = budget if wide.dtype == object else min(budget, 1 << 62)
    parts[rows] = np.clip(left - ahead, 0, wide[rows])
    return narrow(parts)


@dataclass(frozen=True, slots=True)
class Queue:
    """Ask by falling score, each for everything up to the cap; the last one for what is missing.

    Formula: sort by (-score, id), x = min(rest, cap); the score is the column ``score``, else the gain.
    Who uses it: the profit queue of arXiv 2512.01112 and, with other scores, every venue with an ADL ranking.
    Assumes: whoever the score puts first can bear all of it.
    """

    kind: ClassVar[str] = "queue"
    about: ClassVar[About] = About(
        PROFIT, ONLINE, "arXiv 2512.01112 eq. pl-ranking; arXiv 2602.15182 Prop. 6-8", (_JUMP, _SYBIL, _TOP)
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return what the front of the queue gives."""
        scores = winners.gain if winners.score is None else winners.score
        note = "ordered by gain: no column score was given" if winners.score is None else "ordered by score"
        parts = walked(budget, winners.cap, ranked(scores, winners.order))
        return Shares(parts, budget - total(parts), notes=(note,))


@dataclass(frozen=True, slots=True)
class QueueByGain:
    """Ask the largest gain first, whatever the column ``score`` says.

    Formula: sort by (-gain, id), x = min(rest, cap).
    Who uses it: the stylised queue of arXiv 2512.01112; a venue that ranks by open profit alone.
    Assumes: the largest winner owes most of what the bankrupt lost.
    """

    kind: ClassVar[str] = "queue-by-gain"
    about: ClassVar[About] = About(
        PROFIT, ONLINE, "arXiv 2512.01112 eq. pl-ranking; LP vertex: arXiv 2602.15182 Prop. 6-7", (_JUMP, _SYBIL, _TOP)
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return what the largest gains give."""
        parts = walked(budget, winners.cap, ranked(winners.gain, winners.order))
        return Shares(parts, budget - total(parts))


@dataclass(frozen=True, slots=True)
class QueueByLeveragedGain:
    """Ask by gain times effective leverage.

    Formula: sort by (-gain x leverage, id), x = min(rest, cap); products are compared exactly.
    Who uses it: the common form of venues' rankings (Binance, Hyperliquid), here in money.
    Assumes: profit made with borrowed size should go first.
    """

    kind: ClassVar[str] = "queue-by-leveraged-gain"
    about: ClassVar[About] = About(
        PROFIT, ONLINE, "arXiv 2512.01112 section 4; venues' public rankings", (_JUMP, _SYBIL, _TOP), ("leverage",)
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return what the front of the queue gives."""
        from deleverage.lab.policies.whole import scaled

        assert winners.leverage is not None
        leverage, _, note = scaled(winners.leverage, 1)
        parts = walked(budget, winners.cap, ranked(product(winners.gain, leverage), winners.order))
        return Shares(parts, budget - total(parts), notes=(note,) if note else ())


@dataclass(frozen=True, slots=True)
class QueueWhole:
    """Ask as the queue does, but the last one for everything too: a position is closed whole or not at all.

    Formula: sort by (-score, id) until the sum of caps is the budget or more; B <= sum < B + last cap.
    Who uses it: Hyperliquid closes whole positions in most cases (arXiv 2512.01112, caption of its queue figure).
    Assumes: partial closures cost more than taking too much.
    """

    kind: ClassVar[str] = "queue-whole"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "arXiv 2512.01112, full-close variant",
        (
            _JUMP,
            _SYBIL,
            "Takes more than the budget, less than one cap more (test_queue_whole_when_the_last_is_large).",
        ),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the caps of the front that reaches the budget; the rest is negative by what is too much."""
        part = Queue().split(winners, budget)
        parts = narrow(np.where(part.parts > 0, winners.cap, 0))
        return Shares(parts, budget - total(parts), notes=part.notes)


@dataclass(frozen=True, slots=True)
class QueueByAge:
    """Ask the latest arrival first: who was there longest is asked last.

    Formula: sort by (-arrived, id), x = min(rest, cap).
    Who uses it: no venue; the priority rule of the bankruptcy literature.
    Assumes: seniority deserves protection; arrivals can be bought early.
    """

    kind: ClassVar[str] = "queue-by-age"
    about: ClassVar[About] = About(
        PROFIT, ONLINE, "priority rules: Thomson 2003", (_JUMP, "Old accounts become worth money."), ("arrived",)
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return what the latest arrivals give."""
        parts = walked(budget, winners.cap, ranked(winners.extra["arrived"], winners.order))
        return Shares(parts, budget - total(parts))
