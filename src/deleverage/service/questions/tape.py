"""The public tape: what happened in the markets and to the fund, without names and with a delay.

The delay is a tick of the grid: what is told here was told to nobody while it could still be acted upon.
"""

from collections.abc import Iterator
from itertools import islice

from deleverage.domain.domain import Domain
from deleverage.journal.entry import Entry
from deleverage.journal.journal import Journal
from deleverage.rulebook import messages as m
from deleverage.service.questions.base import Question, View
from deleverage.service.questions.pages import blocks_from
from deleverage.service.questions.table import GRID_NS

DELAY_NS = GRID_NS


class TapeRow(View, frozen=True, kw_only=True):
    """Something public: ``what`` is trade, mark, funding, deleveraging, fund, haircut, residual, halt or resumption.

    Numbers that do not belong to it are null. Of a deleveraging the lots were closed on ``side`` (of the bankrupts),
    at ``price_ticks`` (the mark), and ``amount_quanta`` was asked of candidates; of others it is the money paid.
    """

    seq: str
    time_ns: str
    what: str
    market: str = ""
    side: str = ""
    lots: str | None = None
    price_ticks: str | None = None
    amount_quanta: str | None = None
    text: str = ""


class TapeView(View, frozen=True, kw_only=True):
    """What is public from a command on, as far as it is old enough; ``next_from``: where to go on."""

    rows: list[TapeRow]
    next_from: str
    delay_ns: str


class TapeQuestion(Question, frozen=True, kw_only=True):
    """What happened from a command on?"""

    from_seq: int
    limit: int

    def answer(self, domain: Domain, journal: Journal) -> TapeView:
        """Return what so many entries at most tell of; those that are too young, and all behind them, wait."""
        latest_ns = domain.book.time_ns - DELAY_NS
        rows: list[TapeRow] = []
        following = self.from_seq
        entries = (entry for block, first in blocks_from(journal, self.from_seq) for entry in block.entries(first))
        for entry in islice(entries, self.limit):
            if entry.command.time_ns > latest_ns:
                break
            rows += rows_of(entry)
            following = entry.seq + 1
        return TapeView(rows=rows, next_from=str(following), delay_ns=str(DELAY_NS))


def rows_of(entry: Entry) -> Iterator[TapeRow]:
    """Yield what is public of an entry; nobody is named in it."""
    seq, time_ns = str(entry.seq), str(entry.command.time_ns)
    for fact in entry.facts or ():
        for row in _public(fact):
            yield TapeRow(seq=seq, time_ns=time_ns, **row)


def _public(fact: m.Fact) -> Iterator[dict[str, str]]:
    match fact:
        case m.Traded():
            lots = sum(fill.lots for fill in fact.fills if fill.lots > 0)
            yield {"what": "trade", "market": fact.market_id, "lots": str(lots), "price_ticks": str(fact.price_ticks)}
        case m.MarksSet():
            for mark in fact.marks:
                price = str(mark.price_ticks)
                yield {"what": "mark", "market": mark.market_id, "price_ticks": price, "text": mark.guard}
        case m.FundingAccrued():
            yield {"what": "funding", "market": fact.market_id, "amount_quanta": str(fact.per_lot_quanta)}
        case m.Deleveraged():
            marks = dict(fact.marks)
            for pool in fact.pools:
                yield {
                    "what": "deleveraging",
                    "market": pool.market_id,
                    "side": pool.side,
                    "lots": str(pool.closed_lots),
                    "price_ticks": str(marks[pool.market_id]),
                    "amount_quanta": str(pool.collected_quanta),
                }
        case m.FundPaid():
            yield {"what": "fund", "amount_quanta": str(sum(debt.paid_quanta for debt in fact.debts))}
        case m.Socialised():
            taken = sum(haircut.taken_quanta for haircut in fact.haircuts)
            yield {"what": "haircut", "market": fact.market_id, "side": fact.side, "amount_quanta": str(taken)}
        case m.ResidualNamed():
            yield {"what": "residual", "amount_quanta": str(fact.named_quanta)}
        case m.Halted():
            yield {"what": "halt", "market": fact.scope}
        case m.Resumed():
            yield {"what": "resumption", "market": fact.scope}
        case _:
            return
