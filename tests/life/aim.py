"""Commands aimed at a state of the domain that refuses them: halted, paused, bankrupt, settled, expired, no mark.

The state chooses what is possible; contract, margin mode and command are drawn evenly, so that no cell stays empty
because its parts are seldom.
"""

from typing import TYPE_CHECKING, Any

from tests.life.auction import some_bid
from tests.life.wrong import (
    below_maintenance,
    below_zero,
    leverage_too_low,
    mark_guarded,
    open_interest_above_maximum,
)

if TYPE_CHECKING:
    from tests.life.life import Life

Plain = dict[str, Any]


HARD = (
    *[below_maintenance] * 5,
    below_zero,
    *[mark_guarded] * 2,
    *[open_interest_above_maximum] * 3,
    *[leverage_too_low] * 2,
)
"""Refusals that need numbers just so."""


def aimed(life: "Life") -> Plain | None:
    """Return a command that the present state refuses, or None if it refuses nothing."""
    if life.rng.random() < 0.35:
        return life.rng.choice(HARD)(life)
    places = _places(life)
    if not places or not life.state["units"]:
        return None
    why = life.rng.choice(sorted(places))
    if "bankrupt" in places and life.rng.random() < 0.6:
        why = "bankrupt"  # It does not last.
    for seldom in ("settled", "halted"):
        if seldom in places and life.rng.random() < 0.2:
            why = seldom
    if why == "bankrupt":
        return _against_bankrupt(life, _even(life, places[why]))
    market_id = _by_contract(life, places[why])
    kinds = ["Trade", "PlaceOrder", "Trade", "PlaceOrder", "market"]
    if why not in ("paused", "banded") and life.rng.choice(kinds) == "market":
        return _about_market(life, market_id)
    if life.rng.random() < 0.12 and (bid := some_bid(life, market_id)) is not None:
        return bid
    unit = _even(life, _traders(life, market_id))
    return None if unit is None else _trading(life, market_id, unit, beyond=why == "banded")


def _places(life: "Life") -> dict[str, list[str]]:
    """Return what is refused now, and where: markets, or bankrupt units."""
    markets, found = life.state["markets"], {}
    found["settled"] = life.settled
    found["no mark"] = [key for key, market in markets.items() if not market["mark"]]
    found["expired"] = [key for key in markets if 0 < life.terms[key]["expiry_ns"] <= life.time]
    found["halted"] = list(markets) if life.is_halted() else []
    found["stopped"] = [key for key in life.state["halts"] if key]
    found["paused"] = [key for key, market in markets.items() if life.time < market["paused_until"]]
    found["banded"] = [key for key, market in markets.items() if market["mark"] and life.rules["trade_band_ppb"]]
    found["reduce-only"] = [key for key, market in markets.items() if market["reduce_only"]]
    found["bankrupt"] = [key for key, unit in life.state["units"].items() if unit["bankrupt"]]
    return {why: places for why, places in found.items() if places}


def _by_contract(life: "Life", markets: list[str]) -> str:
    contract = life.rng.choice(sorted({life.terms[key]["contract"] for key in markets}))
    return life.rng.choice([key for key in markets if life.terms[key]["contract"] == contract])


def _even(life: "Life", units: list[str]) -> str | None:
    """Return a unit, every margin mode that is there with the same chance."""
    if not units:
        return None
    mode = life.rng.choice(sorted({life.mode_of(key) for key in units}))
    return life.rng.choice([key for key in units if life.mode_of(key) == mode])


def _traders(life: "Life", market_id: str) -> list[str]:
    units = life.state["units"].items()
    return [key for key, unit in units if not unit["bankrupt"] and unit["isolated"] in ("", market_id)]


def _trading(life: "Life", market_id: str, unit_id: str, beyond: bool = False) -> Plain | None:
    if (market_id in life.settled or life.state["units"][unit_id]["bankrupt"]) and life.rng.random() < 0.3:
        return life.at("SetLeverage", unit_id=unit_id, market_id=market_id, leverage_ppb=3 * 10**9)
    price = life.first_price[market_id]
    if beyond:  # a little more than the band allows
        price = life.state["markets"][market_id]["mark"]
        price += price * life.rules["trade_band_ppb"] // 10**9 + 1
    price = min(max(1, price), life.terms[market_id]["max_price_ticks"])
    if life.rng.random() < 0.7:
        life.orders += 1
        fields = {"order_id": f"a{life.orders}", "unit_id": unit_id, "market_id": market_id}
        lots = life.rng.choice((1, -1))
        return life.with_sides(life.at("PlaceOrder", **fields, lots=lots, price_ticks=price))
    others = [key for key in _traders(life, market_id) if key != unit_id]
    other = _even(life, others)
    if other is None:
        return None
    buyer, seller = (unit_id, other) if life.rng.random() < 0.5 else (other, unit_id)
    return life.trade(market_id, buyer, seller, 1, price)


def _about_market(life: "Life", market_id: str) -> Plain | None:
    price = max(1, min(life.first_price[market_id], life.terms[market_id]["max_price_ticks"]))
    if market_id in life.settled and life.rng.random() < 0.3:
        halting = life.rng.random() < 0.5
        return life.at("Halt", scope=market_id, reason="late") if halting else life.at("Resume", scope=market_id)
    kinds = ["SetMarks", "AccrueFunding", "SettleMarket", "OpenIsolated", "SettleMarket", "AnnounceRequirements"]
    kinds += ["OpenIsolated", "OpenIsolated", "AccrueFunding"] if market_id in life.settled else ["SettleMarket"]
    kind = life.rng.choice([*kinds, "Regroup"])
    if kind == "AnnounceRequirements":
        return life.announcement(market_id)
    if kind == "Regroup":
        # What is only halted or without a mark may be regrouped: there the pool is its own already.
        known = life.state["markets"].get(market_id)
        return life.at(kind, market_id=market_id, pool_id=known["pool"] if known else life.pool())
    if kind == "SetMarks":
        if not life.state["halted"] and life.is_halted():
            return None
        return life.at(kind, marks=[life.mark(market_id, price)], confirmed=True)
    if kind == "AccrueFunding":
        return life.at(kind, market_id=market_id, rate_ppb=1)
    if kind == "OpenIsolated":
        return life.isolate(life.rng.choice(list(life.state["accounts"])), market_id)
    if market_id not in life.settled:
        mark = life.state["markets"][market_id]["mark"]
        if not life.state["halted"] or not mark:
            return None  # It would be accepted, in the middle of a move.
        price = mark + 1 if mark < life.terms[market_id]["max_price_ticks"] else mark - 1
    return life.at(kind, market_id=market_id, price_ticks=price)


def _against_bankrupt(life: "Life", unit_id: str | None) -> Plain | None:
    assert unit_id is not None
    unit = life.state["units"][unit_id]
    kind = life.rng.choice(("Deposit", "Withdraw", "MoveMargin", *["trade"] * 5))
    if kind in ("Deposit", "Withdraw"):
        return life.at(kind, unit_id=unit_id, amount_quanta=1)
    if kind == "MoveMargin":
        siblings = [k for k, u in life.state["units"].items() if u["account"] == unit["account"] and k != unit_id]
        if not siblings:
            return None
        return life.at(kind, from_unit_id=unit_id, to_unit_id=life.rng.choice(siblings), amount_quanta=1)
    earlier = ("settled", "no mark", "expired", "halted", "stopped")  # These refuse before bankruptcy does.
    refusing = {key for why, places in _places(life).items() if why in earlier for key in places}
    markets = [key for key in life.state["markets"] if key not in refusing and unit["isolated"] in ("", key)]
    return _trading(life, _by_contract(life, markets), unit_id) if markets else None
