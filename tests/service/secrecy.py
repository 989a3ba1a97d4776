"""States that differ only in others: a walk on which one account is never touched, and what that account may ask.

``python -m tests.service.secrecy --count 10000`` compares so many of them.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from deleverage.documents import encode
from deleverage.domain.domain import Domain
from deleverage.rulebook import messages as m
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.places import Part
from deleverage.rulebook.rules import Rules
from deleverage.service.counter import Counter
from deleverage.service.desk import LocalDesk
from deleverage.service.questions import AccountQuestion, BucketsQuestion, OwnWhatIfQuestion, View
from deleverage.service.questions.ccxt import of_buckets
from deleverage.service.questions.table import Table, table_of
from deleverage.service.rates import Rates

ME, MARKET, MARK, NOW_NS, TICK_NS = "me", "XYZ", 1_000, 1_000_000_000, 60_000_000_000
BEFORE_ANEW = 40
"""States between two beginnings: a long walk stays where few places are left."""

OTHERS = [f"other-{number:02}" for number in range(14)]


class Writer(NamedTuple):
    """All that the questions read of a journal: how many commands there were, the same in every state."""

    seq: int = 7


class Idle(NamedTuple):
    """A runner that is asked nothing: what is told comes from the table."""

    waiting: int = 0


def counter_of(table: Table) -> Counter:
    """Return a counter whose desk reads a table, and which is never asked too much."""
    desk = LocalDesk(Idle())  # type: ignore[arg-type]
    desk._table = table
    return Counter(desk, rates=Rates(10_000, times=10**6))


def opened() -> Domain:
    """Return a domain in which I am long, others are long and short, and everybody is solvent."""
    tier = Tier(0, maintenance_rate_ppb=50_000_000, initial_rate_ppb=100_000_000)
    terms = MarketTerms(MARKET, 1, (tier,), max_lots=10**6, max_price_ticks=10**6, max_open_interest_lots=10**9)
    domain = Domain.open(Rules())
    commands: list[m.Command] = [m.ListMarket(time_ns=NOW_NS, terms=terms)]
    for name in (ME, *OTHERS):
        opening = m.OpenAccount(time_ns=NOW_NS, account_id=name, owner_group="", role="trader")
        commands += [opening, m.Deposit(time_ns=NOW_NS, unit_id=name, amount_quanta=40_000)]
    commands.append(_marks(MARK * 9 // 10))
    commands.append(_trade(ME, OTHERS[0], 20, MARK * 9 // 10))
    for at, buyer in enumerate(OTHERS):
        commands.append(_trade(buyer, OTHERS[at - 3], 5 + 3 * at, MARK * 9 // 10))
    commands.append(_marks(MARK))
    answers = domain.submit(commands)
    assert not [answer for answer in answers if isinstance(answer, m.Rejection)]
    return domain


def walk(seed: int, count: int) -> Iterator[Domain]:
    """Yield so many states of domains: what lies between two of them are acts of others."""
    draw, start = random.Random(seed), opened()
    for at in range(count):
        if at % BEFORE_ANEW == 0:
            domain = start.what_if([]).fork
        domain.submit([_act(draw) for _ in range(3)])
        yield domain


def _act(draw: random.Random) -> m.Command:
    one, other = draw.sample(OTHERS, 2)
    match draw.randrange(8):
        case 0:
            return m.Deposit(time_ns=NOW_NS, unit_id=one, amount_quanta=draw.randint(1, 20_000))
        case 1:
            return m.Withdraw(time_ns=NOW_NS, unit_id=one, amount_quanta=draw.randint(1, 20_000))
        case 2:
            price = MARK + draw.randint(-20, 20)
            resting: dict[str, Any] = {"market_id": MARKET, "lots": draw.choice((-1, 1)), "price_ticks": price}
            return m.PlaceOrder(time_ns=NOW_NS, order_id=f"o{draw.randrange(9)}", unit_id=one, **resting)
        case 3:
            return m.CancelOrder(time_ns=NOW_NS, order_id=f"o{draw.randrange(9)}")
        case _:
            return _trade(one, other, draw.randint(1, 25), MARK + draw.randint(-20, 20))


def _trade(buyer: str, seller: str, lots: int, price_ticks: int) -> m.Trade:
    parties = {"buyer_unit_id": buyer, "seller_unit_id": seller}
    return m.Trade(time_ns=NOW_NS, market_id=MARKET, lots=lots, price_ticks=price_ticks, **parties)


def _marks(price_ticks: int) -> m.SetMarks:
    return m.SetMarks(time_ns=NOW_NS, marks=(m.MarkUpdate(MARKET, price_ticks, 9),), confirmed=True)


def _probes() -> list[dict[str, Any]]:
    """Return what an owner would try to find out about others: their names, their money, their liquidations."""
    tried: list[m.Command] = [
        m.Withdraw(time_ns=0, unit_id=ME, amount_quanta=10_000),
        m.Withdraw(time_ns=0, unit_id=OTHERS[3], amount_quanta=1),
        m.Deposit(time_ns=0, unit_id=OTHERS[3], amount_quanta=1),
        _trade(ME, OTHERS[3], 5, MARK),
        _trade(ME, "", 5, MARK),
        _trade("", ME, 40, MARK + 30),
        m.PlaceOrder(time_ns=0, order_id="o1", unit_id=ME, market_id=MARKET, lots=-20, price_ticks=MARK + 9),
        m.CancelOrder(time_ns=0, order_id="o2"),
        m.MoveMargin(time_ns=0, from_unit_id=OTHERS[3], to_unit_id=ME, amount_quanta=1),
        _marks(MARK * 3 // 4),
        m.Withdraw(time_ns=0, unit_id=ME, amount_quanta=10_000),
        _marks(MARK * 2),
        m.Withdraw(time_ns=0, unit_id=ME, amount_quanta=10_000),
        _trade("", ME, 10, MARK * 2),
    ]
    documents: list[Any] = [encode(m.Command, command) for command in tried]
    return [{name: value for name, value in document.items() if name != "time_ns"} for document in documents]


PROBES = _probes()


def told(domain: Domain) -> bytes:
    """Return what an owner is told at the marks of now: the account, and what its what-ifs come to."""
    questions = AccountQuestion(account=ME), OwnWhatIfQuestion(account=ME, commands=PROBES)
    return b"\n".join(encoded(question.answer(domain, Writer())) for question in questions)  # type: ignore[arg-type]


def told_of_rank(table: Table) -> bytes:
    """Return what an owner is told of the own rank, in both shapes."""
    view = BucketsQuestion(account=ME).read(table)
    return encoded(view) + b"\n" + msgspec.json.encode(of_buckets(view))


def encoded(view: View) -> bytes:
    """Return a view as it leaves."""
    return msgspec.json.encode(view)


class Compared(NamedTuple):
    """How many states were compared, in how many exact places I stood, and which answers differed within a bucket."""

    states: int
    places: dict[int, set[tuple[int, int]]]  # by bucket: rank and lots ahead
    different: int


def compare(seed: int, count: int) -> Compared:
    """Compare what I am told in so many states; in each bucket it has to be the same bytes."""
    first: dict[int, bytes] = {}
    places: dict[int, set[tuple[int, int]]] = defaultdict(set)
    own, different = b"", 0
    for domain in walk(seed, count):
        table = table_of(TICK_NS, domain, Writer())  # type: ignore[arg-type]
        ((_, _, lights),) = table.standings.lights_of(ME)
        (place,) = domain.queue(MARKET, "long", Part(0, frozenset({ME})))
        places[lights].add((place.rank, place.lots_ahead))
        found = told(domain)
        own = own or found
        different += found != own or told_of_rank(table) != first.setdefault(lights, told_of_rank(table))
    return Compared(count, dict(places), different)


def main() -> None:
    """Print what a comparison found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = compare(given.seed, given.count)
    print(f"{found.states:,} states that differ only in others, {found.different} different answers")
    for lights, places in sorted(found.places.items()):
        print(f"  bucket {lights - 1}: {len(places):,} exact places behind the same bytes")


if __name__ == "__main__":
    main()
