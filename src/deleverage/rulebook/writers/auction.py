"""What facts of auctions write."""

from dataclasses import replace

from deleverage.rulebook import messages as m
from deleverage.rulebook.auction import Auction
from deleverage.rulebook.book import Book
from deleverage.rulebook.stages.clock import elapsed_ns
from deleverage.rulebook.writers import Writers


def let_clocks_run(book: Book, time_ns: int) -> None:
    """Count how long the auctioned were on offer since the last fact, on the book as it was meanwhile."""
    offered = {unit_id: elapsed_ns(book, unit_id, time_ns) for unit_id in book.auctions}
    book.auctions = {key: replace(auction, offered_ns=offered[key]) for key, auction in book.auctions.items()}


def _auction_opened(book: Book, fact: m.AuctionOpened) -> None:
    book.auctions[fact.unit_id] = Auction(fact.time_ns, fact.length_ns, fact.max_mark_age_ns)


def _auction_sold(book: Book, fact: m.AuctionSold) -> None:
    if fact.ended:
        del book.auctions[fact.unit_id]


def _auction_ended(book: Book, fact: m.AuctionEnded) -> None:
    if fact.why == "expired":
        book.auctions[fact.unit_id] = replace(book.auctions[fact.unit_id], expired=True)
    else:
        del book.auctions[fact.unit_id]


WRITERS: Writers = {
    m.AuctionOpened: _auction_opened,
    m.AuctionEnded: _auction_ended,
    m.AuctionSold: _auction_sold,
}
