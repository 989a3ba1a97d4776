"""Approvals: what was promised to whoever approved, that stage 5 stays within it, and that it ends when it is over."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import SIGN_OF, leg_id_of
from deleverage.rulebook.checks.stops import bounded_lots
from deleverage.rulebook.checks.view import View, require
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.stages.candidates import eligible
from deleverage.rulebook.stages.envelopes import why_over
from deleverage.rulebook.stages.held import approved_lots, bankrupts_in, lots_after_netting, may_start


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
    """Before stage 5: every pool stays within its envelope, and says so if and only if that is what stops it."""
    done_quanta = view.closed_notional
    for pool in fact.pools:
        side = SIGN_OF[pool.side]
        room, place = approved_lots(view.book, view.rules, pool.market_id, side), leg_id_of(pool.market_id, pool.side)
        envelope = view.book.envelopes.get(place)
        if envelope is not None and envelope.expiry_ns <= fact.time_ns:
            room = 0
        within = room is None or pool.closed_lots <= room
        require("INV-6", within, f"{place}: {pool.closed_lots} lots closed, {room} were approved")
        binds = room is not None and _binds(view, pool, room, done_quanta)
        done_quanta += pool.closed_lots * abs(view.book.markets[pool.market_id].value_quanta)
        # One by one, whoever paid may be removed before the next fill: then nobody is left, and nothing stops the pool.
        gone = view.rules.rerank == "each_fill" and bool(view.rules.removed) and not pool.stopped
        true = (pool.stopped == "approval") == binds or (binds and gone and pool.closed_lots > 0)
        told = f"stopped by {pool.stopped or 'nothing'} after {pool.closed_lots} lots"
        require("INV-21", true, f"{place}: {told}, approved are {room}, which {'binds' if binds else 'does not bind'}")


def _binds(view: View, pool: m.Pool, room: int, done_quanta: int) -> bool:
    """Return whether an approval of ``room`` lots stops a pool: the trigger fires, and nothing else leaves as little.

    ``done_quanta``: the notional that the step has closed before the pool.
    """
    side, left = SIGN_OF[pool.side], lots_after_netting(view.book, pool.market_id, SIGN_OF[pool.side])
    if not left or not may_start(view.book, view.rules, pool.market_id, side, left):
        return False
    if room == 0 or pool.closed_lots < room:
        return room == 0  # Less than was approved: something else has stopped it.
    accounts = frozenset(unit.account_id for unit in bankrupts_in(view.book, pool.market_id, side))
    found = eligible(view.book, view.rules, pool.market_id, side, accounts)
    needed = min(left, sum(candidate.lots for candidate in found.candidates))
    if view.rules.rerank == "each_fill":
        done_quanta += room * abs(view.book.markets[pool.market_id].value_quanta)
        return room < needed and bounded_lots(view, pool.market_id, done_quanta, needed - room) > 0
    return room < bounded_lots(view, pool.market_id, done_quanta, needed)


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
