"""The venue that is listened to: many rich shorts, a few thin longs that go under one after the other, and trades."""

from collections.abc import Iterator
from random import Random
from typing import Any

from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.messages import (
    Command,
    Deposit,
    ListMarket,
    MarkUpdate,
    OpenAccount,
    SetMarks,
    Trade,
)

Json = dict[str, Any]

MARKET, PRICE = "X", 10_000
LONGS, LOTS = 30, 200
TERMS = MarketTerms(MARKET, 10, (Tier(0, 5_000_000, 10_000_000),), 10**7, 10**7, 10**9)
FALL_TICKS = 25
"""How far the price falls between two marks; each long is bankrupt one fall behind the one before it."""


def short(number: int) -> str:
    """Return the account of a listener."""
    return f"s{number}"


def opening(shorts: int, time_ns: int) -> Iterator[Command]:
    """Yield what makes the venue: each long is bought from shorts in turn, with money for so many falls."""
    yield ListMarket(time_ns=time_ns, terms=TERMS)
    yield SetMarks(time_ns=time_ns, marks=(MarkUpdate(MARKET, PRICE),))
    for number in range(shorts):
        yield from _account(short(number), 10**10, time_ns)
    seller = 0
    for number in range(LONGS):
        name = f"l{number}"
        falls = 6 + number
        yield from _account(name, falls * FALL_TICKS * LOTS * 10 + LOTS * PRICE // 5, time_ns)
        for _ in range(LOTS // 10):
            yield trade(name, short(seller % shorts), 10, time_ns)
            seller += 1


def _account(name: str, amount_quanta: int, time_ns: int) -> Iterator[Command]:
    yield OpenAccount(time_ns=time_ns, account_id=name)
    yield Deposit(time_ns=time_ns, unit_id=name, amount_quanta=amount_quanta)


def trade(buyer: str, seller: str, lots: int, time_ns: int = 0) -> Trade:
    """Return a trade at the first price."""
    return Trade(
        time_ns=time_ns, market_id=MARKET, buyer_unit_id=buyer, seller_unit_id=seller, lots=lots, price_ticks=PRICE
    )


def trades(rng: Random, shorts: int, count: int, price_ticks: int, first: int) -> Json:
    """Return a batch of trades between listeners, for ``POST /v1/commands``."""
    commands = []
    for at in range(count):
        buyer, seller = rng.sample(range(shorts), 2)
        command = {
            "kind": "Trade",
            "market_id": MARKET,
            "buyer_unit_id": short(buyer),
            "seller_unit_id": short(seller),
            "lots": "1",
            "price_ticks": str(price_ticks),
            "buyer_side": "",
            "seller_side": "",
        }
        commands.append({"key": f"t{first + at}", "command": command})
    return {"commands": commands}
