"""The book that is built of positions: as fine as the file's own decimals, so nothing is rounded.

* A market's id may hold no slash; a symbol that does is renamed inside the book, and shown as it was.
* A unit that holds both sides of a market has a leg for each (hedge mode).
* The maintenance that positions state becomes a margin table: a step at each notional, with what is stated there. It
  holds at these positions and says nothing in between. Without it only equity <= 0 is a tier of its own.
"""

from dataclasses import dataclass

from deleverage.adapters.decimals import decimals_of
from deleverage.adapters.holding import CROSS, Holding
from deleverage.rulebook.book import LONG, SHORT, Account, Book, Leg, Market, MarketTerms, Tier, Unit, leg_id_of
from deleverage.rulebook.quantities import Scale, parse_units

MONEY_DECIMALS = 6
RATE = Scale(1, 9)
MOST_STEPS = 5_000
"""Margin tables are walked step by step for every position: with more steps a queue would take minutes."""
_BOUND = 10**60


@dataclass(frozen=True, slots=True)
class PositionBook:
    """A book built from a file, and the scale that prints its money; it need not be a whole market.

    ``shown`` is each market's name for people; ``notes`` is what they should know; ``without_maintenance`` names the
    markets of which some position states no maintenance margin.
    """

    book: Book
    money: Scale
    shape: str
    shown: dict[str, str]
    notes: tuple[str, ...]
    without_maintenance: tuple[str, ...]


def market_id_of(shown: str) -> str:
    """Return the id that a market's name has inside a book: ``market/side`` is the name of a leg there."""
    return shown.replace("/", "|")


def build(holdings: list[Holding], shape: str, rates: dict[str, str], notes: list[str]) -> PositionBook:
    """Return the book of positions that were checked; ``rates`` are maintenance rates that replace its margins."""
    by_market: dict[str, list[Holding]] = {}
    by_leg: dict[tuple[str, str], int] = {}
    for holding in holdings:
        by_market.setdefault(holding.market, []).append(holding)
        by_leg[holding.unit, holding.market] = by_leg.get((holding.unit, holding.market), 0) + 1
    money = Scale(1, max(MONEY_DECIMALS, *(_money_decimals(here) for here in by_market.values())))
    book, told, silent = Book(), list(notes), []
    for name, here in by_market.items():
        market, is_whole = _market(name, here, money, rates.get(name), told)
        book.markets[market.terms.market_id] = market
        silent += [] if is_whole else [name]
    for holding in holdings:
        _add(book, holding, money, is_hedged=by_leg[holding.unit, holding.market] > 1)
    shown = {market_id_of(name): name for name in by_market}
    return PositionBook(book, money, shape, shown, tuple(told), tuple(silent))


def _money_decimals(here: list[Holding]) -> int:
    """Return how fine money has to be for the positions of one market."""
    stated = (text for item in here for text in (item.equity, item.collateral, item.maintenance) if text is not None)
    size, price = _scales(here)
    return max(size.decimals + price.decimals, *map(decimals_of, stated))


def _scales(here: list[Holding]) -> tuple[Scale, Scale]:
    """Return lot and tick of a market, as fine as its sizes and prices."""
    size = max(decimals_of(item.size) for item in here)
    price = max(max(decimals_of(item.entry), decimals_of(item.mark or "")) for item in here)
    return Scale(1, size), Scale(1, price)


def _market(name: str, here: list[Holding], money: Scale, rate: str | None, told: list[str]) -> tuple[Market, bool]:
    """Return a market, and whether every position's maintenance is in its table."""
    lot, tick = _scales(here)
    per_tick_lot = 10 ** (money.decimals - tick.decimals - lot.decimals)
    mark_ticks = parse_units(here[0].mark or "", tick)
    table: dict[int, int] = {}
    is_whole = True
    for item in here:
        notional = abs(parse_units(item.size, lot)) * mark_ticks * per_tick_lot
        if item.maintenance is None:
            is_whole = False
        elif table.setdefault(notional, parse_units(item.maintenance, money)) != parse_units(item.maintenance, money):
            is_whole = False
            told.append(f"{name}: positions of one size state two maintenance margins; --maintenance {name}=RATE")
    if len(table) > MOST_STEPS:
        is_whole = False
        told.append(f"{name}: more than {MOST_STEPS:,} different maintenance margins; --maintenance {name}=RATE")
    tiers = tuple(Tier(notional, 0, 0, -margin) for notional, margin in sorted(table.items()))
    if rate is not None:
        rate_ppb = parse_units(rate, RATE)
        tiers, is_whole = (Tier(0, rate_ppb, rate_ppb),), True
    tiers = tiers if is_whole else (Tier(0, 0, 0),)
    terms = MarketTerms(market_id_of(name), per_tick_lot, tiers, _BOUND, _BOUND, _BOUND, tick, lot)
    return Market(terms, mark_ticks, mark_ticks), is_whole


def _add(book: Book, holding: Holding, money: Scale, *, is_hedged: bool) -> None:
    """Add a position, and its unit if that is the first one of it."""
    market = book.markets[market_id_of(holding.market)]
    terms = market.terms
    lots = parse_units(holding.size, terms.lot)
    cost = lots * parse_units(holding.entry, terms.tick) * terms.quanta_per_tick_lot
    unit = book.units.get(holding.unit)
    if unit is None:
        text = holding.equity if holding.equity is not None else holding.collateral
        isolated = "" if holding.mode == CROSS else terms.market_id
        unit = Unit(holding.unit, holding.account, isolated, quote=parse_units(text or "", money))
        book.units[holding.unit] = unit
        book.accounts.setdefault(holding.account, Account(holding.account, holding.account, "trader"))
    side = LONG if lots > 0 else SHORT
    unit.legs[leg_id_of(terms.market_id, side if is_hedged else "")] = Leg(lots, cost)
    # Collateral + profit = equity, and equity = quote + value: either way the quote follows.
    unit.quote -= lots * market.value_quanta if holding.equity is not None else cost
