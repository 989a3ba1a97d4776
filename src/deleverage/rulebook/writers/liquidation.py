"""What facts of stages 2 and 3 write beside their movements: resting orders, programmes and their takeovers."""

from dataclasses import replace

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book, Order
from deleverage.rulebook.programmes import Backstop, note_takeover
from deleverage.rulebook.writers import Writers
from deleverage.rulebook.writers.pools import count_for_groups


def _programme_set(book: Book, fact: m.ProgrammeSet) -> None:
    account = book.accounts[fact.account_id]
    book.accounts[fact.account_id] = replace(account, backstop_capacity_lots=fact.capacity_lots)
    backstop = book.backstops.setdefault(fact.account_id, Backstop(fact.programme))
    backstop.programme = fact.programme


def _order_placed(book: Book, fact: m.OrderPlaced) -> None:
    book.orders_placed += 1
    book.orders[fact.order_id] = Order(
        fact.order_id, fact.unit_id, fact.market_id, fact.lots, fact.price_ticks, book.orders_placed, fact.leg_side
    )


def _taken_over(book: Book, fact: m.TakenOver) -> None:
    count_for_groups(book, fact.fund_debts)
    for fill in fact.fills:
        if fill.part == "taker" and fill.unit_id in book.backstops:
            notional_quanta = abs(fill.lots * book.markets[fill.market_id].value_quanta)
            note_takeover(book.backstops[fill.unit_id], book.steps + 1, fact.time_ns, notional_quanta)


WRITERS: Writers = {
    m.ProgrammeSet: _programme_set,
    m.OrderPlaced: _order_placed,
    m.TakenOver: _taken_over,
}
