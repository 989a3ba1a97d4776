"""What a venue itself says about a place in the queue: its raw answer, or ccxt's with the raw one in ``info``.

The raw answer is read, not ccxt's numbers: its parsers of August 2026 make 0 of BitMEX's 0.9999, and take Binance's
BOTH, 0 in hedge mode, instead of LONG and SHORT. Per side where the venue says a side; HEDGE is a sign and no value.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from deleverage.adapters.decimals import times
from deleverage.adapters.envelope import records
from deleverage.adapters.holding import Item, Source
from deleverage.adapters.strict_json import of_objects
from deleverage.adapters.tables import TableFault
from deleverage.rulebook.book import LONG, SHORT
from deleverage.venues.indicators import INDICATORS, RISING, BadIndicator, Share

WRAPPINGS = ("result", "list", "data", "positions", "queue", "info")
_SIDES = {"long": LONG, "buy": LONG, "short": SHORT, "sell": SHORT}
_QUANTILES = {"LONG": LONG, "SHORT": SHORT, "BOTH": ""}


class _Field(NamedTuple):
    """Where a venue's value stands: the key that tells it, and the keys of symbol and side."""

    indicator: str
    key: str
    symbol: str = "symbol"
    side: str = ""


_FIELDS = (
    _Field("binance-symbol", "adlRisk"),
    _Field("bybit", "adlRankIndicator", side="side"),
    _Field("gate", "adl_ranking", "contract"),
    _Field("htx", "adl_risk_percent", "contract_code", "direction"),
    _Field("bitget", "adlRank", side="holdSide"),
    _Field("kucoin", "delevPercentage"),
    _Field("bitmex", "deleveragePercentile"),
    _Field("phemex", "deleveragePercentileRr", side="side"),
    _Field("kraken", "percentile"),
    _Field("okx", "adl", "instId", "posSide"),
    _Field("binance", "adl", "symbol", "positionSide"),
)


@dataclass(frozen=True, slots=True)
class AdlRank:
    """One value: on the venue's scale, and as normalised risk (``None``: no position, or a direction nobody knows)."""

    indicator: str
    symbol: str
    side: str
    value: str | None
    risk_ppb: int | None
    timestamp_ms: int | None
    info: dict[str, Any]

    def as_ccxt(self) -> dict[str, Any]:
        """Return ccxt's structure: a level is a rank, a word a rating, a share a percentage as decimal text."""
        scale = INDICATORS[self.indicator]
        is_share = isinstance(scale, Share) or self.indicator == "kraken"
        is_word = self.value is not None and not self.value[:1].isdigit()
        percentage = None if self.value is None or not is_share else self.value
        if percentage is not None and isinstance(scale, Share):
            percentage = times(percentage, "100")
        moment = None if self.timestamp_ms is None else _EPOCH + timedelta(milliseconds=self.timestamp_ms)
        return {
            "info": self.info,
            "symbol": self.symbol or None,
            "rank": int(self.value) if self.value is not None and not (is_share or is_word) else None,
            "rating": self.value if is_word else None,
            "percentage": percentage,
            "timestamp": self.timestamp_ms,
            "datetime": None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def adl_ranks(objects: Any, direction: str = "", name: str = "ranks") -> tuple[AdlRank, ...]:
    """Return every value in a venue's answer, in its order; raise TableFault.

    ``direction`` (rising or falling) is for scales whose venue does not say it; without it their risk is ``None``.
    """
    source = Source(name)
    try:
        items = records(of_objects(objects), source, WRAPPINGS)
    except ValueError as refusal:
        source.fault(str(refusal))
        items = []
    found = [rank for item in items for rank in _ranks(item, direction)]
    if not found and not source.faults:
        source.fault("holds no indicator of a venue that is known")
    if source.faults:
        raise TableFault(source.faults)
    return tuple(found)


def _ranks(item: Item, direction: str) -> list[AdlRank]:
    quantiles = item.cells.get("adlQuantile")
    if isinstance(quantiles, dict):
        inner = item.inner("adlQuantile")
        keys = [key for key in _QUANTILES if inner.has(key)]
        return [_rank(item, inner, _Field("binance", key), _QUANTILES[key], direction) for key in keys]
    for one in _FIELDS:
        if one.key in item.cells and (one.key != "adl" or one.symbol in item.cells):
            stated = item.cells.get(one.side)
            side = _SIDES.get(stated.lower(), "") if isinstance(stated, str) else ""
            return [_rank(item, item, one, side, direction)]
    return []


def _rank(item: Item, holder: Item, one: _Field, side: str, direction: str) -> AdlRank:
    """Return a value; one that its scale does not have is noted."""
    scale = INDICATORS[one.indicator]
    text = holder.cells.get(one.key)
    value: str | None = None if text is None or text == "" else holder.text(one.key)
    named = scale.direction or direction
    risk_ppb = None
    try:
        risk_ppb = scale.decode(value, named or RISING)  # A value off the scale is one in either direction.
    except BadIndicator as refusal:
        holder.fault(one.key, str(refusal))
    symbol = item.cells.get(one.symbol)
    moment = item.cells.get("updateTime", item.cells.get("timestamp"))
    known = isinstance(moment, str) and moment.isascii() and moment.isdigit() and len(moment) <= 14
    stamp = int(moment) if known and isinstance(moment, str) else None
    said = symbol if isinstance(symbol, str) else ""
    return AdlRank(one.indicator, said, side, value, risk_ppb if named else None, stamp, item.cells)
