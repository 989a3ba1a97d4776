"""Markers of centralised venues, as their API pages state them."""

from deleverage.adapters.holding import Item
from deleverage.adapters.markers.marker import (
    ADL,
    LIQUIDATION,
    SETTLEMENT,
    TAKEOVER,
    UNKNOWN,
    WARNING,
    Marker,
    closed,
    first,
    number,
    seconds_of,
    time_of,
    told,
)
from deleverage.rulebook.book import LONG, SHORT

_BINANCE = {"adl_autoclose*": ADL, "autoclose-*": LIQUIDATION, "settlement_autoclose-*": SETTLEMENT}
_SIDES = {"LONG": LONG, "SHORT": SHORT}


def binance_update(item: Item) -> Marker | None:
    """Return the marker of an ORDER_TRADE_UPDATE's order: its client order id; a size only where it filled."""
    found = told(item, "c", _BINANCE)
    if found is None:
        return None
    side = _SIDES.get(first(item, ["ps"]), "") or closed(item, "S")
    size, price = number(item, "l"), number(item, "L")
    when = time_of(item, "T")
    return Marker(
        "binance", found[0], first(item, ["s"]), side, size, price, when, item.account, found[1], _id(item, "i")
    )


def binance_order(item: Item) -> Marker | None:
    """Return the marker of an order, as in ``forceOrders``: its client order id, or the type that was asked for."""
    found = told(item, "clientOrderId", _BINANCE)
    found = found or told(item, "autoCloseType", {"ADL": ADL, "LIQUIDATION": LIQUIDATION})
    if found is None:
        return None
    side = _SIDES.get(first(item, ["positionSide"]), "") or closed(item, "side")
    size, price = number(item, "executedQty"), number(item, "avgPrice")
    market, when = first(item, ["symbol"]), time_of(item, "time")
    return Marker("binance", found[0], market, side, size, price, when, item.account, found[1], _id(item, "orderId"))


def bybit(item: Item) -> Marker | None:
    """Return the marker of an execution, an order or a position: ``execType``, ``createType``, ``positionStatus``."""
    creation = {
        "CreateByAdl_PassThrough*": ADL,
        "CreateByTakeOver_PassThrough*": TAKEOVER,
        "CreateByLiq*": LIQUIDATION,
    }
    found = told(item, "execType", {"AdlTrade": ADL, "BustTrade": TAKEOVER, "Delivery": SETTLEMENT})
    found = found or told(item, "createType", creation)
    state = None if found else told(item, "positionStatus", {"Adl": ADL, "Liq": LIQUIDATION})
    if found is None and state is None:
        return None
    role, said = found or state or ("", "")
    side = {"Buy": LONG, "Sell": SHORT}.get(first(item, ["side"]), "") if state else closed(item, "side")
    size = None if state else number(item, "execQty", "cumExecQty")
    price = None if state else number(item, "execPrice", "avgPrice")
    key = "execTime" if item.has("execTime") else "updatedTime"
    ids = _id(item, "execId", "orderId")
    return Marker(
        "bybit", role, first(item, ["symbol"]), side, size, price, time_of(item, key), item.account, said, ids
    )


def okx_closed(item: Item) -> Marker | None:
    """Return the marker of a position's history (``type``) or of an order (``category``)."""
    kinds = {"3": LIQUIDATION, "4": LIQUIDATION, "5": ADL, "6": ADL}
    orders = {"adl": ADL, "full_liquidation": LIQUIDATION, "partial_liquidation": LIQUIDATION}
    found = told(item, "type", kinds) or told(item, "category", orders)
    if found is None:
        return None
    way = first(item, ["direction", "posSide"])
    side = way if way in (LONG, SHORT) else closed(item, "side")
    size, price = number(item, "closeTotalPos", "accFillSz"), number(item, "closeAvgPx", "avgPx")
    market, when, ids = first(item, ["instId"]), time_of(item, "uTime"), _id(item, "ordId", "posId")
    return Marker("okx", found[0], market, side, size, price, when, item.account, found[1], ids)


def okx_warning(item: Item) -> Marker | None:
    """Return the state of a family of instruments, as ``adl-warning`` pushes it; a normal one is no marker."""
    found = told(item, "state", {"warning": WARNING, "adl": WARNING})
    if found is None:
        return None
    market = first(item, ["instFamily"])
    return Marker("okx", found[0], market, "", None, None, time_of(item, "ts"), "", found[1], first(item, ["adlType"]))


def deribit(item: Item) -> Marker | None:
    """Return a notification of ``user.liquidation``: who receives a position is the deleveraged counterparty."""
    states = {"adl_transfer_received": ADL, "adl_transfer": LIQUIDATION, "lsp_transfer": TAKEOVER}
    found = told(item, "state", {**states, "liquidation_*": LIQUIDATION, "close_out_liquidation_*": LIQUIDATION})
    if found is None:
        return None
    market, side = first(item, ["instrument_name"]), closed(item, "direction")
    size, price = number(item, "amount"), number(item, "price")
    when, whose = time_of(item, "timestamp"), first(item, ["user_id"]) or item.account
    return Marker("deribit", found[0], market, side, size, price, when, whose, found[1], _id(item, "trade_id"))


def whitebit(item: Item) -> Marker | None:
    """Return the marker of an order or deal: ``source`` adl, or a client order id that begins with adl_."""
    found = told(item, "source", {"adl": ADL}) or told(item, "clientOrderId", {"adl_*": ADL})
    if found is None:
        return None
    market, side = first(item, ["market"]), closed(item, "side")
    size, price = number(item, "dealStock", "amount"), number(item, "price")
    when = seconds_of(item, "ftime" if item.has("ftime") else "timestamp")
    ids = _id(item, "id", "orderId")
    return Marker("whitebit", found[0], market, side, size, price, when, item.account, found[1], ids)


def gate(item: Item) -> Marker | None:
    """Return a row of ``auto_deleverages``: the endpoint itself is the marker. The side is that of the position."""
    position = item.maybe("position_size") or ""
    side = "" if position.strip("-0.") == "" else SHORT if position.startswith("-") else LONG
    size, price, when = number(item, "trade_size"), number(item, "fill_price"), seconds_of(item, "time")
    market, whose = first(item, ["contract"]), first(item, ["user"]) or item.account
    return Marker("gate", ADL, market, side, size, price, when, whose, "auto_deleverages", _id(item, "order_id"))


def kucoin(item: Item) -> Marker | None:
    """Return the marker of a fill: ``tradeType``."""
    found = told(item, "tradeType", {"adl": ADL, "liquid": LIQUIDATION, "settlement": SETTLEMENT})
    if found is None:
        return None
    market, side = first(item, ["symbol"]), closed(item, "side")
    size, price, when = number(item, "size"), number(item, "price"), time_of(item, "createdAt")
    ids = _id(item, "tradeId", "orderId")
    return Marker("kucoin", found[0], market, side, size, price, when, item.account, found[1], ids)


def bitget(item: Item) -> Marker | None:
    """Return the marker of a fill or order: ``tradeSide``; netting a hedge is forced, and no liquidation of anybody."""
    sides = {"dte_sys_adl_*": ADL, "burst_*": LIQUIDATION, "reduce_*": LIQUIDATION, "delivery_*": SETTLEMENT}
    found = told(item, "tradeSide", {**sides, "offset_close_*": UNKNOWN})
    if found is None:
        return None
    named = [side for side in (LONG, SHORT) if first(item, ["tradeSide"]).endswith(f"_{side}")]
    side = named[0] if named else closed(item, "side")
    size, price = number(item, "baseVolume", "size"), number(item, "priceAvg", "price")
    market, when, ids = first(item, ["symbol"]), time_of(item, "cTime"), _id(item, "tradeId", "orderId")
    return Marker("bitget", found[0], market, side, size, price, when, item.account, found[1], ids)


def _id(item: Item, *keys: str) -> str:
    return first(item, keys)
