"""One step of the waterfall for a book of any size: find whom it can concern, and let the law run on them alone.

A step reads few units: the distressed, whom they owe, who may take over, whose orders they sell into, and who holds the
other side of their lots - of these the front of the queue, where ``fronts`` can tell it. Everybody else is healthy, is
touched by no fact but a loss that is spread over all, and stands in no sum that a stage asks for. So the law, run on a
book of these units, tells the same facts as on the whole one.

What makes this exact, and not a guess:

* Whom it concerns may be too many, never too few: the distressed are found by a screen that can only select too much.
* Stage 6 alone asks everybody. The small book has at hand whom a loss rule could take anything from (``excerpt``): as
  no other stage reads more of them than those it walks, they are made for that question only.
* Afterwards the facts are played on the small book. Whoever they have touched and left unhealthy was distressed in the
  middle of the step. If the step has walked him, and whose orders rest in his markets, all that it does with the
  distressed was possible; else, or if he was declared bankrupt and others are owed, he is concerned, and it runs again.
* A front stands for its queue until a loss is spread: whoever has borne a part may stand elsewhere. If stage 5 may have
  asked after that, the step runs again with all holders instead of fronts.
* Where more is looked at than a small book shows - throttles by the stress of the book, distress behind guarded marks,
  requirements that are due - the law runs on the whole book.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deleverage.engine import fronts
from deleverage.engine.desk import Desk
from deleverage.engine.excerpt import Excerpt
from deleverage.engine.extract import book_of
from deleverage.engine.fronts import Front
from deleverage.engine.one_by_one import close_pool
from deleverage.engine.screen import Screen
from deleverage.engine.valuation import Valuation, valued
from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import market_of
from deleverage.rulebook.decide import Answer, decide
from deleverage.rulebook.invariants import touched_units
from deleverage.rulebook.margin import equity, is_unhealthy
from deleverage.rulebook.messages import Fact, Rejection, RunStep
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.guards import asset_guards, guards

Numbers = NDArray[np.int64]


def run_step(desk: Desk, rules: Rules, command: RunStep, screen: Screen) -> Answer | None:
    """Return the law's answer to a step, from a book of those whom it concerns; None where that may be everybody."""
    if type(command.time_ns) is not int or _is_for_all(desk, rules, command.time_ns):
        return None
    columns = desk.columns
    concerned = screen.distressed()
    if len(concerned) and _is_guarded(desk, rules, command.time_ns):
        return None
    value = valued(desk) if len(concerned) and fronts.is_enough(desk, rules) else None
    need_in = 1
    while True:
        reached, queues, affected = _reached(desk, rules, concerned, value, need_in)
        book = Excerpt.of(book_of(desk, reached.tolist()), desk, rules)
        answer = decide(book, command, rules, close_pool)
        if isinstance(answer, Rejection):
            return answer
        known = {columns.names[number] for number in concerned}
        played = _played(book, answer, known)
        more = played.bankrupt - known
        more |= {unit_id for unit_id in played.distressed if not _was_reached(desk, book, unit_id, affected)}
        touched = {columns.numbers[unit_id] for unit_id in played.touched}
        short = any(not one.is_whole and touched.issuperset(one.members.tolist()) for one in queues)
        stale = bool(queues) and played.asks_again
        if not (more or short or stale):
            return answer
        need_in *= fronts.LONGER if short else 1
        value = None if stale else value
        concerned = np.union1d(concerned, np.array([columns.numbers[unit_id] for unit_id in more], np.int64))


def _is_for_all(desk: Desk, rules: Rules, time_ns: int) -> bool:
    """Return whether the step would look at the whole book: throttles measure it, new requirements change it."""
    announced = (one for market in desk.markets.values() for one in market.announced)
    due = any(one.effective_ns <= time_ns for one in announced)
    return due or bool(rules.reduce_throttle or rules.close_throttle)


def _is_guarded(desk: Desk, rules: Rules, time_ns: int) -> bool:
    """Return whether a mark or price is guarded behind which somebody's money could lie."""
    guarded = [desk.markets[market_id].open_interest_lots for market_id in guards(desk, rules, time_ns)]
    return any(guarded) or bool(asset_guards(desk, rules, time_ns))


def _reached(
    desk: Desk, rules: Rules, concerned: Numbers, value: Valuation | None, need_in: int
) -> tuple[Numbers, list[Front], set[str]]:
    """Return the concerned and all whom a step of theirs can reach, the fronts that stand for queues, and the markets.

    Of each queue a front that holds ``need_in`` times what the concerned hold against it; without a ``value`` of
    everybody, or where kernels cannot rank, all holders of the markets of the concerned.
    """
    columns = desk.columns
    owner, lots, code = columns.owner[: columns.rows], columns.lots[: columns.rows], columns.code[: columns.rows]
    is_concerned = np.zeros(columns.size, np.bool_)
    is_concerned[concerned] = True
    account = columns.units["account"][: columns.size]
    own_account = np.zeros(columns.size, np.bool_)
    own_account[account[concerned]] = True
    apart = own_account[account]
    open_row = lots != 0
    theirs = np.flatnonzero(is_concerned[owner] & open_row)
    side_of = 2 * columns.prices.code_market[code[theirs]] + (lots[theirs] < 0)
    held = np.zeros(2 * len(columns.prices.names), np.int64)
    np.add.at(held, side_of, abs(lots[theirs]))
    affected = (held[0::2] != 0) | (held[1::2] != 0)
    in_affected = affected[columns.prices.code_market[code]] & open_row
    reached = is_concerned
    queues: list[Front] = []
    for at in np.flatnonzero(held).tolist():
        if value is None:
            break
        one = fronts.front(desk, rules, at // 2, 1 - 2 * (at % 2), value, apart, need_in * int(held[at]))
        if one is None:
            value, queues = None, []
            continue
        queues.append(one)
        reached[one.members] = True
    reached[owner[in_affected if value is None else in_affected & apart[owner]]] = True
    markets = {columns.prices.names[number] for number in np.flatnonzero(affected)}
    others = {order.unit_id for order in desk.orders.values() if order.market_id in markets}
    others |= desk.auctions.keys()
    others |= {account.account_id for account in desk.roles() if account.role != "trader"}
    reached[[columns.numbers[unit_id] for unit_id in others]] = True
    reached[account[reached]] = True
    return np.flatnonzero(reached), queues, markets


def _was_reached(desk: Desk, book: Excerpt, unit_id: str, markets: set[str]) -> bool:
    """Return whether all that a step does with a distressed unit was possible: it was walked, and has these markets."""
    legs = desk.columns.unit(desk.columns.numbers[unit_id]).legs
    return book.walks(unit_id) and all(market_of(leg_id) in markets for leg_id in legs)


class Played(NamedTuple):
    """What the facts of a step have done on a small book, as far as it is known only afterwards."""

    distressed: set[str]  # left unhealthy or below zero on the way, those who were known to be concerned apart
    bankrupt: set[str]  # declared
    touched: set[str]  # before a loss was spread over everybody
    asks_again: bool  # stage 5 may have asked a queue after that


def _played(book: Excerpt, facts: Iterable[Fact], known: set[str]) -> Played:
    """Play facts on the units of the book, and return what they did; ``known`` are concerned already."""
    after, distressed, bankrupt, touched = book.played_on(), set[str](), set[str](), set[str]()
    spread = asks_again = False
    for fact in facts:
        asks_again |= spread and isinstance(fact, m.Deleveraged | m.BankruptcyDeclared)
        if isinstance(fact, m.BankruptcyDeclared):
            bankrupt |= {item.unit_id for item in fact.units}
        apply(after, fact)
        if isinstance(fact, m.Socialised) and not spread:
            spread, asks_again = True, any(unit.bankrupt and unit.legs for unit in after.sorted_units())
        for unit_id in touched_units(fact):
            unit = after.units[unit_id]
            if unit_id not in known and (equity(after, unit) < 0 or is_unhealthy(after, unit)):
                distressed.add(unit_id)
            if not spread:
                touched.add(unit_id)
    return Played(distressed, bankrupt, touched, asks_again)
