"""Somebody's positions as a book that can be ranked: the input of ``deleverage queue``.

A CSV or Parquet table in our own shape, or JSON in one of the shapes of ``shapes``, told by its keys.

Rules of this module:

* Decimals become integers exactly, never through a float. Every fault is listed. JSON keys may not repeat.
* All rows of one margin unit state the same equity or collateral; all rows of one market the same mark.
* What a file lacks is asked for by the name of the option that supplies it (``supplied``), never guessed.
"""

from pathlib import Path
from typing import Any

from deleverage.adapters.decimals import DECIMALS, WHOLE_DIGITS, decimals_of, is_beyond_use, plain
from deleverage.adapters.envelope import records
from deleverage.adapters.holding import Holding, Source
from deleverage.adapters.position_book import PositionBook, build, market_id_of
from deleverage.adapters.shapes import own
from deleverage.adapters.shapes.catalogue import OWN, known_shapes, shape_of
from deleverage.adapters.strict_json import LINES, of_objects, read_json
from deleverage.adapters.supplied import Supplied, complete, only_settled_in
from deleverage.adapters.tables import TableFault, read_table
from deleverage.rulebook.quantities import BadQuantity, Scale, parse_units

__all__ = ["PositionBook", "positions_of", "read_positions"]
PARQUET = (".parquet", ".pq")


def read_positions(path: Path, supplied: Supplied | None = None) -> PositionBook:
    """Return the book of a CSV, Parquet or JSON file; raise TableFault with every fault."""
    given, source = supplied or Supplied(), Source(path.name)
    if path.suffix.lower() in (".json", *LINES):
        content = read_json(path, source.faults)
        return _of_json(content, given, source)
    if path.suffix.lower() in PARQUET:
        from deleverage.adapters.parquet import read_parquet

        rows = read_parquet(path, own.COLUMNS, source.faults)
    else:
        rows = read_table(path, own.COLUMNS, source.faults)[1]
    holdings = [item for row in rows for item in own.read(row, given.account, bool(given.equity))]
    return _book_of(holdings, OWN, given, source)


def positions_of(objects: Any, supplied: Supplied | None = None, name: str = "positions") -> PositionBook:
    """Return the book of Python objects, such as ccxt's ``fetch_positions`` returns; raise TableFault."""
    source = Source(name)
    try:
        content = of_objects(objects)
    except ValueError as refusal:
        source.fault(str(refusal))
        raise TableFault(source.faults) from None
    return _of_json(content, supplied or Supplied(), source)


def _of_json(content: Any, supplied: Supplied, source: Source) -> PositionBook:
    if source.faults:
        raise TableFault(source.faults)
    items = records(content, source)
    shape = shape_of(items)
    if shape is None:
        if not source.faults and (items or not isinstance(content, list)):
            source.fault(f"must be a list of positions, in one of these shapes: {known_shapes()}")
        return _book_of([], OWN, supplied, source)
    holdings = [found for item in items for found in shape.read(item, supplied)]
    return _book_of(holdings, shape.name, supplied, source)


def _book_of(holdings: list[Holding], shape: str, supplied: Supplied, source: Source) -> PositionBook:
    """Return the book of what was read, or raise TableFault with everything that is wrong with it."""
    if not holdings and not source.faults:
        source.fault("the book is empty")
    kept = only_settled_in(holdings, supplied.settle, source)
    done = complete(kept, supplied, source, is_own=shape == OWN) if kept else []
    for holding in done:
        _check(holding, strict=shape == OWN)
    if not source.faults:
        _check_together(done)
    if source.faults:
        raise TableFault(source.faults)
    return build(done, shape, supplied.maintenance, source.notes)


def _check(holding: Holding, *, strict: bool) -> None:
    """Note every field that is not what it should be; where a reader has noted it already, the text is empty."""
    for name in ("account", "market"):
        _check_id(holding, name, getattr(holding, name), strict and name == "market")
    for name in ("size", "entry", "mark", "equity", "collateral", "maintenance"):
        text = getattr(holding, name)
        if text is not None and (text or strict):
            _check_decimal(holding, name, text)
    if strict and holding.size and holding.size.strip("-0.") == "":
        holding.fault("size", "is 0: a position has a size")


def _check_id(holding: Holding, name: str, text: str, strict: bool) -> None:
    if not text and not strict:
        return  # It was noted where it was read.
    if not text or len(text) > 64 or not all("!" <= character <= "~" for character in text):
        holding.fault(name, f"{text[:64]!a} is no id: 1 to 64 printable ASCII characters without blank")


def _check_decimal(holding: Holding, name: str, text: str) -> None:
    if plain(text) is not None and is_beyond_use(text) and "e" not in text.lower():
        holding.fault(name, f"{text[:64]} has more than {WHOLE_DIGITS} digits before the point or {DECIMALS} after it")
        return
    try:
        units = parse_units(text, Scale(1, decimals_of(text)))
    except BadQuantity:
        holding.fault(name, f"{text[:64]!a} is not a plain decimal number")
        return
    if name in ("entry", "mark") and units <= 0:
        holding.fault(name, f"is {text}, must be above 0")
    if name == "maintenance" and units < 0:
        holding.fault(name, f"is {text}, must not be negative")


def _check_together(holdings: list[Holding]) -> None:
    """Note positions that contradict each other; numbers are compared as numbers (1.50 is 1.5)."""
    seen: set[tuple[str, str, bool]] = set()
    marks: dict[str, str] = {}
    moneys: dict[str, tuple[str, bool]] = {}
    owners: dict[str, tuple[str, str]] = {}
    names: dict[str, str] = {}
    for holding in holdings:
        unit, market = holding.unit, holding.market
        key = (unit, market, holding.size.startswith("-"))
        if key in seen:
            holding.fault("account", f"{holding.account} has a position in {market} already")
        seen.add(key)
        if names.setdefault(market_id_of(market), market) != market:
            holding.fault(
                "market", f"{market} and {names[market_id_of(market)]} cannot be in one book: / is | inside it"
            )
        stated = str(plain(holding.mark or ""))
        mark = marks.setdefault(market, stated)
        if mark != stated:
            holding.fault("mark", f"is {holding.mark}, another row of {market} says {mark}")
        is_equity = holding.equity is not None
        text = holding.equity if holding.equity is not None else holding.collateral
        money = moneys.setdefault(unit, (str(plain(text or "")), is_equity))
        if money != (str(plain(text or "")), is_equity):
            kind = "equity" if is_equity else "collateral"
            holding.fault(kind, f"is {text}, another row of {unit} says {money[0]}")
        if owners.setdefault(unit, (holding.account, holding.mode)) != (holding.account, holding.mode):
            holding.fault("account", f"{unit} is the name of an isolated position and of an account")
