"""Commands by number: each is a function of a seed and its number, so that whoever was killed is asked the same again.

An ordinary day with bad minutes: accounts trade one market with borrowed size, its price jumps, and steps of the
waterfall close whoever is bankrupt against the others.
"""

from random import Random

from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.messages import (
    Command,
    Deposit,
    DepositToFund,
    ListMarket,
    MarkUpdate,
    OpenAccount,
    RunStep,
    SetMarks,
    Trade,
    Withdraw,
)
from deleverage.rulebook.rules import Rules

SECOND = 1_000_000_000
ACCOUNTS = 8
FIRST = 2 * ACCOUNTS + 3
"""Commands before the first trade: market, mark, fund, accounts and their money."""
TERMS = MarketTerms("X", 10, (Tier(0, 5_000_000, 10_000_000),), 10**6, 10**6, 10**9)

RULES = Rules()


def command(seed: int, number: int) -> Command:
    """Return command ``number``, from 1 on; each is a second after the one before."""
    time_ns = number * SECOND
    opening = number - 4
    if number == 1:
        return ListMarket(time_ns=time_ns, terms=TERMS)
    if number == 2:
        return _mark(time_ns, 1_000)
    if number == 3:
        return DepositToFund(time_ns=time_ns, amount_quanta=50_000)
    if opening < ACCOUNTS:
        return OpenAccount(time_ns=time_ns, account_id=f"a{opening}")
    if opening < 2 * ACCOUNTS:
        return Deposit(time_ns=time_ns, unit_id=f"a{opening - ACCOUNTS}", amount_quanta=100_000)
    return _daily(Random(f"{seed} {number}"), time_ns)


def key(seed: int, number: int) -> str:
    """Return the key of command ``number``."""
    return f"{seed}-{number}"


def _daily(rng: Random, time_ns: int) -> Command:
    what = rng.randrange(10)
    if what == 0:
        return _mark(time_ns, rng.randrange(800, 1_200))
    if what == 1:
        return RunStep(time_ns=time_ns)
    unit_id, other_id = (f"a{at}" for at in rng.sample(range(ACCOUNTS), 2))
    if what == 2:
        return Deposit(time_ns=time_ns, unit_id=unit_id, amount_quanta=rng.randrange(1, 20_000))
    if what == 3:
        return Withdraw(time_ns=time_ns, unit_id=unit_id, amount_quanta=rng.randrange(1, 20_000))
    return Trade(
        time_ns=time_ns,
        market_id="X",
        buyer_unit_id=unit_id,
        seller_unit_id=other_id,
        lots=rng.randrange(1, 60),
        price_ticks=rng.randrange(950, 1_050),
    )


def _mark(time_ns: int, price_ticks: int) -> Command:
    return SetMarks(time_ns=time_ns, marks=(MarkUpdate("X", price_ticks),), confirmed=True)
