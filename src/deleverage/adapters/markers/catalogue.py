"""Every venue's markers by the keys of its records, and a file of records read through them.

BitMEX is not here: its public records do not tell a deleveraging from another trade.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from deleverage.adapters.envelope import records
from deleverage.adapters.holding import Item, Source
from deleverage.adapters.markers import centralised as cex
from deleverage.adapters.markers import decentralised as dex
from deleverage.adapters.markers.marker import Marker
from deleverage.adapters.strict_json import of_objects, read_json
from deleverage.adapters.tables import TableFault
from deleverage.scenarios.faults import nearest

WRAPPINGS = ("result", "params", "contents", "list", "data", "fills", "info")
"""What lies around records; ``info`` is the raw record in one of ccxt's. An order of Binance's stream lies in ``o``."""


class Kind(NamedTuple):
    """One kind of record: its venue, the keys that tell it, and its reader."""

    venue: str
    keys: frozenset[str]
    read: Callable[[Item], Marker | None]


def _kind(venue: str, keys: str, read: Callable[[Item], Marker | None]) -> Kind:
    return Kind(venue, frozenset(keys.split()), read)


KINDS = (
    _kind("hyperliquid", "coin px sz dir", dex.hyperliquid),
    _kind("okx", "instFamily state", cex.okx_warning),
    _kind("okx", "instId type posId", cex.okx_closed),
    _kind("okx", "instId category", cex.okx_closed),
    _kind("gate", "contract trade_size fill_price", cex.gate),
    _kind("bitget", "symbol tradeSide", cex.bitget),
    _kind("bybit", "symbol execType", cex.bybit),
    _kind("bybit", "symbol createType", cex.bybit),
    _kind("bybit", "symbol positionStatus", cex.bybit),
    _kind("kucoin", "symbol tradeType", cex.kucoin),
    _kind("binance", "s c S x", cex.binance_update),
    _kind("whitebit", "market source", cex.whitebit),
    _kind("whitebit", "market clientOrderId", cex.whitebit),
    _kind("binance", "symbol clientOrderId orderId", cex.binance_order),
    _kind("binance", "symbol autoCloseType", cex.binance_order),
    _kind("dydx", "market type createdAt", dex.dydx),
    _kind("dydx", "ticker type createdAt", dex.dydx),
    _kind("deribit", "state", cex.deribit),
)
"""In the order in which they are tried."""

VENUES = tuple(sorted({kind.venue for kind in KINDS}))


class Found(NamedTuple):
    """What a file of records holds: its markers, in its order, and how many records carry none."""

    markers: tuple[Marker, ...]
    ordinary: int


def read_markers(path: Path, venue: str | None = None) -> Found:
    """Return the markers in a JSON or JSON-lines file of a venue's records; raise TableFault with every fault."""
    source = Source(path.name)
    content = read_json(path, source.faults)
    return _markers(content, venue, source)


def markers_of(objects: Any, venue: str | None = None, name: str = "records") -> Found:
    """Return the markers in Python objects of a venue's records; raise TableFault."""
    source = Source(name)
    try:
        content = of_objects(objects)
    except ValueError as refusal:
        source.fault(str(refusal))
        content = None
    return _markers(content, venue, source)


def _markers(content: Any, venue: str | None, source: Source) -> Found:
    if venue is not None and venue not in VENUES:
        source.fault(f"--venue: no markers of {venue[:40]!a} are known, {nearest(venue, VENUES)}")
    if source.faults:
        raise TableFault(source.faults)
    kinds = [kind for kind in KINDS if venue in (None, kind.venue)]
    markers, ordinary, strange = [], 0, []
    for item in records(content, source, (*WRAPPINGS, "o")):
        readers = [kind.read for kind in kinds if kind.keys <= item.cells.keys()]
        found = next((marker for marker in (read(item) for read in readers[:1]) if marker is not None), None)
        if not readers:
            strange.append(item.path)
        elif found is None:
            ordinary += 1
        else:
            markers.append(found)
    if strange and not (markers or ordinary):
        whose = venue or f"a venue that is known ({', '.join(VENUES)})"
        source.fault(f"none of {len(strange)} records is one of {whose}", strange[0])
    if source.faults:
        raise TableFault(source.faults)
    return Found(tuple(markers), ordinary + len(strange))
