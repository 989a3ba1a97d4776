"""A book of positions from a CSV or JSON file, as anybody can write it down: the input of ``deleverage queue``.

One position per line: ``account`` (or ``id``), ``market``, ``size`` (long +, short -), ``entry``, ``mark``, and either
``equity`` (of the account, at the mark) or ``collateral`` (of the account, without profit and loss).

Rules of this module:

* Plain decimals only, exact: no exponents, NaN, infinities, underscores or digits of other scripts. Every fault is
  listed. JSON keys may not repeat.
* All rows of one account state the same equity or collateral; all rows of one market the same mark.
* Lot, tick and quantum are as fine as the file's own decimals, so nothing is rounded.

Deliberately absent: margin tables. Without one, only equity <= 0 is a tier of its own.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from deleverage.adapters.tables import LARGEST_FILE_BYTES, Fault, Row, TableFault, read_table
from deleverage.rulebook.book import Account, Book, Leg, Market, MarketTerms, Tier, Unit
from deleverage.rulebook.quantities import BadQuantity, Scale, parse_units
from deleverage.scenarios.files import BadFile, read_bytes

COLUMNS = ("market", "size", "entry", "mark")
MONEY_DECIMALS = 6
WHOLE_DIGITS, DECIMALS = 18, 30
"""More digits than these are no book of positions; products of three such numbers are still exact scores."""
_BOUND = 10**60


class ExactText(str):
    """A JSON number as it was written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class PositionBook:
    """A book built from a file, and the scale that prints its money; it need not be a whole market."""

    book: Book
    money: Scale


class _Position(NamedTuple):
    """One row, numbers still as text; ``money`` is equity or collateral."""

    row: Row
    account: str
    market: str
    size: str
    entry: str
    mark: str
    money: str
    is_equity: bool


def read_positions(path: Path) -> PositionBook:
    """Return the book of a ``.json`` or CSV file; raise TableFault with every fault."""
    faults: list[Fault] = []
    rows = _read_json(path, faults) if path.suffix.lower() == ".json" else read_table(path, COLUMNS, faults)[1]
    if not rows and not faults:
        faults.append(Fault(path.name, 0, "", "the book is empty"))
    positions = [position for row in rows if (position := _position(row)) is not None]
    if not faults:
        _check_together(positions)
    if faults:
        raise TableFault(faults)
    return _build(positions)


def _position(row: Row) -> _Position | None:
    """Return a row whose every cell is what it should be; what is not, is noted."""
    before = len(row.faults)
    cells = row.cells
    names = [key for key in ("account", "id") if key in cells]
    moneys = [key for key in ("equity", "collateral") if cells.get(key, "") != ""]
    if len(names) != 1:
        row.fault("account", "a position has an account (or an id), one of the two")
    if len(moneys) != 1:
        row.fault("equity", "a position has an equity or a collateral, one of the two")
    for name in names:
        _check_id(row, name)
    _check_id(row, "market")
    for key in ("size", "entry", "mark", *moneys):
        _check_decimal(row, key, above_0=key in ("entry", "mark"))
    if cells["size"].strip("-0.") == "" and len(row.faults) == before:
        row.fault("size", "is 0: a position has a size")
    if len(row.faults) > before:
        return None
    money = moneys[0]
    return _Position(
        row,
        cells[names[0]],
        cells["market"],
        cells["size"],
        cells["entry"],
        cells["mark"],
        cells[money],
        money == "equity",
    )


def _check_id(row: Row, key: str) -> None:
    text = row.cells[key]
    if not text or len(text) > 64 or not all("!" <= character <= "~" for character in text):
        row.fault(key, f"{text[:64]!a} is no id: 1 to 64 printable ASCII characters without blank")


def _check_decimal(row: Row, key: str, *, above_0: bool) -> None:
    text = row.cells[key]
    try:
        units = parse_units(text, Scale(1, _decimals(text)))
    except BadQuantity:
        row.fault(key, f"{text[:64]!a} is not a plain decimal number")
        return
    if len(text.lstrip("-").partition(".")[0]) > WHOLE_DIGITS or _decimals(text) > DECIMALS:
        row.fault(key, f"{text[:64]} has more than {WHOLE_DIGITS} digits before the point or {DECIMALS} after it")
    if above_0 and units <= 0:
        row.fault(key, f"is {text}, must be above 0")


def _decimals(text: str) -> int:
    return min(60, len(text.partition(".")[2]))


def _check_together(positions: list[_Position]) -> None:
    """Note positions that contradict each other; numbers are compared as numbers (1.50 is 1.5)."""
    seen: set[tuple[str, str]] = set()
    marks: dict[str, str] = {}
    moneys: dict[str, tuple[str, bool]] = {}
    for position in positions:
        key = (position.account, position.market)
        if key in seen:
            position.row.fault("account", f"{position.account} has a position in {position.market} already")
        seen.add(key)
        mark = marks.setdefault(position.market, _plain(position.mark))
        if mark != _plain(position.mark):
            position.row.fault("mark", f"is {position.mark}, another row of {position.market} says {mark}")
        money = moneys.setdefault(position.account, (_plain(position.money), position.is_equity))
        if money != (_plain(position.money), position.is_equity):
            kind = "equity" if position.is_equity else "collateral"
            position.row.fault(kind, f"is {position.money}, another row of {position.account} says {money[0]}")


def _plain(text: str) -> str:
    """Return a plain decimal in one spelling."""
    whole, _, fraction = text.removeprefix("-").partition(".")
    body = (whole.lstrip("0") or "0") + ("." + fraction.rstrip("0") if fraction.rstrip("0") else "")
    return "-" + body if text.startswith("-") and body != "0" else body


def _build(positions: list[_Position]) -> PositionBook:
    """Return the book on a grid as fine as the file's decimals."""
    size_scales: dict[str, int] = {}
    price_scales: dict[str, int] = {}
    money_decimals = MONEY_DECIMALS
    for position in positions:
        market_id = position.market
        size_scales[market_id] = max(size_scales.get(market_id, 0), _decimals(position.size))
        finest = max(_decimals(position.entry), _decimals(position.mark))
        price_scales[market_id] = max(price_scales.get(market_id, 0), finest)
        together = size_scales[market_id] + price_scales[market_id]
        money_decimals = max(money_decimals, together, _decimals(position.money))
    book, money = Book(), Scale(1, money_decimals)
    for position in positions:
        market_id = position.market
        tick, lot = Scale(1, price_scales[market_id]), Scale(1, size_scales[market_id])
        per_tick_lot = 10 ** (money_decimals - tick.decimals - lot.decimals)
        if market_id not in book.markets:
            terms = MarketTerms(market_id, per_tick_lot, (Tier(0, 0, 0),), _BOUND, _BOUND, _BOUND, tick, lot)
            mark_ticks = parse_units(position.mark, tick)
            book.markets[market_id] = Market(terms, mark_ticks, mark_ticks)
        if position.account not in book.units:
            quote = parse_units(position.money, money)
            book.accounts[position.account] = Account(position.account, position.account, "trader")
            book.units[position.account] = Unit(position.account, position.account, quote=quote)
        unit, market = book.units[position.account], book.markets[market_id]
        lots = parse_units(position.size, lot)
        cost = lots * parse_units(position.entry, tick) * per_tick_lot
        unit.legs[market_id] = Leg(lots, cost)
        # Collateral + profit = equity, and equity = quote + value: either way the quote follows.
        unit.quote -= lots * market.value_quanta if position.is_equity else cost
    return PositionBook(book, money)


# -- JSON -----------------------------------------------------------------------------------------------------------


def _read_json(path: Path, faults: list[Fault]) -> list[Row]:
    """Return the rows of a JSON list of objects (or of an object with the one key ``positions``)."""
    name = path.name
    try:
        text = read_bytes(path, LARGEST_FILE_BYTES).decode("utf-8-sig")
        content = json.loads(
            text, parse_float=ExactText, parse_int=ExactText, parse_constant=_refuse, object_pairs_hook=_unique
        )
    except BadFile as refusal:
        faults.append(Fault(str(path), 0, "", str(refusal)))
        return []
    except UnicodeDecodeError:
        faults.append(Fault(name, 0, "", "is not UTF-8 text"))
        return []
    except (ValueError, RecursionError) as error:
        faults.append(Fault(name, 0, "", f"is not strict JSON: {error}"))
        return []
    if isinstance(content, dict) and set(content) == {"positions"}:
        content = content["positions"]
    if not isinstance(content, list):
        faults.append(Fault(name, 0, "", "must be a list of positions"))
        return []
    rows = []
    for number, item in enumerate(content, start=1):
        row = Row(name, number, {}, faults)
        if not isinstance(item, dict):
            row.fault("", "is no object")
            continue
        missing = [column for column in COLUMNS if column not in item]
        for column in missing:
            row.fault(column, "is missing")
        wrong = [key for key, value in item.items() if not isinstance(value, str)]
        for key in wrong:
            row.fault(ascii(key), "must be a text or a number")
        row.cells = {key: str(value) for key, value in item.items()}
        if not missing and not wrong:
            rows.append(row)
    return rows


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    doubles = sorted({key for key in keys if keys.count(key) > 1})
    if doubles:
        raise ValueError(f"the key {doubles[0]!a} is there twice in one object")
    return dict(pairs)
