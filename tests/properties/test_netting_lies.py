"""Netting told wrongly: each story adds up, and the law objects.

h holds 30 long and 10 short at a mark of 88 with an equity of 160, below its maintenance of 176; g holds the same legs
and is healthy.
"""

from collections.abc import Callable
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import LONG, SHORT, Book, MarketTerms, Tier
from deleverage.rulebook.rules import Rules
from tests.properties.stories import submit
from tests.properties.test_lies import objection

TERMS = MarketTerms("BTC", 1, (Tier(0, 50_000_000, 100_000_000),), 10**6, 10**6, 10**6)


def crossed() -> Book:
    """Return the book of this page, before its step."""
    book = Book()
    submit(book, m.ListMarket(time_ns=0, terms=TERMS))
    submit(book, m.SetMarks(time_ns=0, marks=(m.MarkUpdate("BTC", 100),)))
    for name, amount in (("h", 400), ("g", 2_000), ("a", 9_000)):
        submit(book, m.OpenAccount(time_ns=0, account_id=name, hedge=name != "a"))
        submit(book, m.Deposit(time_ns=0, unit_id=name, amount_quanta=amount))
    for name in ("h", "g"):
        for buyer, seller, lots in ((name, "a", 30), ("a", name, 10)):
            sides: dict[str, Any] = {"buyer_side": LONG} if buyer == name else {"seller_side": SHORT}
            parties: dict[str, Any] = {"buyer_unit_id": buyer, "seller_unit_id": seller}
            submit(book, m.Trade(time_ns=0, market_id="BTC", lots=lots, price_ticks=100, **parties, **sides))
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 88),)))
    return book


def netted(unit: str, long_lots: int, short_lots: int, money: int = 0, **more: Any) -> m.Netted:
    """Return a fact that closes so many lots of either leg, ``money`` quanta moved from the short to the long leg."""
    fills = (
        m.Fill(unit, "BTC", -long_lots, long_lots * 88 + money, money, "netted", LONG),
        m.Fill(unit, "BTC", short_lots, -short_lots * 88 - money, -money, "netted", SHORT),
    )
    return m.Netted(seq=0, time_ns=1, rules_hash="", fills=fills, **more)


def rest(lots: int) -> m.Fill:
    """Return the fill of somebody who takes what would otherwise not add up."""
    return m.Fill("a", "BTC", lots, -lots * 88, 0, "maker")


STORIES: dict[str, tuple[str, Callable[[], m.Netted]]] = {
    "a healthy unit is netted": ("INV-8", lambda: netted("g", 10, 10)),
    "more is netted than the short leg has": ("INV-8", lambda: netted("h", 11, 11)),
    "off the mark": ("INV-4", lambda: netted("h", 10, 10, money=5)),
    "a leg is closed against a stranger": (
        "INV-8",
        lambda: m.Netted(seq=0, time_ns=1, rules_hash="", fills=(*netted("h", 10, 5).fills, rest(5))),
    ),
    "a fee is taken along": (
        "INV-11",
        lambda: netted("h", 10, 10, payments=(m.Payment("h", -1),), pots=(m.PotChange("fees", 1),)),
    ),
}


def test_netting_when_it_is_told_as_the_law_has_it_then_nobody_objects() -> None:
    """The control."""
    assert objection(crossed(), (netted("h", 10, 10),), Rules()) == ""


@pytest.mark.parametrize("name", STORIES)
def test_netting_when_it_is_told_wrongly_then_an_invariant_objects(name: str) -> None:
    """Every story adds up in money and lots."""
    expected, story = STORIES[name]
    assert objection(crossed(), (story(),), Rules()) == expected
