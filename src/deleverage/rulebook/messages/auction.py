"""The command and the facts of an auction: solvent lots sold at a growing discount, before anybody takes them over."""

from dataclasses import dataclass

from deleverage.rulebook.messages.commands import Command
from deleverage.rulebook.messages.facts import Fact, Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid(Command):
    """Take ``lots`` > 0 of an auctioned unit's leg at the mark less the present discount, at once.

    ``least_discount_ppb`` is the discount (a share of the notional) below which the bidder does not want them. The
    sides name the legs of units in hedge mode; the bidder's changes in the direction in which the lots are held.
    """

    unit_id: str
    bidder_unit_id: str
    market_id: str
    lots: int
    least_discount_ppb: int
    leg_side: str = ""
    bidder_side: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuctionOpened(Fact):
    """A unit below close-out is on offer for so long as its clock runs, and not taken over before.

    The clock stands while nobody can bid: in halts and graces, and while a mark is guarded or older than
    ``max_mark_age_ns`` (of the rules; 0: no bound).
    """

    rules_hash: str
    unit_id: str
    equity_quanta: int
    length_ns: int
    max_mark_age_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuctionEnded(Fact):
    """An auction is over, and ``why``: ``bankrupt``, ``flat``, ``healthy`` or ``expired``.

    One that has expired is remembered, so that the same distress is auctioned once; how the distress ended is told by
    one more of these.
    """

    rules_hash: str
    unit_id: str
    start_ns: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuctionSold(Movement):
    """A bidder took lots of an auctioned unit.

    ``discount_ppb`` is what the schedule said, ``discount_quanta`` what was given up against the mark: the schedule's
    share of the notional, or less where the equity that lies on these lots is less. ``ended``: why the auction is over
    with it, ``flat`` or ``healthy``; empty: it goes on.
    """

    unit_id: str
    bidder_unit_id: str
    market_id: str
    discount_ppb: int
    discount_quanta: int
    ended: str
