"""Small books for property tests: a crash told with a handful of accounts, small enough to check by hand."""

from dataclasses import replace
from typing import Any

from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import (
    Command,
    Deposit,
    DepositToFund,
    Fact,
    ListMarket,
    MarkUpdate,
    OpenAccount,
    Rejection,
    RunStep,
    SetMarks,
    Trade,
)
from deleverage.rulebook.rules import Rules

TERMS = MarketTerms("BTC", 1, (Tier(0, 5_000_000, 10_000_000),), 10**6, 10**6, 10**6)


def submit(book: Book, command: Command, rules: Rules | None = None) -> tuple[Fact, ...]:
    """Decide and apply a command that must be accepted; return its facts."""
    answer = decide(book, command, rules or Rules())
    assert not isinstance(answer, Rejection), answer
    for fact in answer:
        apply(book, fact)
    return answer


def close_out_at_maintenance(book: Book) -> None:
    """Let whoever is unhealthy be taken over: the close-out rate becomes the maintenance rate."""
    for market in book.markets.values():
        tiers = tuple(replace(tier, close_out_rate_ppb=tier.maintenance_rate_ppb) for tier in market.terms.tiers)
        market.terms = replace(market.terms, tiers=tiers)


def open_book(deposits: dict[str, int], fund_quanta: int = 0, market_ids: tuple[str, ...] = ("BTC",)) -> Book:
    """Return a book with funded accounts and markets at a mark of 100 ticks."""
    book = Book()
    for market_id in market_ids:
        terms = MarketTerms(
            market_id, *(getattr(TERMS, name) for name in TERMS.__dataclass_fields__ if name != "market_id")
        )
        submit(book, ListMarket(time_ns=0, terms=terms))
    for account_id, amount in deposits.items():
        submit(book, OpenAccount(time_ns=0, account_id=account_id))
        submit(book, Deposit(time_ns=0, unit_id=account_id, amount_quanta=amount))
    if fund_quanta:
        submit(book, DepositToFund(time_ns=0, amount_quanta=fund_quanta))
    submit(book, SetMarks(time_ns=0, marks=tuple(MarkUpdate(market_id, 100) for market_id in market_ids)))
    return book


def trade(book: Book, buyer: str, seller: str, lots: int, market_id: str = "BTC") -> None:
    """Trade at 100 ticks."""
    parties: dict[str, Any] = {"buyer_unit_id": buyer, "seller_unit_id": seller}
    submit(book, Trade(time_ns=0, market_id=market_id, lots=lots, price_ticks=100, **parties))


def mark(book: Book, price_ticks: int, market_id: str = "BTC", rules: Rules | None = None) -> None:
    """Set a mark."""
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate(market_id, price_ticks),)), rules)


def crashed(fund_quanta: int = 0) -> Book:
    """Return a book before the step: al (10 lots long, 200 deposited) is 100 quanta short at a mark of 70.

    bo is short 12 lots with 500 deposited (equity 860), cy short 4 with 3,000 (3,120), di long 6 with 1,000 (820).
    """
    book = open_book({"al": 200, "bo": 500, "cy": 3_000, "di": 1_000}, fund_quanta)
    trade(book, "al", "bo", 10)
    trade(book, "di", "bo", 2)
    trade(book, "di", "cy", 4)
    mark(book, 70)
    return book


def step(book: Book, rules: Rules | None = None) -> tuple[Fact, ...]:
    """Run one step of the waterfall."""
    return submit(book, RunStep(time_ns=2), rules)
