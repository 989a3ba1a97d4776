"""What questions cost at many accounts: ``python -m tests.service.at_scale --positions 1000000``.

A question is answered in the thread of who writes, between two batches: what it costs, commands wait.
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from deleverage.bench.books import quiet
from deleverage.bench.connect import EngineSubject
from deleverage.domain.domain import Domain
from deleverage.rulebook.messages import Deposit
from deleverage.service import questions as q
from deleverage.service.questions.table import Table, table_of
from tests.service.secrecy import Writer


def timed(act: Callable[[], Any], times: int) -> float:
    """Return the median ms of an act."""
    taken = []
    for _ in range(times):
        started = perf_counter()
        act()
        taken.append(1000 * (perf_counter() - started))
    return median(taken)


def main() -> None:
    """Print the cost of each question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, default=1_000_000)
    book = quiet(parser.parse_args().positions)
    subject = EngineSubject()
    subject.load(book)
    domain = Domain.__new__(Domain)
    domain._take(subject.engine)
    names, writer = subject.columns.names, Writer()
    print(f"{len(names):,} units, {subject.columns.rows:,} positions")
    account, market = names[len(names) // 2], subject.ids[0]
    tables: list[Table] = []

    def ask(question: q.Question) -> Callable[[], Any]:
        return lambda: question.answer(domain, writer)  # type: ignore[arg-type]

    tried = [{"kind": "Deposit", "unit_id": account, "amount_quanta": "5"}]
    table_of(30, domain, writer)  # type: ignore[arg-type]
    asked: dict[str, tuple[Callable[[], Any], int]] = {
        "table of a tick": (lambda: tables.append(table_of(30, domain, writer)), 5),  # type: ignore[arg-type]
        "buckets": (lambda: q.BucketsQuestion(account=account).read(tables[-1]), 1000),
        "account": (ask(q.AccountQuestion(account=account)), 1000),
        "own what-if": (ask(q.OwnWhatIfQuestion(account=account, commands=tried)), 200),
        "100 accounts": (ask(q.AccountsQuestion(after=account, limit=100)), 20),
        "markets": (ask(q.MarketsQuestion()), 100),
        "fund": (ask(q.FundsQuestion()), 100),
        "places of an account": (ask(q.PlacesQuestion(account=account)), 5),
        "100 of a queue": (ask(q.QueueQuestion(market=market, side="long", limit=100)), 5),
        "what-if on a fork": (ask(q.WhatIfQuestion(commands=tried, accounts=[account])), 3),
        "plan": (ask(q.PlanQuestion()), 3),
    }
    for name, (act, times) in asked.items():
        act()
        print(f"  {name:<22}{timed(act, times):>10.3f} ms")
    domain.submit([Deposit(time_ns=domain.book.time_ns, unit_id=account, amount_quanta=1)])


if __name__ == "__main__":
    main()
