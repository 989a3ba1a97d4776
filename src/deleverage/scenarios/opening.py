"""The opening of a scenario: who trades with whom, so that everybody starts at the entry price that the file states.

A trade has one price and two sides. So the positions that were entered at one price meet each other, in the order of
the file; what is left at that price is traded with the market's ``rest_of_market`` account. While this happens the mark
stands at that price - the accounts entered when the market was there - and afterwards at the opening mark. Nothing is
invented: lots sum to zero, money moves only by trades and deposits, and the law decides on each of these commands.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import LONG, SHORT, Book, MarketTerms
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import initial_numerator, margin_balance
from deleverage.rulebook.messages import Command, MarkUpdate, Rejection, SetMarks, Trade
from deleverage.rulebook.quantities import MARGIN_SCALE, Scale, div_ceil, format_units
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.faults import Fault, Path, path_text
from deleverage.scenarios.model import Origin


class Holding(NamedTuple):
    """A position that a unit starts with: signed lots, entry price in ticks, and where the file says so."""

    unit_id: str
    market_id: str
    lots: int
    entry_ticks: int
    path: str
    hedge: bool = False


class Unmatched(NamedTuple):
    """Lots of one market that nobody takes the other side of at this entry price; signed."""

    market_id: str
    entry_ticks: int
    lots: int


@dataclass
class Opening:
    """Commands that bring every holding about, and what could not be matched."""

    commands: list[Origin] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)


def open_positions(holdings: Iterable[Holding], marks: dict[str, int], rest: dict[str, str]) -> Opening:
    """Return the opening: per market (in file order) and entry price (ascending) mark and trades, then the marks.

    ``marks`` are the opening marks in ticks, ``rest`` the unit that takes what is left, per market.
    """
    opening = Opening()
    by_market: dict[str, dict[int, list[Holding]]] = {market_id: {} for market_id in marks}
    for holding in holdings:
        by_market[holding.market_id].setdefault(holding.entry_ticks, []).append(holding)
    for market_id, by_price in by_market.items():
        for price_ticks, members in sorted(by_price.items()):
            mark = MarkUpdate(market_id, price_ticks)
            opening.commands.append(Origin(SetMarks(time_ns=0, marks=(mark,), confirmed=True), members[0].path))
            opening.commands += _trades(members, rest.get(market_id), opening)
    last = tuple(MarkUpdate(market_id, ticks) for market_id, ticks in marks.items())
    opening.commands.append(Origin(SetMarks(time_ns=0, marks=last, confirmed=True), "markets"))
    return opening


@dataclass(slots=True)
class _Open:
    """A holding and how many of its lots (> 0) have no other side yet."""

    holding: Holding
    lots: int


def _trades(members: list[Holding], rest: str | None, opening: Opening) -> Iterator[Origin]:
    """Yield the trades at one price: longs meet shorts in file order, the rest takes what is left."""
    longs = [_Open(holding, holding.lots) for holding in members if holding.lots > 0]
    shorts = [_Open(holding, -holding.lots) for holding in members if holding.lots < 0]
    while pair := _first_pair(longs, shorts):
        buyer, seller = pair
        lots = min(buyer.lots, seller.lots)
        yield _trade(buyer.holding, seller.holding, lots, buyer.holding)
        for queue, item in ((longs, buyer), (shorts, seller)):
            item.lots -= lots
            if not item.lots:
                queue.remove(item)
    if (longs or shorts) and rest is None:
        left = sum(holding.lots for holding in members)
        opening.unmatched.append(Unmatched(members[0].market_id, members[0].entry_ticks, left))
        return
    for item in longs:
        yield _trade(item.holding, item.holding._replace(unit_id=str(rest), hedge=False), item.lots, item.holding)
    for item in shorts:
        yield _trade(item.holding._replace(unit_id=str(rest), hedge=False), item.holding, item.lots, item.holding)


def _first_pair(longs: list[_Open], shorts: list[_Open]) -> tuple[_Open, _Open] | None:
    """Return the first long and short of different units: in hedge mode a unit may stand on both sides."""
    for buyer in longs:
        for seller in shorts:
            if seller.holding.unit_id != buyer.holding.unit_id:
                return buyer, seller
    return None


def _trade(buyer: Holding, seller: Holding, lots: int, blamed: Holding) -> Origin:
    trade = Trade(
        time_ns=0,
        market_id=blamed.market_id,
        buyer_unit_id=buyer.unit_id,
        seller_unit_id=seller.unit_id,
        lots=lots,
        price_ticks=blamed.entry_ticks,
        buyer_side=LONG if buyer.hedge else "",
        seller_side=SHORT if seller.hedge else "",
    )
    return Origin(trade, blamed.path)


def faults_of_opening(
    setup: Iterable[Origin], rules: Rules, money: Scale, paths: dict[str, Path], allow_underwater: bool
) -> list[Fault]:
    """Return what the law refuses of an opening, and who starts below the initial margin without being allowed to.

    ``paths`` says where each unit stands in the file. The opening is played on a book that is thrown away.
    """
    book, faults, blamed = Book(), [], set[tuple[str, str]]()
    for origin in setup:
        answer = decide(book, origin.command, rules)
        if isinstance(answer, Rejection):
            path = _blamed(origin, answer, paths)
            if (path, answer.code.name) not in blamed:
                terms = terms_of(book, origin.command)
                faults.append(Fault(path, f"is refused, {refusal(answer, money, terms)}"))
            blamed.add((path, answer.code.name))
            continue
        for fact in answer:
            apply(book, fact)
    if faults or allow_underwater:
        return faults
    for unit in book.sorted_units():
        balance, initial = margin_balance(book, unit), initial_numerator(book, unit)
        if balance * MARGIN_SCALE < initial:
            has, needs = format_units(balance, money), format_units(div_ceil(initial, MARGIN_SCALE), money)
            sentence = f"starts with a margin balance of {has} at the opening mark, below the initial margin {needs}"
            sentence += " (say allow_underwater = true if that is the story)"
            faults.append(Fault(path_text(paths.get(unit.unit_id, ())), sentence))
    return faults


_LOTS = ("LOTS_ABOVE_MAXIMUM", "OPEN_INTEREST_ABOVE_MAXIMUM", "MORE_THAN_HELD", "NOTHING_TO_APPROVE", "BAD_LOTS")


def terms_of(book: Book, command: Command) -> MarketTerms | None:
    """Return the terms of the market that a command is about, if it is about one."""
    market = book.markets.get(getattr(command, "market_id", ""))
    return None if market is None else market.terms


def refusal(answer: Rejection, money: Scale, terms: MarketTerms | None = None) -> str:
    """Return a rejection's code and sentence with its compared numbers."""
    return f"{answer.code.name}: {sentence_of(answer, money, terms)}"


def sentence_of(answer: Rejection, money: Scale, terms: MarketTerms | None = None) -> str:
    """Return a rejection's sentence with its compared numbers: money, prices, sizes and shares as people write them."""
    scale = Scale(1, 9) if answer.code.name == "LEVERAGE_ABOVE_MAXIMUM" else Scale(1, 0)
    if "MARGIN" in answer.code.name or answer.code.name in (
        "BELOW_ZERO",
        "BELOW_MAINTENANCE",
        "INSUFFICIENT_EQUITY",
        "POOL_FLOOR",
        "DISCOUNT_TOO_SMALL",
        "BAD_AMOUNT",
        "BAD_PRICE",
    ):
        scale = money
    elif terms is not None and answer.code.name == "PRICE_OUT_OF_BAND":
        scale = terms.tick
    elif terms is not None and answer.code.name in _LOTS:
        scale = terms.lot
    compared = [item for item in (answer.found, answer.bound) if item != ""]
    numbers = " against ".join(format_units(item, scale) if type(item) is int else str(item) for item in compared)
    return answer.sentence + (f" ({numbers})" if numbers else "")


def _blamed(origin: Origin, answer: Rejection, paths: dict[str, Path]) -> str:
    """Return the path of the side that the refusal names, else that of the command."""
    command: Command = origin.command
    if isinstance(command, Trade):
        for unit_id in (command.buyer_unit_id, command.seller_unit_id):
            if answer.sentence.startswith(f"{unit_id} ") or f" {unit_id} " in answer.sentence:
                return path_text(paths.get(unit_id, ())) or origin.path
    return origin.path
