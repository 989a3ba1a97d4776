"""The operator's kill switch, and the way on after any halt."""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.ladders.rungs import (
    Ladder,
    next_fact,
    refuse,
    require_live,
    require_market,
    require_no_residual,
)
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.grace import grace_given

LONGEST_REASON = 200


def require_reason(reason: str) -> None:
    """Refuse a reason that is empty, too long, or cannot be written down."""
    printable = 0 < len(reason) <= LONGEST_REASON and all(" " <= character <= "~" for character in reason)
    sentence = f"a reason is 1 to {LONGEST_REASON} printable ASCII characters or spaces"
    refuse(not printable, Code.BAD_REASON, sentence, ascii(reason[:64]))


def _halt(book: Book, command: m.Halt, rules: Rules) -> Iterator[Fact]:
    scope, reason = command.scope, command.reason
    if scope:
        require_market(book, scope)
    require_reason(reason)
    if scope:
        require_live(book.markets[scope])
    refuse(scope in book.halts, Code.ALREADY_HALTED, "an operator has halted it already", book.halts.get(scope, ""))
    yield m.Halted(**next_fact(book, command), scope=scope, reason=reason)


def _resume(book: Book, command: m.Resume, rules: Rules) -> Iterator[Fact]:
    scope = command.scope
    if scope:
        require_live(require_market(book, scope))
    within = [scope] if scope else sorted(book.markets)
    halted = scope in book.halts or (not scope and book.halted)
    closed = halted or any(book.markets[market_id].reduce_only for market_id in within)
    still = ", ".join(sorted(book.halts))
    sentence = f"{scope or 'the domain'} is not halted, and nothing in it is reduce-only"
    refuse(not closed, Code.NOT_HALTED, sentence, f"halted are {still or 'none'}")
    require_no_residual(book)
    waiting = {market_id for unit in book.units.values() if unit.bankrupt for market_id in unit.markets()}
    grace = grace_given(book, scope) if rules.grace_ns else ()
    yield m.Resumed(
        **next_fact(book, command),
        scope=scope,
        reduce_only=tuple(market_id for market_id in within if market_id in waiting),
        grace_until_ns=command.time_ns + rules.grace_ns if grace else 0,
        grace=grace,
    )


LADDERS: dict[type[Command], Ladder] = {
    m.Halt: _halt,
    m.Resume: _resume,
}
