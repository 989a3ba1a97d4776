"""decide(book, command, rules) -> facts or a rejection. It reads; it holds no pen.

Each command is answered by a ladder (``ladders``). Whatever a user or a venue can cause is a rejection with the
compared numbers; only a defect of ours raises.
"""

from collections.abc import Iterator
from functools import partial

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.ladders import (
    auction,
    backstops,
    collateral,
    envelopes,
    marks,
    money,
    neutral,
    opening,
    pools,
    risk,
    stopping,
    trading,
)
from deleverage.rulebook.ladders.rungs import Ladder, Refused, refuse, require_time, require_types
from deleverage.rulebook.messages import Code, Command, Fact, Rejection
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.one_by_one import PoolCloser, close_pool
from deleverage.rulebook.waterfall import run_step

Answer = tuple[Fact, ...] | Rejection


def decide(book: Book, command: Command, rules: Rules, closer: PoolCloser = close_pool) -> Answer:
    """Return the facts that answer a command, or the first reason (in order of precedence) to refuse it.

    Announced requirements whose time has come take effect before anything else is judged: a command is answered whole
    under one set of requirements. The book is not changed either way. Times are in ns, money in quanta, prices in
    ticks, sizes in lots. ``closer`` is that of ``waterfall.run_step``.
    """
    time_ns = command.time_ns
    try:
        require_types(type(command).__name__, command)
        refuse(
            time_ns < book.time_ns, Code.TIME_BACKWARDS, "a command is never older than the book", time_ns, book.time_ns
        )
        require_time(time_ns)
        changes = tuple(risk.changes_due(book, time_ns))
        if changes:
            book = book.copy()
            for change in changes:
                apply(book, change)
        step: Ladder = partial(_run_step, closer=closer)
        ladder = step if type(command) is m.RunStep else _LADDERS[type(command)]
        return (*changes, *ladder(book, command, rules))
    except Refused as refused:
        return refused.rejection


def _run_step(book: Book, command: m.RunStep, rules: Rules, closer: PoolCloser) -> Iterator[Fact]:
    refuse(book.is_halted, Code.DOMAIN_HALTED, "no forced act in a halted domain", book.halts.get("", "residual"))
    yield from run_step(book, rules, command.time_ns, apply, closer).facts


_LADDERS: dict[type[Command], Ladder] = {
    **opening.LADDERS,
    **backstops.LADDERS,
    **money.LADDERS,
    **collateral.LADDERS,
    **pools.LADDERS,
    **trading.LADDERS,
    **marks.LADDERS,
    **risk.LADDERS,
    **stopping.LADDERS,
    **envelopes.LADDERS,
    **auction.LADDERS,
    **neutral.LADDERS,
}
