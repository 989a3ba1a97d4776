"""Commands of collateral that are to be refused: a maker per code, None where the state does not allow it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.life.life import Life

Plain = dict[str, Any]
PPB = 10**9


def some_move(life: "Life", **other: Any) -> Plain | None:
    """Return a deposit, withdrawal or conversion of an asset, with some fields replaced."""
    units = list(life.state["units"])
    if not life.state["assets"] or len(units) < 2:
        return None
    asset_id = life.rng.choice(list(life.state["assets"]))
    owners = life.owners()
    unit_id, asset_id = owners[0] if owners else (life.rng.choice(units), asset_id)
    fields: Plain = {"unit_id": unit_id, "asset_id": asset_id, "amount_grains": 1}
    kind = life.rng.choice(("DepositAsset", "WithdrawAsset", "Convert"))
    if kind == "Convert":
        price = life.state["assets"][asset_id]["price"] or 1
        fields |= {"taker_unit_id": life.rng.choice([key for key in units if key != unit_id]), "price_quanta": price}
    return life.at(kind, **(fields | other))


def unknown_asset(life: "Life") -> Plain | None:
    """Return a command for an asset that is not there."""
    if life.rng.random() < 0.3:
        prices = [{"asset_id": "none", "price_quanta": life.rng.choice((0, 1)), "sources": 1}]
        return life.at("SetAssetPrices", prices=prices, confirmed=False)
    move = some_move(life, unit_id=life.rng.choice(("nobody", *life.state["units"])))
    return move and move | {"asset_id": "none"}


def isolated_unit(life: "Life") -> Plain | None:
    """Return collateral for an isolated unit, on either side of a conversion."""
    isolated = [key for key, unit in life.state["units"].items() if unit["isolated"]]
    if not isolated or not any(asset["price"] for asset in life.state["assets"].values()):
        return None
    move = some_move(life, unit_id=isolated[0])
    if move and move["kind"] == "Convert" and life.rng.random() < 0.5:
        others = [key for key in life.state["units"] if key != isolated[0]]
        move |= {"unit_id": life.rng.choice(others), "taker_unit_id": isolated[0]}
    return move


def assets_pledged(life: "Life") -> Plain | None:
    """Return a movement of assets of a unit that has a pledge."""
    pledged = [key for key, unit in life.state["units"].items() if unit["carried"] and not unit["bankrupt"]]
    if not pledged:
        return None
    asset_id = next(iter(life.state["units"][pledged[0]]["assets"]))
    move = some_move(life, unit_id=pledged[0], asset_id=asset_id)
    if move and move["kind"] == "Convert" and life.rng.random() < 0.3:
        move |= {"unit_id": move["taker_unit_id"], "taker_unit_id": pledged[0]}
    return move


def out_of_band(life: "Life") -> Plain | None:
    """Return a conversion too far from the index."""
    owners, band = life.owners(), life.rules["conversion_band_ppb"]
    if not owners or not band:
        return None
    unit_id, asset_id = owners[0]
    others = [key for key in life.holders_of_assets() if key != unit_id]
    if not others:
        return None
    price = life.price_of(asset_id)
    off = price * band // PPB + life.rng.choice((1, 1, 5))
    price = max(1, price + life.rng.choice((1, -1)) * off)
    price = min(price, life.asset_terms[asset_id]["max_price_quanta"])
    fields = {"unit_id": unit_id, "asset_id": asset_id, "amount_grains": 1, "price_quanta": price}
    return life.at("Convert", taker_unit_id=life.rng.choice(others), **fields)


def bad_asset_terms(life: "Life") -> Plain | None:
    """Return the listing of an asset with terms that may not be or are no integers, or of one that is there."""
    if not life.state["assets"]:
        return None
    terms = {key: value for key, value in life.asset_terms[next(iter(life.state["assets"]))].items() if key != "first"}
    if life.rng.random() < 0.2:
        return life.at("ListAsset", terms=terms)
    wrong = life.rng.choice(
        (
            {"price_grains": 0},
            {"max_price_quanta": 10**41},
            {"cap_grains": -1},
            {"fund_cap_grains": -1},
            {"haircut_ppb": PPB + 1},
            {"haircut_ppb": -1},
            {"discount_ppb": terms["haircut_ppb"] + 1},
            {"discount_ppb": -1},
            {"haircut_ppb": PPB, "discount_ppb": PPB},
            {"haircut_ppb": 0.5},
            {"grain": None},
        )
    )
    return life.at("ListAsset", terms=terms | {"asset_id": life.rng.choice(("new", "b d"))} | wrong)


def bad_asset_price(life: "Life") -> Plain | None:
    """Return index prices outside the bounds, or one asset twice."""
    if not life.state["assets"]:
        return None
    asset_id = life.rng.choice(list(life.state["assets"]))
    price = life.rng.choice((0, -1, life.asset_terms[asset_id]["max_price_quanta"] + 1))
    update = {"asset_id": asset_id, "price_quanta": price, "sources": 1}
    twice = life.rng.random() < 0.2
    return life.at("SetAssetPrices", prices=[update, dict(update)] if twice else [update], confirmed=True)


def no_asset_price(life: "Life") -> Plain | None:
    """Return a deposit of an asset that nobody has priced."""
    unpriced = [key for key, asset in life.state["assets"].items() if not asset["price"]]
    return some_move(life, asset_id=unpriced[0]) if unpriced else None


def more_grains_than_held(life: "Life") -> Plain | None:
    """Return the withdrawal or conversion of more than there is."""
    owners = life.owners()
    if not owners:
        return None
    unit_id, asset_id = owners[0]
    grains = life.state["units"][unit_id]["assets"][asset_id] + 1
    fields: Plain = {"unit_id": unit_id, "asset_id": asset_id, "amount_grains": grains}
    others = [key for key in life.holders_of_assets() if key != unit_id]
    if others and life.rng.random() < 0.5:
        return life.at("Convert", taker_unit_id=others[0], price_quanta=life.price_of(asset_id), **fields)
    return life.at("WithdrawAsset", **fields)


def collateral_in_use(life: "Life") -> Plain | None:
    """Return the withdrawal of all collateral that positions need, or a conversion that gives it away."""
    units = life.state["units"]
    used = [(u, a) for u, a in life.owners() if life.margin_value(units[u]) > max(0, life.backing(units[u]))]
    if not used:
        return None
    unit_id, asset_id = used[0]
    fields = {"unit_id": unit_id, "asset_id": asset_id, "amount_grains": units[unit_id]["assets"][asset_id]}
    others = [key for key in life.holders_of_assets() if key != unit_id]
    if others and life.rng.random() < 0.3:
        price = life.rng.choice((1, life.price_of(asset_id), life.price_of(asset_id) * 2))
        price = min(price, life.asset_terms[asset_id]["max_price_quanta"])
        return life.at("Convert", taker_unit_id=others[0], price_quanta=price, **fields)
    return life.at("WithdrawAsset", **fields)


def owner_bankrupt(life: "Life") -> Plain | None:
    """Return a movement of assets that names a bankrupt unit."""
    bankrupts = [key for key, unit in life.state["units"].items() if unit["bankrupt"] and not unit["isolated"]]
    if not bankrupts or not any(asset["price"] for asset in life.state["assets"].values()):
        return None
    return some_move(life, unit_id=life.rng.choice(bankrupts))


def gate_shut(life: "Life") -> Plain | None:
    """Return the withdrawal of an asset while somebody is below zero."""
    units = life.state["units"]
    if all(life.equity(unit) >= 0 for unit in units.values()):
        return None
    free = [(u, a) for u, a in life.owners() if life.backing(units[u]) > 0]
    if not free:
        return None
    return life.at("WithdrawAsset", unit_id=free[0][0], asset_id=free[0][1], amount_grains=1)


def price_guarded(life: "Life") -> Plain | None:
    """Return the withdrawal or conversion of an asset whose price is guarded, or a set of prices that guards it."""
    guarded = [(u, a) for u, a in life.owners() if life.state["assets"][a]["guard"]]
    if not guarded:
        names = [asset_id for _, asset_id in life.owners()[:1]]
        few = life.rules["min_sources"] > 0 and life.rng.random() < 0.1
        return life.asset_prices({name: life.price_of(name) for name in names}, False, 0) if names and few else None
    unit_id, asset_id = guarded[0]
    return some_move(life, unit_id=unit_id, asset_id=asset_id)


def taker_too_poor(life: "Life") -> Plain | None:
    """Return a conversion that the taker's margin could carry, but not its money."""
    owners, units = life.owners(), life.state["units"]
    takers = (
        [key for key in life.holders_of_assets() if not units[key]["legs"] and key != owners[0][0]] if owners else []
    )
    if not takers:
        return None
    takers.sort(key=lambda key: life.equity(units[key]))
    unit_id, asset_id = owners[0]
    fields = {"asset_id": asset_id, "amount_grains": units[unit_id]["assets"][asset_id]}
    return life.at("Convert", unit_id=unit_id, taker_unit_id=takers[0], price_quanta=life.price_of(asset_id), **fields)


MAKERS: dict[str, Callable[["Life"], Plain | None]] = {
    "UNKNOWN_ASSET": unknown_asset,
    "ISOLATED_UNIT": isolated_unit,
    "ASSETS_PLEDGED": assets_pledged,
    "OUT_OF_BAND": out_of_band,
    "BAD_TERMS of an asset": bad_asset_terms,
    "BAD_PRICE of an asset": bad_asset_price,
    "NO_MARK of an asset": no_asset_price,
    "MORE_THAN_HELD of an asset": more_grains_than_held,
    "UNIT_BANKRUPT with assets": owner_bankrupt,
    "NEGATIVE_EQUITY for assets": gate_shut,
    "MARK_GUARDED for assets": price_guarded,
    "BELOW_ZERO after a conversion": taker_too_poor,
    "BELOW_INITIAL_MARGIN without an asset": collateral_in_use,
}

SELDOM = (
    assets_pledged,
    collateral_in_use,
    out_of_band,
    owner_bankrupt,
    gate_shut,
    price_guarded,
    no_asset_price,
    more_grains_than_held,
)
