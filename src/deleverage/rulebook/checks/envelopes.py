"""Approvals: what was promised to whoever approved, that stage 5 stays within it, and that it ends when it is over."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import SIGN_OF, leg_id_of
from deleverage.rulebook.checks.view import View, require
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.stages.envelopes import why_over
from deleverage.rulebook.stages.held import approved_lots, lots_after_netting, may_start


def check_approved(view: View, fact: m.EnvelopeApproved) -> None:
    """Before an approval: it was asked for, under these rules, on these lots and this mark."""
    market = view.book.markets[fact.market_id]
    lots = lots_after_netting(view.book, fact.market_id, SIGN_OF[fact.side]) if market.reduce_only else 0
    seen = (fact.planned_lots, fact.planned_price_ticks)
    found = (lots, market.mark_price_ticks)
    require("INV-21", seen == found and lots > 0, f"an envelope was approved for {seen} lots and ticks, it is {found}")
    told = (fact.policy, fact.price)
    under = (view.rules.policy.name, text_of(view.rules.price))
    require("INV-21", told == under, f"an envelope was approved for {told}, the rules say {under}")
    least = min(fact.most_lots, fact.most_notional_quanta)
    require("INV-21", least > 0, f"an envelope for {fact.market_id} holds {least} lots or quanta")
    known = view.rules.manual and fact.rules_hash == view.rules.hash() and fact.expiry_ns > fact.time_ns
    require("INV-18", known, f"an envelope for {fact.market_id} was approved late, or under other rules")


def check_within(view: View, fact: m.Deleveraged) -> None:
    """Before stage 5: every pool stays within its envelope, and says so where the envelope is what stops it."""
    for pool in fact.pools:
        side = SIGN_OF[pool.side]
        room, place = approved_lots(view.book, view.rules, pool.market_id, side), leg_id_of(pool.market_id, pool.side)
        envelope = view.book.envelopes.get(place)
        if envelope is not None and envelope.expiry_ns <= fact.time_ns:
            room = 0
        within = room is None or pool.closed_lots <= room
        require("INV-6", within, f"{place}: {pool.closed_lots} lots closed, {room} were approved")
        left = lots_after_netting(view.book, pool.market_id, side)
        needed = room == 0 and left > 0 and may_start(view.book, view.rules, pool.market_id, side, left)
        binds = room == pool.closed_lots and room < left
        true = binds if pool.stopped == "approval" else not needed
        told = f"stopped by {pool.stopped or 'nothing'} after {pool.closed_lots} of {left} lots"
        require("INV-21", true, f"{place}: {told}, approved are {room}")


def check_ended(view: View, fact: m.EnvelopeEnded) -> None:
    """Before an approval ends: the reason is the true one, and so are the lots that were closed under it."""
    place = leg_id_of(fact.market_id, fact.side)
    require("INV-21", place in view.book.envelopes, f"{place}: an envelope ended that there was not")
    envelope = view.book.envelopes[place]
    true = {
        "expired": envelope.expiry_ns <= fact.time_ns and not fact.reason,
        "aborted": bool(fact.reason) and not envelope.used_lots,
        "": False,
    }.get(fact.why, why_over(view.book, place) == fact.why and not fact.reason)
    told = f"{fact.why} with {fact.used_lots} lots"
    right = true and fact.used_lots == envelope.used_lots
    require(
        "INV-21", right, f"{place}: ended as {told}, {envelope.used_lots} were closed, it expires {envelope.expiry_ns}"
    )


def check_none_over(view: View, fact: m.StepEnded) -> None:
    """After a step no envelope is left that is over."""
    over = [
        place
        for place, envelope in view.book.envelopes.items()
        if envelope.expiry_ns <= fact.time_ns or why_over(view.book, place)
    ]
    require("INV-21", not over, f"the envelopes of {over[:3]} are over and nobody says so")
