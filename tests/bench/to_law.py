"""A drawn book and a drawn log as the rulebook has them: ids are padded, so that their order is that of the numbers."""

from collections.abc import Iterator

from deleverage.bench.books import Book, Ints
from deleverage.bench.logs import DEPOSIT, MARK, TRADE, WITHDRAW, Log
from deleverage.bench.terms import INVERSE
from deleverage.rulebook import book as law
from deleverage.rulebook import messages as m

NAMES = {0: "linear", 1: "quanto", 2: "inverse"}


def market_id(market: int) -> str:
    """Return a market's id."""
    return f"m{market:03}"


def unit_id(book: Book, number: int) -> str:
    """Return a unit's id: the account's, with the market behind it where it is isolated."""
    account = f"a{book.account[number]:09}"
    isolated = int(book.isolated[number])
    return account if isolated < 0 else f"{account}/{market_id(isolated)}"


def to_book(book: Book, mark_ticks: Ints) -> law.Book:
    """Return the rulebook's book at these marks, without the collateral."""
    made = law.Book()
    for number, mark in enumerate(mark_ticks.tolist()):
        made.markets[market_id(number)] = law.Market(terms(book, number), mark, mark)
    deposits = (book.quote + book.sums(book.cost)).tolist()
    for number, (quote, given) in enumerate(zip(book.quote.tolist(), deposits, strict=True)):
        name, account = unit_id(book, number), f"a{book.account[number]:09}"
        isolated = market_id(int(book.isolated[number])) if "/" in name else ""
        if not isolated:
            made.accounts[account] = law.Account(account, account, "trader", hedge=bool(book.hedge[number]))
        made.units[name] = law.Unit(name, account, isolated, quote=quote, deposits=given)
        made.net_deposits_quanta += given
    rows = zip(book.owner.tolist(), book.market.tolist(), book.side.tolist(), book.lots.tolist(), book.cost.tolist(),
               strict=True)  # fmt: skip
    for owner, market, side, lots, cost in rows:
        leg_id = law.leg_id_of(market_id(market), {0: "", 1: "long", -1: "short"}[side])
        made.units[unit_id(book, owner)].legs[leg_id] = law.Leg(lots, cost)
        made.markets[market_id(market)].open_interest_lots += max(0, lots)
    return made


def terms(book: Book, number: int) -> law.MarketTerms:
    """Return a market's terms."""
    of = book.markets
    first, end = int(of.first_tier[number]), int(of.first_tier[number + 1])
    tiers = [
        law.Tier(
            int(of.from_notional_quanta[at]),
            int(of.maintenance_rate_ppb[at]),
            int(of.initial_rate_ppb[at]),
            int(of.maintenance_deduction_quanta[at]),
            int(of.initial_deduction_quanta[at]),
        )
        for at in range(first, end)
    ]
    return law.MarketTerms(
        market_id=market_id(number),
        quanta_per_tick_lot=int(of.quanta_per_tick_lot[number]),
        tiers=tuple(tiers),
        max_lots=int(of.max_lots[number]),
        max_price_ticks=int(of.max_price_ticks[number]),
        max_open_interest_lots=2**60,
        contract=NAMES[int(of.contract[number])],
        face_quanta_ticks=int(of.face_quanta_ticks[number]) if of.contract[number] == INVERSE else 0,
    )


def to_commands(book: Book, log: Log) -> Iterator[m.Command]:
    """Yield the commands of a log."""
    columns = (log[name].tolist() for name in ("kind", "market", "unit", "other", "lots", "number"))
    for time_ns, (kind, market, unit, other, lots, number) in enumerate(zip(*columns, strict=True)):
        one, name = unit_id(book, unit), market_id(market)
        if kind == TRADE:
            yield m.Trade(time_ns=time_ns, market_id=name, buyer_unit_id=one, seller_unit_id=unit_id(book, other),
                          lots=lots, price_ticks=number)  # fmt: skip
        elif kind == DEPOSIT:
            yield m.Deposit(time_ns=time_ns, unit_id=one, amount_quanta=number)
        elif kind == WITHDRAW:
            yield m.Withdraw(time_ns=time_ns, unit_id=one, amount_quanta=number)
        elif kind == MARK:
            yield m.SetMarks(time_ns=time_ns, marks=(m.MarkUpdate(name, number),))
        else:
            yield m.AccrueFunding(time_ns=time_ns, market_id=name, rate_ppb=number)
