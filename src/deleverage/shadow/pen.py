"""What another engine has done, written into a book: as the movement it was, or why that is not possible.

The law would refuse most forced closes as trades: a bankrupt trades with nobody (UNIT_BANKRUPT), nobody is left below
maintenance by a worse price than the mark (BELOW_MAINTENANCE), nobody below zero (BELOW_ZERO). They have happened all
the same. So they are no wish that is put to the law but a movement, written by the law's own pen, of which is asked
what no engine may break: lots and money sum to zero, the parties are known, and who is closed holds what is closed.
"""

from deleverage.domain.domain import Domain
from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.margin import released_quanta
from deleverage.rulebook.messages import Code, Fill, MarginMoved, Movement, Trade
from deleverage.rulebook.periods import profit_moved
from deleverage.shadow.obstacles import Unfollowed, amount_of, obstacles
from deleverage.shadow.shape import Close, Side

DONE_ALL_THE_SAME = frozenset(
    code
    for code in Code
    if code.name.startswith(("BELOW_", "LOTS_", "OPEN_", "MARKET_RED", "MARKET_PAU", "MARKET_HAL", "DOMAIN_HAL"))
    or code in (Code.UNIT_BANKRUPT, Code.PRICE_OUT_OF_BAND, Code.MARK_GUARDED, Code.MARKET_EXPIRED)
)
"""Why the law would not have let a trade happen; another engine has, and the book follows."""


def sides_of(trade: Trade) -> Close:
    """Return a trade as what is written where the law would have refused it."""
    lots, price = trade.lots, trade.price_ticks
    buyer = Side(trade.buyer_unit_id, trade.market_id, lots, "buyer", trade.buyer_side, price)
    seller = Side(trade.seller_unit_id, trade.market_id, -lots, "seller", trade.seller_side, price)
    return Close(time_ns=trade.time_ns, kind="trade", fills=(buyer, seller))


def write(domain: Domain, close: Close) -> Unfollowed | None:
    """Write a close into a domain's book, with what it sets free of isolated units; or return why that cannot be."""
    book = domain.book
    why = next(obstacles(book, close), None)
    if why is not None:
        return why
    if not (close.fills or close.payments or close.pots):
        return None
    fills = tuple(fill_of(book, side) for side in close.fills)
    time_ns = max(book.time_ns, close.time_ns)
    domain.engine.apply(
        Movement(
            seq=book.seq + 1,
            time_ns=time_ns,
            fills=fills,
            payments=close.payments,
            pots=close.pots,
            orders=close.orders,
        )
    )
    for unit_id in dict.fromkeys(fill.unit_id for fill in fills):
        unit = book.units[unit_id]
        if (rest := released_quanta(book, unit)) > 0:
            domain.engine.apply(_released(book, unit, rest, time_ns))
    return None


def fill_of(book: Book, side: Side) -> Fill:
    """Return a side as a fill of the law."""
    amount = amount_of(book, side)
    money = amount + side.lots * book.markets[side.market_id].value_quanta
    return Fill(side.unit_id, side.market_id, side.lots, amount, money, side.part, side.leg_side)


def _released(book: Book, unit: Unit, rest: int, time_ns: int) -> MarginMoved:
    return MarginMoved(
        seq=book.seq + 1,
        time_ns=time_ns,
        from_unit_id=unit.unit_id,
        to_unit_id=unit.account_id,
        amount_quanta=rest,
        released=True,
        profit_quanta=profit_moved(book, unit, rest, True),
    )
