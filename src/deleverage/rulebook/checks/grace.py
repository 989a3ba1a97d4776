"""The grace after a halt: who had to be spared, and whether the facts say so."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.checks.view import View, require
from deleverage.rulebook.stages.grace import grace_given, is_spared, may_liquidate, spared
from deleverage.rulebook.stages.guards import guards

LIQUIDATING = ("liquidated", "bankrupt", "netted", "auctioned")
"""Parts of the fills by which stages 1 to 3 and auctions take lots from the distressed."""


def check_spared(view: View, fact: m.Movement) -> None:
    """Before a fact of stages 1 to 3 or of an auction: it touches no lots and orders that a grace spares."""
    book = view.book
    closed = [(fill.unit_id, fill.market_id) for fill in fact.fills if fill.part in LIQUIDATING]
    if isinstance(fact, m.OrdersCancelled) and fact.reason == "relieve":
        orders = [book.orders[order.order_id] for order in fact.orders]
        closed += [(order.unit_id, order.market_id) for order in orders]
        guarded = guards(book, view.rules, fact.time_ns)
        for unit_id in sorted({order.unit_id for order in orders}):
            unit = book.units[unit_id]
            reached = unit.bankrupt or may_liquidate(book, guarded, unit, fact.time_ns)
            require("INV-18", reached, f"orders of {unit_id} were cancelled, a grace or a guard protects all its legs")
    for unit_id, market_id in closed:
        allowed = not is_spared(book, book.units[unit_id], market_id, fact.time_ns)
        require("INV-18", allowed, f"{unit_id} was liquidated in {market_id} within the grace after a halt")


def check_named(view: View, fact: m.StepEnded) -> None:
    """The end of a step names whom the grace has spared, and until when."""
    due = spared(view.book, guards(view.book, view.rules, fact.time_ns), fact.time_ns)
    require("INV-18", fact.spared == due, f"spared are told as {fact.spared[:3]}, they are {due[:3]}")


def check_given(view: View, fact: m.Resumed) -> None:
    """Before a resumption: the grace is what the rules say, in the markets whose halt is lifted."""
    markets = grace_given(view.book, fact.scope) if view.rules.grace_ns else ()
    due = (fact.time_ns + view.rules.grace_ns if markets else 0, markets)
    told = (fact.grace_until_ns, fact.grace)
    require("INV-18", told == due, f"a grace until {told[0]} ns in {told[1]} is told, {due} is due")
