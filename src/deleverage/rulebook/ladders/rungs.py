"""One-line refusals that several ladders share, each with the compared numbers."""

from collections.abc import Callable, Container, Iterator
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import LONG, SHORT, Book, Market, Unit
from deleverage.rulebook.breaker import is_beyond
from deleverage.rulebook.gates import Gate
from deleverage.rulebook.margin import free_quanta, initial_numerator, margin_balance, released_quanta
from deleverage.rulebook.messages import Code, Command, Fact, Rejection
from deleverage.rulebook.periods import profit_moved
from deleverage.rulebook.quantities import END_NS, LARGEST, MARGIN_SCALE, div_ceil
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.guards import asset_guards, guarded_marks

Ladder = Callable[[Book, Any, Rules], Iterator[Fact]]
"""Refusals in the order of ``Code``, then a computation, then facts."""


class Refused(Exception):
    """Carries a rejection out of a ladder; never leaves ``decide``."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.sentence)
        self.rejection = rejection


def refuse(when: bool, code: Code, sentence: str, found: int | str = "", bound: int | str = "") -> None:
    """One rung of a ladder: leave with this rejection if its reason holds."""
    if when:
        raise Refused(Rejection(code, sentence, found, bound))


def next_fact(book: Book, command: Command, offset: int = 1) -> dict[str, Any]:
    """Return the sequence number and time of the next fact, or of the one ``offset`` after the last."""
    return {"seq": book.seq + offset, "time_ns": command.time_ns}


def margin_moved(
    book: Book, command: Command, source: Unit, target_id: str, amount: int, *, released: bool, offset: int = 1
) -> Fact:
    """Return the fact of money moving between two units of one account."""
    return m.MarginMoved(
        **next_fact(book, command, offset),
        from_unit_id=source.unit_id,
        to_unit_id=target_id,
        amount_quanta=amount,
        released=released,
        profit_quanta=profit_moved(book, source, amount, released),
    )


def releases(book: Book, command: Command, looked: list[Unit]) -> Iterator[Fact]:
    """Yield the releases behind the one fact of this command, which leaves these units as they are here."""
    offset = 2
    for after in looked:
        if (rest := released_quanta(book, after)) > 0:
            yield margin_moved(book, command, after, after.account_id, rest, released=True, offset=offset)
            offset += 1


def require_types(path: str, record: Any) -> None:
    """Refuse a record with a field that is not exactly what it is declared as: no float, None or bool for a number."""
    record_type: Any = type(record)
    for name, kind, member in _declared(record_type):
        part = getattr(record, name)
        _require_type(f"{path}.{name}", part, kind)
        parts = enumerate(part) if member is not None else ()
        for at, item in parts:
            _require_type(f"{path}.{name}[{at}]", item, member)
            require_types(f"{path}.{name}[{at}]", item)
        if kind not in (int, str, bool, tuple):
            require_types(f"{path}.{name}", part)


def _require_type(path: str, part: Any, kind: Any) -> None:
    refuse(type(part) is not kind, Code.BAD_TYPE, f"{path} is declared as {kind.__name__}", type(part).__name__)


@cache
def _declared(kind: Any) -> tuple[tuple[str, Any, Any], ...]:
    """Return name, type and (of a tuple) member type of every field of a record."""
    shape = []
    for name, hint in get_type_hints(kind).items():
        many = get_origin(hint) is tuple
        shape.append((name, tuple if many else hint, get_args(hint)[0] if many else None))
    return tuple(shape)


def require_time(time_ns: int) -> None:
    """Refuse a time behind the last one that there is."""
    refuse(time_ns >= END_NS, Code.BAD_TIME, "a time lies before 2^63 ns", time_ns, END_NS)


def require_id(text: str, slash: bool = False) -> None:
    """Refuse an id that is empty, too long or not printable ASCII."""
    printable = 0 < len(text) <= 64 and all("!" <= character <= "~" for character in text)
    sentence = "an id is 1 to 64 printable ASCII characters, / only in orders"
    refuse(not printable or ("/" in text and not slash), Code.BAD_ID, sentence, ascii(text[:64]))


def require_market(book: Book, market_id: str) -> Market:
    """Return a market, or refuse the unknown."""
    refuse(market_id not in book.markets, Code.UNKNOWN_MARKET, "no such market", market_id)
    return book.markets[market_id]


def guard_of(before: int, proposed: int, sources: int, rules: Rules) -> str:
    """Return why a proposed mark or index price is not accepted; empty: it is."""
    if sources < rules.min_sources:
        return "under_sourced"
    banded = rules.mark_band_ppb and before
    return "out_of_band" if banded and is_beyond(proposed, before, rules.mark_band_ppb) else ""


def require_unit(book: Book, unit_id: str) -> Unit:
    """Return a unit, or refuse the unknown."""
    refuse(unit_id not in book.units, Code.UNKNOWN_UNIT, "no such unit", unit_id)
    return book.units[unit_id]


def require_amount(amount_quanta: int) -> None:
    """Refuse an amount that is no money or beyond every bound."""
    within = 1 <= amount_quanta <= LARGEST
    refuse(not within, Code.BAD_AMOUNT, "an amount lies from 1 quantum to 10^40", amount_quanta, LARGEST)


def require_price(market: Market, price_ticks: int) -> None:
    """Refuse a price outside the market's bounds, or one at which a lot is worth too little."""
    bound, least = market.terms.max_price_ticks, market.terms.min_value_quanta
    refuse(not 1 <= price_ticks <= bound, Code.BAD_PRICE, "a price lies from 1 tick to the bound", price_ticks, bound)
    value = abs(market.terms.value_at(price_ticks))
    refuse(value < least, Code.BAD_PRICE, "a lot is worth at least the market's resolution", value, least)


def require_mark(market: Market) -> None:
    """Refuse what needs a mark in a market without one."""
    refuse(market.mark_price_ticks == 0, Code.NO_MARK, "the market has no mark yet", market.terms.market_id)


def require_live(market: Market, time_ns: int = 0) -> None:
    """Refuse a settled market; for trades and orders (``time_ns``) also one past its expiry."""
    market_id, expiry = market.terms.market_id, market.terms.expiry_ns
    refuse(market.settled, Code.MARKET_SETTLED, "the market is settled for good", market_id)
    expired = 0 < expiry <= time_ns
    refuse(expired, Code.MARKET_EXPIRED, "the contract has expired and waits for its settlement", time_ns, expiry)


def require_no_halt(book: Book, sentence: str) -> None:
    """Refuse what needs a domain that neither a residual nor an operator has halted."""
    refuse(book.is_halted, Code.DOMAIN_HALTED, f"the domain is halted: {sentence}", book.halts.get("", "residual"))


def require_running(book: Book, market_id: str, sentence: str) -> None:
    """Refuse what needs a market that nobody has halted."""
    require_no_halt(book, sentence)
    reason = book.halts.get(market_id, "")
    refuse(market_id in book.halts, Code.MARKET_HALTED, f"{market_id} is halted: {sentence}", reason)


def require_no_pause(market: Market, time_ns: int) -> None:
    """Refuse what opens while the breaker has paused a market."""
    until_ns = market.paused_until_ns
    refuse(time_ns < until_ns, Code.MARKET_PAUSED, "the breaker has paused what opens until then", time_ns, until_ns)


def require_in_band(market: Market, price_ticks: int, rules: Rules) -> None:
    """Refuse a voluntary price too far from the mark; whoever wants to reduce finds the mark itself within the band."""
    mark, band = market.mark_price_ticks, rules.trade_band_ppb
    outside = band > 0 and is_beyond(price_ticks, mark, band)
    refuse(outside, Code.PRICE_OUT_OF_BAND, "a price lies within the band around the mark", price_ticks, mark)


def require_own_market(unit: Unit, market_id: str) -> None:
    """Refuse a trade of an isolated unit outside its own market."""
    own = unit.isolated_market_id
    refuse(
        own not in ("", market_id), Code.WRONG_MARKET, f"{unit.unit_id} trades in its own market only", market_id, own
    )


def require_side(book: Book, unit: Unit, side: str) -> None:
    """Refuse a leg that the unit's mode does not have: long or short in hedge mode, no side in one-way mode."""
    known = (LONG, SHORT) if book.accounts[unit.account_id].hedge else ("",)
    if unit.isolated_side:
        known = (unit.isolated_side,)
    refuse_side(side, known)


def refuse_side(side: str, known: tuple[str, ...]) -> None:
    """Refuse a side that is not among the known ones."""
    sentence = "a leg's side is " + " or ".join(name or "left out" for name in known)
    refuse(side not in known, Code.WRONG_SIDE, sentence, ascii(side)[:64], ", ".join(known))


def require_solvent(unit: Unit) -> None:
    """Refuse a bankrupt unit."""
    sentence = "the unit is bankrupt until its lots and shortfall are settled"
    refuse(unit.bankrupt, Code.UNIT_BANKRUPT, sentence, unit.unit_id)


def require_open(gate: Gate | None) -> None:
    """Refuse whoever stands before a closed gate."""
    if gate is not None:
        raise Refused(gate.rejection())


def require_no_residual(book: Book) -> None:
    """Refuse while a named residual is not repaid."""
    residual = book.residual_quanta
    refuse(residual > 0, Code.RESIDUAL_OUTSTANDING, "the residual is not repaid", residual, 0)


def require_unguarded(book: Book, unit: Unit, rules: Rules, time_ns: int) -> None:
    """Refuse to let anything out of a unit whose legs or assets are worth nobody knows what."""
    guarded = sorted(unit.markets() & set(guarded_marks(book, rules, time_ns)))
    guarded += sorted(set(unit.assets) & set(asset_guards(book, rules, time_ns)))
    sentence = "nothing leaves a unit while a mark of its legs or the price of its assets is guarded"
    refuse(bool(guarded), Code.MARK_GUARDED, sentence, ", ".join(guarded))


def require_free(book: Book, unit: Unit, amount: int, rules: Rules, time_ns: int) -> None:
    """Refuse an amount above what may leave the unit, or any while its legs are guarded."""
    require_unguarded(book, unit, rules, time_ns)
    require_free_money(book, unit, amount)


def require_free_money(book: Book, unit: Unit, amount: int) -> None:
    """Refuse an amount above what may leave the unit."""
    free = free_quanta(book, unit)
    refuse(amount > free, Code.INSUFFICIENT_EQUITY, "only equity above the initial requirement may leave", amount, free)


def require_held(unit: Unit, leg_id: str, lots: int) -> None:
    """Refuse to close more lots of a leg than there are."""
    held = abs(unit.legs[leg_id].lots) if leg_id in unit.legs else 0
    refuse(lots > held, Code.MORE_THAN_HELD, f"{unit.unit_id} closes more of {leg_id} than it has", lots, held)


def require_lots(market: Market, lots: int) -> None:
    """Refuse a position beyond the market's bound; lots of position and open orders."""
    bound = market.terms.max_lots
    refuse(lots > bound, Code.LOTS_ABOVE_MAXIMUM, "position and open orders exceed the bound", lots, bound)


def require_initial(book: Book, looked: Unit, guarded: Container[str]) -> None:
    """Refuse a unit that would hold less than the initial margin; assets with a ``guarded`` price count 0 here."""
    own, initial = margin_balance(book, looked, guarded), initial_numerator(book, looked)
    sentence = f"{looked.unit_id} would hold less than the initial margin"
    short = own * MARGIN_SCALE < initial
    refuse(short, Code.BELOW_INITIAL_MARGIN, sentence, own, div_ceil(initial, MARGIN_SCALE))
