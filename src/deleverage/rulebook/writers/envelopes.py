"""What facts of manual rounds write: envelopes, and what stage 5 has used of them."""

from dataclasses import replace

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book, leg_id_of
from deleverage.rulebook.envelopes import Envelope
from deleverage.rulebook.writers import Writers


def _envelope_approved(book: Book, fact: m.EnvelopeApproved) -> None:
    envelope = Envelope(fact.most_lots, fact.most_notional_quanta, fact.expiry_ns, fact.rules_hash)
    book.envelopes[leg_id_of(fact.market_id, fact.side)] = envelope


def _envelope_ended(book: Book, fact: m.EnvelopeEnded) -> None:
    del book.envelopes[leg_id_of(fact.market_id, fact.side)]


def count_used(book: Book, fact: m.Deleveraged) -> None:
    """Count what stage 5 has closed of the envelopes of its pools."""
    for pool in fact.pools:
        place = leg_id_of(pool.market_id, pool.side)
        if place in book.envelopes:
            envelope = book.envelopes[place]
            book.envelopes[place] = replace(envelope, used_lots=envelope.used_lots + pool.closed_lots)


WRITERS: Writers = {
    m.EnvelopeApproved: _envelope_approved,
    m.EnvelopeEnded: _envelope_ended,
}
