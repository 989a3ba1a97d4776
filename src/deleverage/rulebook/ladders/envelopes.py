"""Approvals of manual rounds: given within bounds and under known rules, taken back for a reason."""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import LONG, SHORT, SIGN_OF, Book, leg_id_of
from deleverage.rulebook.ladders.rungs import (
    Ladder,
    next_fact,
    refuse,
    refuse_side,
    require_amount,
    require_live,
    require_market,
)
from deleverage.rulebook.ladders.stopping import require_reason
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.quantities import END_NS, LARGEST
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.held import lots_after_netting


def _approve(book: Book, command: m.ApproveEnvelope, rules: Rules) -> Iterator[Fact]:
    market, market_id, side = require_market(book, command.market_id), command.market_id, command.side
    refuse_side(side, (LONG, SHORT))
    require_amount(command.most_notional_quanta)
    most, expiry_ns = command.most_lots, command.expiry_ns
    refuse(not 1 <= most <= LARGEST, Code.BAD_LOTS, "an envelope holds from 1 lot to 10^40", most, LARGEST)
    late = expiry_ns <= command.time_ns
    refuse(late, Code.BAD_EXPIRY, "an envelope expires after it is approved", expiry_ns, command.time_ns)
    refuse(expiry_ns >= END_NS, Code.BAD_EXPIRY, "an envelope expires before 2^63 ns", expiry_ns, END_NS)
    require_live(market)
    refuse(not rules.manual, Code.NOT_MANUAL, "under these rules stage 5 needs no approval")
    known = rules.hash()
    other = command.rules_hash != known
    refuse(other, Code.WRONG_RULES, "approved under other rules", ascii(command.rules_hash[:64]), known)
    lots = lots_after_netting(book, market_id, SIGN_OF[side]) if market.reduce_only else 0
    refuse(lots == 0, Code.NOTHING_TO_APPROVE, f"no bankrupt {side} lots wait in a reduce-only market", lots, 1)
    yield m.EnvelopeApproved(
        **next_fact(book, command),
        market_id=market_id,
        side=side,
        most_lots=most,
        most_notional_quanta=command.most_notional_quanta,
        expiry_ns=expiry_ns,
        rules_hash=known,
        policy=rules.policy.name,
        price=text_of(rules.price),
        planned_lots=lots,
        planned_price_ticks=market.mark_price_ticks,
    )


def _abort(book: Book, command: m.AbortEnvelope, rules: Rules) -> Iterator[Fact]:
    require_market(book, command.market_id)
    place = leg_id_of(command.market_id, command.side)
    unknown = place not in book.envelopes
    refuse(unknown, Code.UNKNOWN_ENVELOPE, "no such envelope", ascii(place[:64]))
    require_reason(command.reason)
    yield m.EnvelopeEnded(
        **next_fact(book, command),
        market_id=command.market_id,
        side=command.side,
        why="aborted",
        used_lots=book.envelopes[place].used_lots,
        reason=command.reason,
    )


LADDERS: dict[type[Command], Ladder] = {
    m.ApproveEnvelope: _approve,
    m.AbortEnvelope: _abort,
}
