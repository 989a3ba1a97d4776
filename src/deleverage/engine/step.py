"""One step of the waterfall for a book of any size: find whom it can concern, and let the law run on them alone.

A step reads few units: the distressed, whom they owe, who may take over, whose orders they sell into, and who holds the
other side of their lots - of these the front of the queue, where ``fronts`` can tell it. Everybody else is healthy, is
touched by no fact, and stands in no sum that a stage asks for. So the law, run on a book of these units, tells the same
facts as on the whole one.

What makes this exact, and not a guess:

* Whom it concerns may be too many, never too few: the distressed are found by a screen that can only select too much.
* Afterwards the facts are played on the small book. Whoever they have touched and left unhealthy was distressed in the
  middle of the step: his markets are asked about, too, and the step runs again.
* Where a question goes to everybody - who bears a loss that no lots carry, or that closed lots set free, throttles by
  the stress of the book, distress behind guarded marks, requirements that are due - the law runs on the whole book.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from deleverage.engine import fronts
from deleverage.engine.desk import Desk
from deleverage.engine.extract import book_of
from deleverage.engine.fronts import Front
from deleverage.engine.screen import Screen
from deleverage.engine.valuation import Valuation, valued
from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
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
    if _owe_without_lots(desk, concerned) or (len(concerned) and _is_guarded(desk, rules, command.time_ns)):
        return None
    value = valued(desk) if len(concerned) and fronts.is_enough(desk, rules) else None
    need_in = 1
    while True:
        reached, queues = _reached(desk, rules, concerned, value, need_in)
        book = book_of(desk, reached.tolist())
        answer = decide(book, command, rules)
        if isinstance(answer, Rejection):
            return answer
        if any(_asks_everybody(fact) for fact in answer):
            return None
        more = _left_distressed(book, answer, {columns.names[number] for number in concerned})
        touched = {columns.numbers[unit_id] for fact in answer for unit_id in touched_units(fact)}
        short = any(not one.is_whole and touched.issuperset(one.members.tolist()) for one in queues)
        if not more and not short:
            return answer
        need_in *= fronts.LONGER if short else 1
        concerned = np.union1d(concerned, np.array([columns.numbers[unit_id] for unit_id in more], np.int64))


def _is_for_all(desk: Desk, rules: Rules, time_ns: int) -> bool:
    """Return whether the step would look at the whole book: throttles measure it, new requirements change it."""
    announced = (one for market in desk.markets.values() for one in market.announced)
    due = any(one.effective_ns <= time_ns for one in announced)
    return due or bool(rules.reduce_throttle or rules.close_throttle)


def _owe_without_lots(desk: Desk, concerned: Numbers) -> bool:
    """Return whether a debtor is flat already: no fact need tell that everybody was asked for its debt."""
    units = desk.columns.units[concerned]
    return bool(((units["head"] < 0) & (units["quote"] < 0)).any())


def _is_guarded(desk: Desk, rules: Rules, time_ns: int) -> bool:
    """Return whether a mark or price is guarded behind which somebody's money could lie."""
    guarded = [desk.markets[market_id].open_interest_lots for market_id in guards(desk, rules, time_ns)]
    return any(guarded) or bool(asset_guards(desk, rules, time_ns))


def _reached(
    desk: Desk, rules: Rules, concerned: Numbers, value: Valuation | None, need_in: int
) -> tuple[Numbers, list[Front]]:
    """Return the concerned and everybody whom a step of theirs can reach, and the fronts that stand for queues.

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
    return np.flatnonzero(reached), queues


def _asks_everybody(fact: Fact) -> bool:
    """Return whether a fact tells of a question to all: who bears a loss, or whether anybody could."""
    if isinstance(fact, m.ResidualNamed):
        return any(not residual.lots for residual in fact.residuals)
    if isinstance(fact, m.Deleveraged):
        return bool(fact.freed)  # A debt has lost its lots: stage 6 was asked about it, whatever it found.
    return isinstance(fact, m.Socialised)


def _left_distressed(book: Book, facts: Iterable[Fact], known: set[str]) -> set[str]:
    """Return whom the facts have left unhealthy or below zero on their way, the known ones apart."""
    played, found = book.copy(), set[str]()
    for fact in facts:
        apply(played, fact)
        for unit_id in touched_units(fact):
            unit = played.units[unit_id]
            if unit_id not in known and (equity(played, unit) < 0 or is_unhealthy(played, unit)):
                found.add(unit_id)
    return found
