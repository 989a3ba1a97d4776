"""Manual rounds: stage 5 closes nothing but what an approved envelope of its market and side allows.

The plan is made when the step runs, at the marks of the step; the envelope only bounds it. So a commit never fails
because somebody has shrunk, and never does more than was approved. What it serves is one step: who wants more approves
again. Deliberately absent: who may approve (a matter of the service), and netting, which asks nobody for anything.
"""

from deleverage.rulebook.book import SIGN_OF, Book, market_of, side_of
from deleverage.rulebook.messages import EnvelopeEnded
from deleverage.rulebook.stages.held import lots_after_netting
from deleverage.rulebook.stages.scratch import Scratch


def end_expired(scratch: Scratch) -> None:
    """End what has expired, before anything else in a step."""
    for place, envelope in sorted(scratch.book.envelopes.items()):
        if envelope.expiry_ns <= scratch.time_ns:
            _end(scratch, place, "expired")


def end_served(scratch: Scratch) -> None:
    """End, after a step, what was used in it and what nobody needs any more."""
    for place in sorted(scratch.book.envelopes):
        if why := why_over(scratch.book, place):
            _end(scratch, place, why)


def why_over(book: Book, place: str) -> str:
    """Return why an envelope is over at the end of a step; empty: it is not."""
    if book.envelopes[place].used_lots:
        return "used"
    return "" if lots_after_netting(book, market_of(place), SIGN_OF[side_of(place)]) else "needless"


def _end(scratch: Scratch, place: str, why: str) -> None:
    used_lots = scratch.book.envelopes[place].used_lots
    scratch.emit(EnvelopeEnded, market_id=market_of(place), side=side_of(place), why=why, used_lots=used_lots)
