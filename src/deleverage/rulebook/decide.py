"""decide(book, command, rules) -> facts or a rejection. It reads; it holds no pen.

Each command is answered by a ladder (``ladders``). Whatever a user or a venue can cause is a rejection with the
compared numbers; only a defect of ours raises.
"""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.ladders import backstops, marks, money, opening, risk, trading
from deleverage.rulebook.ladders.rungs import Ladder, Refused, next_fact, refuse, require_no_residual, require_types
from deleverage.rulebook.messages import Code, Command, Fact, Rejection
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.waterfall import run_step

Answer = tuple[Fact, ...] | Rejection


def decide(book: Book, command: Command, rules: Rules) -> Answer:
    """Return the facts that answer a command, or the first reason (in order of precedence) to refuse it.

    Announced requirements whose time has come take effect before anything else is judged: a command is answered whole
    under one set of requirements. The book is not changed either way. Times are in ns, money in quanta, prices in
    ticks, sizes in lots.
    """
    time_ns = command.time_ns
    try:
        require_types(type(command).__name__, command)
        refuse(
            time_ns < book.time_ns, Code.TIME_BACKWARDS, "a command is never older than the book", time_ns, book.time_ns
        )
        changes = tuple(risk.changes_due(book, time_ns))
        if changes:
            book = book.copy()
            for change in changes:
                apply(book, change)
        return (*changes, *_LADDERS[type(command)](book, command, rules))
    except Refused as refused:
        return refused.rejection


def _run_step(book: Book, command: m.RunStep, rules: Rules) -> Iterator[Fact]:
    refuse(book.halted, Code.DOMAIN_HALTED, "no forced act in a halted domain")
    yield from run_step(book, rules, command.time_ns, apply).facts


def _resume(book: Book, command: m.Resume, rules: Rules) -> Iterator[Fact]:
    closed = book.halted or any(market.reduce_only for market in book.markets.values())
    refuse(not closed, Code.NOT_HALTED, "nothing is halted or reduce-only")
    require_no_residual(book)
    waiting = {market_id for unit in book.units.values() if unit.bankrupt for market_id in unit.markets()}
    yield m.Resumed(**next_fact(book, command), reduce_only=tuple(sorted(waiting)))


_LADDERS: dict[type[Command], Ladder] = {
    **opening.LADDERS,
    **backstops.LADDERS,
    **money.LADDERS,
    **trading.LADDERS,
    **marks.LADDERS,
    **risk.LADDERS,
    m.RunStep: _run_step,
    m.Resume: _resume,
}
