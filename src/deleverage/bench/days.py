"""Commands of an ordinary day on one market: trades, money in and out, marks, funding. Nobody comes near a margin."""

from collections.abc import Iterator
from random import Random

from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.messages import (
    AccrueFunding,
    Command,
    Deposit,
    ListMarket,
    MarkUpdate,
    OpenAccount,
    SetMarks,
    Trade,
    Withdraw,
)

MARKET = "BTC-PERP"
PRICE = 100_000
TERMS = MarketTerms(MARKET, 10, (Tier(0, 5_000_000, 10_000_000),), 10**9, 10**9, 10**12)
WEALTH = 10**13
SHARES = {"trade": 70, "deposit": 14, "withdraw": 12, "mark": 3, "funding": 1}
"""What comes how often, of a hundred: as in the log that the engine replays."""


def opening(units: int) -> Iterator[Command]:
    """Yield what comes before the day: a market with a mark, and accounts with money."""
    yield ListMarket(time_ns=1, terms=TERMS)
    yield SetMarks(time_ns=1, marks=(MarkUpdate(MARKET, PRICE),), confirmed=True)
    for at in range(units):
        yield OpenAccount(time_ns=1, account_id=f"account-{at}")
        yield Deposit(time_ns=1, unit_id=f"account-{at}", amount_quanta=WEALTH)


def day(units: int, commands: int, seed: int = 1) -> Iterator[Command]:
    """Yield commands, a nanosecond apart."""
    rng = Random(seed)
    for time_ns, what in enumerate(rng.choices(list(SHARES), list(SHARES.values()), k=commands), 2):
        one = f"account-{rng.randrange(units)}"
        if what == "trade":
            yield Trade(
                time_ns=time_ns,
                market_id=MARKET,
                buyer_unit_id=one,
                seller_unit_id=f"account-{(int(one[8:]) + rng.randrange(1, units)) % units}",
                lots=rng.randrange(1, 100),
                price_ticks=PRICE + rng.randrange(-100, 101),
            )
        elif what == "deposit":
            yield Deposit(time_ns=time_ns, unit_id=one, amount_quanta=rng.randrange(1, 10**6))
        elif what == "withdraw":
            yield Withdraw(time_ns=time_ns, unit_id=one, amount_quanta=rng.randrange(1, 10**6))
        elif what == "mark":
            update = MarkUpdate(MARKET, PRICE + rng.randrange(-500, 501), 3)
            yield SetMarks(time_ns=time_ns, marks=(update,), confirmed=True)
        else:
            yield AccrueFunding(time_ns=time_ns, market_id=MARKET, rate_ppb=rng.randrange(-1_000, 1_001))
