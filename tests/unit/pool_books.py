"""Small books with pools: short words for commands of the fund, and the book in which two markets crash at once."""

from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import (
    DepositToFund,
    MarkUpdate,
    MovePool,
    Regroup,
    SetMarks,
    SetPool,
    WithdrawFromFund,
)
from deleverage.rulebook.pools import COMMON, Drawdown, PoolTerms
from tests.properties.stories import open_book, submit, trade


def pool(book: Book, pool_id: str, cash: int = 0, *markets: str, floor: int = 0, time_ns: int = 0) -> None:
    """Open a pool with so much money, and let it stand for markets."""
    submit(book, SetPool(time_ns=max(time_ns, book.time_ns), terms=PoolTerms(pool_id, floor)))
    feed(book, cash, pool_id)
    for market_id in markets:
        submit(book, Regroup(time_ns=book.time_ns, market_id=market_id, pool_id=pool_id))


def feed(book: Book, cash: int, pool_id: str = COMMON, time_ns: int = 0) -> None:
    """Bring money into a pool; none is none."""
    if cash:
        submit(book, DepositToFund(time_ns=max(time_ns, book.time_ns), amount_quanta=cash, pool_id=pool_id))


def take_out(amount: int, pool_id: str = COMMON, time_ns: int = 9) -> WithdrawFromFund:
    """Return a withdrawal from the fund."""
    return WithdrawFromFund(time_ns=time_ns, amount_quanta=amount, pool_id=pool_id)


def shift(amount: int, source: str, target: str, time_ns: int = 9) -> MovePool:
    """Return money on its way from one pool to another."""
    return MovePool(time_ns=time_ns, from_pool_id=source, to_pool_id=target, amount_quanta=amount)


def watch(book: Book, drawdown: Drawdown, pool_id: str = COMMON) -> None:
    """Give a pool a drawdown."""
    submit(book, SetPool(time_ns=book.time_ns, terms=PoolTerms(pool_id, drawdown=drawdown)))


def cash(book: Book) -> dict[str, int]:
    """Return what every pool holds."""
    return {pool_id: book.cash(pool_id) for pool_id in sorted(book.pools)}


def quiet(zone: int, common: int = 1_000) -> Book:
    """Return the book of ``crashed`` before its mark falls, BTC being the zone pool's."""
    book = open_book({"al": 200, "bo": 500, "cy": 3_000, "di": 1_000}, common)
    pool(book, "zone", zone, "BTC")
    trade(book, "al", "bo", 10)
    return book


def two_markets(zone: int, common: int) -> Book:
    """Return a book in which al, long 10 BTC and 10 ETH with 400, is 200 short: 100 on each leg. bo is short both.

    BTC is the zone pool's, ETH the common pool's. bo has 2,000 + 600.
    """
    book = open_book({"al": 400, "bo": 2_000}, common, ("BTC", "ETH"))
    pool(book, "zone", zone, "BTC")
    for market_id in ("BTC", "ETH"):
        trade(book, "al", "bo", 10, market_id)
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("BTC", 70), MarkUpdate("ETH", 70))))
    return book
