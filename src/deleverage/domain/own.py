"""What concerns one account, as a book of its own: public rows, the account's rows, and nobody else's.

Whatever is computed on such a book cannot hang on another account: there is none in it. So it is the floor of all that
an account is told about itself, and of what it may try (``tried``).

Deliberately absent: pots, pools, backstops, envelopes, debts of others, and the numbers of facts and steps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Account, Book, Order, Unit, copied, copy_unit
from deleverage.rulebook.messages import Command, Rejection
from deleverage.rulebook.pools import FundPool, PoolTerms
from deleverage.rulebook.rules import Rules

if TYPE_CHECKING:
    from deleverage.rulebook.decide import Answer


def own_book(book: Book, account: Account, units: Sequence[Unit], orders: Sequence[Order]) -> Book:
    """Return the book of one account: markets and assets as they are (shared, not copied), its own rows copied."""
    own = {unit.unit_id: copy_unit(unit) for unit in units}
    return Book(
        markets={
            key: replace(row, grace_lost=tuple(filter(own.__contains__, row.grace_lost))) if row.grace_lost else row
            for key, row in sorted(book.markets.items())
        },
        assets=dict(book.assets),
        accounts={account.account_id: account},
        units=own,
        orders={order.order_id: replace(order) for order in orders},
        auctions={unit_id: book.auctions[unit_id] for unit_id in own if unit_id in book.auctions},
        pots=dict.fromkeys(book.pots, 0),
        pools={pool_id: FundPool(PoolTerms(pool_id)) for pool_id in book.pools},
        claims={unit_id: book.claims[unit_id] for unit_id in own if unit_id in book.claims},
        halted=book.halted,
        halts=dict(book.halts),
        time_ns=book.time_ns,
        orders_placed=max((order.sequence for order in orders), default=0),
    )


def tried(own: Book, commands: Iterable[Command], rules: Rules) -> "tuple[list[Answer], Book]":
    """Return what commands would be answered with on an account's own book, and that book behind them.

    A refused one changes nothing, and the next is asked. ``own`` stays as it is.
    """
    from deleverage.rulebook.decide import decide  # the waterfall is loaded where something is asked of it

    book, answers = own.copy(), []
    book.assets = copied(own.assets)
    for command in commands:
        answer = decide(book, command, rules)
        for fact in () if isinstance(answer, Rejection) else answer:
            apply(book, fact)
        answers.append(answer)
    return answers, book
