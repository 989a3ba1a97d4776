"""Small books with collateral, small enough to check by hand.

A lot of market M is worth its price in quanta; maintenance is 5 % of notional, initial 10 %. A grain of BTC is worth 10
quanta at the index price of 100 for 10 grains: 8 of them count as margin (haircut 20 %), a forced conversion brings 9
(discount 10 %).
"""

from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import Code
from deleverage.rulebook.rules import Rules
from tests.properties.stories import submit

TERMS = MarketTerms("M", 1, (Tier(0, 50_000_000, 100_000_000),), 10**6, 10**6, 10**6)
BTC = AssetTerms("BTC", 10, 200_000_000, 100_000_000, 10**9, 10**9)


def opened(deposits: dict[str, int], grains: dict[str, int], *assets: AssetTerms) -> Book:
    """Return a book at a mark of 100: accounts with money and grains of BTC; b.. are backstops, f is the fund."""
    book = Book()
    submit(book, m.ListMarket(time_ns=0, terms=TERMS))
    submit(book, m.SetMarks(time_ns=0, marks=(m.MarkUpdate("M", 100),)))
    for terms in assets or (BTC,):
        submit(book, m.ListAsset(time_ns=0, terms=terms))
        price(book, 100, terms.asset_id)
    for name, amount in deposits.items():
        role = {"b": "backstop", "f": "fund"}.get(name[0], "trader")
        submit(book, m.OpenAccount(time_ns=0, account_id=name, role=role))
        if amount:
            submit(book, m.Deposit(time_ns=0, unit_id=name, amount_quanta=amount))
    for name, amount in grains.items():
        bring(book, name, amount)
    return book


def price(book: Book, quanta: int, asset_id: str = "BTC", rules: Rules | None = None, **other: Any) -> None:
    """Set an index price."""
    update = m.AssetPriceUpdate(asset_id, quanta, other.pop("sources", 1))
    submit(book, m.SetAssetPrices(time_ns=book.time_ns, prices=(update,), **other), rules)


def bring(book: Book, name: str, grains: int, asset_id: str = "BTC") -> None:
    """Bring grains in."""
    deposit = m.DepositAsset(time_ns=book.time_ns, unit_id=name, asset_id=asset_id, amount_grains=grains)
    submit(book, deposit)


def trade(book: Book, buyer: str, seller: str, lots: int) -> None:
    """Trade M at 100."""
    parties: dict[str, Any] = {"buyer_unit_id": buyer, "seller_unit_id": seller}
    submit(book, m.Trade(time_ns=0, market_id="M", lots=lots, price_ticks=100, **parties))


def mark(book: Book, ticks: int) -> None:
    """Set the mark of M."""
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("M", ticks),)))


def step(book: Book, rules: Rules | None = None) -> tuple[m.Fact, ...]:
    """Run one step of the waterfall."""
    return submit(book, m.RunStep(time_ns=max(2, book.time_ns)), rules)


def short_by_100(deposits: dict[str, int], *assets: AssetTerms) -> Book:
    """Return a book in which al owns 50 grains, is long 10 lots from 100 and short of 100 quanta at a mark of 90.

    cy (1,000 deposited) is short these 10 lots.
    """
    book = opened({"al": 0, "cy": 1_000, **deposits}, {"al": 50}, *assets)
    trade(book, "al", "cy", 10)
    mark(book, 90)
    return book


def code_of(book: Book, command: m.Command, rules: Rules | None = None) -> Code:
    """Return the code with which a command is refused."""
    answer = decide(book, command, rules or Rules())
    assert isinstance(answer, m.Rejection), answer
    return answer.code
