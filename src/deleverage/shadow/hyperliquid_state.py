"""What Hyperliquid's records say of markets, marks and accounts, as commands and positions of ours."""

from collections.abc import Iterator

from deleverage.adapters.holding import Item
from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.messages import Command, Deposit, MarkUpdate, OpenAccount, Payment, SetMarks
from deleverage.rulebook.quantities import PPB, Scale, div_ceil, div_floor, parse_units
from deleverage.shadow.shape import OPENING, Close, Side

PRICE_DECIMALS = 6
"""A price has at most so many, less those of the size: a tick of a lot is then one millionth of a dollar, always."""

MONEY = Scale(1, PRICE_DECIMALS)
OUTSIDE, OUTSIDE_QUANTA = "outside", 10**17
"""Whoever is not told of: rich enough to be neither bankrupt nor anywhere but last in a queue."""

MOST_LOTS, MOST_TICKS = 10**13, 10**12
SOURCES = 1_000_000
"""Sources behind a mark: the venue has counted its own."""


def objects(item: Item, key: str) -> list[Item]:
    """Return the objects in a list."""
    found = item.cells.get(key)
    if not isinstance(found, list) or not all(isinstance(part, dict) for part in found):
        item.fault(key, "must be a list of objects")
        return []
    return [Item(item.source, f"{key}[{at}]", part) for at, part in enumerate(found)]


def terms_of(item: Item) -> MarketTerms:
    """Return a market's terms: maintenance is half the initial rate at the largest leverage, the vault's two thirds."""
    decimals, leverage = item.text("szDecimals"), item.text("maxLeverage")
    if not (decimals.isdigit() and leverage.isdigit() and int(decimals) <= PRICE_DECIMALS and int(leverage)):
        item.fault("szDecimals", f"{decimals[:20]!a} and a largest leverage of {leverage[:20]!a} make no market")
        decimals, leverage = "0", "1"
    initial = div_ceil(PPB, int(leverage))
    maintenance = div_ceil(PPB, 2 * int(leverage))
    tier = Tier(0, maintenance, initial, close_out_rate_ppb=div_floor(2 * maintenance, 3))
    scales = Scale(1, PRICE_DECIMALS - int(decimals)), Scale(1, int(decimals))
    return MarketTerms(item.text("name"), 1, (tier,), MOST_LOTS, MOST_TICKS, MOST_LOTS, *scales)


def mark_of(book: Book, coin: str, price: str, now: int) -> SetMarks:
    """Return the command of a mark; an unknown market is refused by the law, with its name."""
    market = book.markets.get(coin)
    tick = market.terms.tick if market is not None else Scale(1, 0)
    ticks = parse_units(price or "0", tick) if market is not None else 1
    return SetMarks(time_ns=now, marks=(MarkUpdate(coin, ticks, SOURCES),))


def opening(state: Item, user: str, book: Book, now: int) -> Iterator[Command | Close]:
    """Yield an account as it stands: opened, its positions at their entry against ``outside``, and its cash."""
    if OUTSIDE not in book.accounts:
        yield OpenAccount(time_ns=now, account_id=OUTSIDE)
        yield Deposit(time_ns=now, unit_id=OUTSIDE, amount_quanta=OUTSIDE_QUANTA)
    yield OpenAccount(time_ns=now, account_id=user)
    value = parse_units(state.inner("marginSummary").decimal("accountValue") or "0", MONEY)
    sides, gain = [], 0
    for part in objects(state, "assetPositions"):
        position = part.inner("position")
        market = book.markets.get(position.text("coin"))
        if market is None:
            position.fault("coin", "is a market not listed yet")
            continue
        lots = parse_units(position.decimal("szi") or "0", market.terms.lot)
        gain += (profit := parse_units(position.decimal("unrealizedPnl") or "0", MONEY))
        worth = parse_units(position.decimal("positionValue") or "0", MONEY) * (1 if lots > 0 else -1)
        cost = worth - profit
        for name, sign in ((user, 1), (OUTSIDE, -1)):
            sides.append(Side(name, market.terms.market_id, sign * lots, "holder", "", None, -sign * cost))
    cash = Payment(user, value - gain), Payment(OUTSIDE, gain - value)
    if sides or value:
        yield Close(time_ns=now, kind=OPENING, fills=tuple(side for side in sides if side.lots), payments=cash)
