"""Whom a step can ask for lots: not everybody on the other side of a market, but the front of the queue.

Why a book with the front alone gives the same facts as one with all: a *member* of the front is a candidate in whose
account nobody is concerned. Whoever stands outside is touched by no fact of the step, nor is its account a bankrupt's;
so its tier and score stay what they are, and it stays behind every member that the step has left alone. A queue
closes whoever is in front wholly before the next is asked. As long as one member is untouched at the end, nobody behind
it can have been asked, in any round, market or fill: each time the law has seen the same queue up to that member, and
more lots than it needed. What else it asks about candidates, how many lots they hold, it only compares with that need.

Who was asked before that member may have changed meanwhile and stand elsewhere: all of them are in the book, where the
law ranks them anew. If no member is untouched, the front was too short, and a longer one is taken.

A loss that is spread over all changes those outside as well. So a front stands for its queue until then, and members
count as untouched by what came before; ``step`` sees to it that no queue is asked afterwards.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deleverage.engine import ranks
from deleverage.engine.desk import Desk
from deleverage.engine.valuation import Valuation
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.trigger import AllOf, AnyOf, BankruptLots, FundCannotAccept, FundExhausted, FundFallen, Never

LONGER = 4
"""By how much a front grows that was too short."""

SPARE = 8
"""Members behind a front if bankrupts go one by one: who was closed in part falls behind, and more are asked."""

SEES_NO_WINNERS = (BankruptLots, Never, FundExhausted, FundFallen, FundCannotAccept)


class Front(NamedTuple):
    """The members of a front, and whether they are all members that there are."""

    members: NDArray[np.int64]
    is_whole: bool


def is_enough(desk: Desk, rules: Rules) -> bool:
    """Return whether fronts can stand for everybody: kernels know the order, and no trigger adds up the winners."""
    return not ranks.why_law(desk, rules) and _sees_no_winners(rules.trigger)


def _sees_no_winners(trigger: Any) -> bool:
    """Return whether a trigger leaves ``winners_pnl_quanta`` alone; of a foreign one nobody knows."""
    if type(trigger) in (AllOf, AnyOf):
        return all(_sees_no_winners(part) for part in trigger.of)
    return type(trigger) in SEES_NO_WINNERS


def front(
    desk: Desk, rules: Rules, market: int, side: int, value: Valuation, apart: NDArray[np.bool_], need_lots: int
) -> Front | None:
    """Return who is asked first for lots of bankrupt longs (1) or shorts (-1): they hold ``need_lots``, and one more.

    One by one they hold twice as much, and ``SPARE`` more. ``apart``, by unit: in its account somebody is concerned.
    None where only the law knows the order.
    """
    found = ranks.candidates(desk, rules, ranks.opposite(desk, market, side), value)
    if found is None:
        return None
    from deleverage.engine.kernels.keys import NO_CANDIDATE
    from deleverage.engine.kernels.select import choose

    found.grades[apart[found.unit]] = NO_CANDIDATE
    chosen, taken = np.empty(len(found.unit) + 1, np.uint32), np.empty(len(found.unit) + 1, np.int64)
    members: list[NDArray[np.uint32]] = []
    count = 1
    for need in (2 * need_lots, *[1] * SPARE) if rules.rerank == "each_fill" else (need_lots, 1):
        book = found.grades, found.keys, found.whole, found.lots, found.order
        count = choose(*book, need, chosen, taken)
        members.append(found.unit[chosen[:count]])
        found.grades[chosen[:count]] = NO_CANDIDATE
    return Front(np.concatenate(members).astype(np.int64), count == 0)
