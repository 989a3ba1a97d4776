"""Each command of the law: its checks in order of precedence, then what it does.

A handler returns the code's name of a refusal, and then it has changed nothing; or None.
"""

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import Any

from tests.model import collateral
from tests.model.assets import guarded_assets
from tests.model.auctions import bid
from tests.model.checks import (
    ROLES,
    after_trade,
    are_bad_terms,
    is_bad_id,
    is_out_of_bounds,
    is_wrong_side,
    opens,
    touches_a_guard,
)
from tests.model.envelopes import abort, approve
from tests.model.margin import covers_initial, equity, free_money, held_lots, period_profit
from tests.model.numbers import BILLION, split
from tests.model.pools import deposit_to_fund, move_pool, regroup, set_pool, withdraw_from_fund
from tests.model.requirements import announce_requirements, set_leverage
from tests.model.state import (
    STILL,
    Account,
    Market,
    Order,
    Programme,
    Unit,
    World,
    can_only_close,
    fill,
    leg_id_of,
    market_of,
    move,
    tell_fills,
)
from tests.model.stopping import halt, is_out_of_band, resume, tell_breaker

Given = dict[str, Any]


def list_market(world: World, given: Given, rules: Given) -> str | None:
    """Open a market."""
    terms = given["terms"]
    underlying = terms.get("underlying", "")
    if is_bad_id(terms["market_id"]) or (underlying and is_bad_id(underlying)):
        return "BAD_ID"
    if terms["market_id"] in world.markets:
        return "DUPLICATE_ID"
    if are_bad_terms(terms):
        return "BAD_TERMS"
    names = ("market_id", "quanta_per_tick_lot", "tiers", "max_lots", "max_price_ticks", "max_open_interest_lots")
    fixed = [terms[name] for name in names]
    others = {"contract": "linear", "face_quanta_ticks": 0, "min_value_quanta": 1, "expiry_ns": 0, "schedule": STILL}
    others["underlying"] = ""
    extra = [terms.get(name, usual) for name, usual in others.items()]
    world.markets[terms["market_id"]] = Market(*fixed, *extra)
    return None


def open_account(world: World, given: Given, rules: Given) -> str | None:
    """Register an account and its cross unit."""
    account_id, role, capacity = given["account_id"], given["role"], given["backstop_capacity_lots"]
    group, hedge = given["owner_group"], given.get("hedge", False)
    if is_bad_id(account_id) or (group and is_bad_id(group)):
        return "BAD_ID"
    if account_id in world.accounts or (role == "fund" and world.fund_unit() is not None):
        return "DUPLICATE_ID"
    if role not in ROLES or capacity < 0 or (capacity > 0 and role != "backstop"):
        return "BAD_ROLE"
    if hedge and role != "trader":
        return "BAD_ROLE"
    world.accounts[account_id] = Account(account_id, group or account_id, role, capacity, hedge)
    world.units[account_id] = Unit(account_id, account_id, hedge=hedge)
    return None


def set_programme(world: World, given: Given, rules: Given) -> str | None:
    """Publish what a backstop takes over; where it stands in its window and cool-down stays as it is."""
    account = world.accounts.get(given["account_id"])
    if account is None:
        return "UNKNOWN_ACCOUNT"
    if account.role != "backstop":
        return "BAD_ROLE"
    capacity, window, notional = given["capacity_lots"], given["window_ns"], given["window_notional_quanta"]
    cool_down, edge = given["cool_down_ns"], given["minimum_edge_ppb"]
    if any(not 0 <= number <= 10**40 for number in (capacity, window, notional, cool_down)):
        return "BAD_PROGRAMME"
    if not -(10**40) <= edge <= BILLION or (window > 0) != (notional > 0):
        return "BAD_PROGRAMME"
    account.capacity = capacity
    programme = world.backstops.setdefault(account.account_id, Programme())
    programme.window_ns, programme.window_notional = window, notional
    programme.cool_down_ns, programme.minimum_edge = cool_down, edge
    return None


def set_neutral_mode(world: World, given: Given, rules: Given) -> str | None:
    """Take an account into the neutral mode, or out of it."""
    account = world.accounts.get(given["account_id"])
    if account is None:
        return "UNKNOWN_ACCOUNT"
    if account.role != "trader":
        return "BAD_ROLE"
    account.neutral = given["on"]
    return None


def open_isolated(world: World, given: Given, rules: Given) -> str | None:
    """Make an isolated unit."""
    account_id, market_id, side = given["account_id"], given["market_id"], given.get("side", "")
    unit_id = f"{account_id}/{leg_id_of(market_id, side)}"
    if unit_id in world.units:
        return "DUPLICATE_ID"
    if market_id not in world.markets:
        return "UNKNOWN_MARKET"
    if account_id not in world.accounts:
        return "UNKNOWN_ACCOUNT"
    unit = Unit(unit_id, account_id, market_id, side, world.accounts[account_id].hedge)
    if is_wrong_side(unit, side):
        return "WRONG_SIDE"
    if world.markets[market_id].settled:
        return "MARKET_SETTLED"
    world.units[unit_id] = unit
    return None


def deposit(world: World, given: Given, rules: Given) -> str | None:
    """Bring money into a unit."""
    unit, amount = world.units.get(given["unit_id"]), given["amount_quanta"]
    if unit is None:
        return "UNKNOWN_UNIT"
    if is_out_of_bounds(amount):
        return "BAD_AMOUNT"
    if unit.bankrupt:
        return "UNIT_BANKRUPT"
    if world.residual > 0 or world.waiting:
        return "RESIDUAL_OUTSTANDING"
    unit.quote += amount
    unit.deposits += amount
    world.net_deposits += amount
    return None


def withdraw(world: World, given: Given, rules: Given) -> str | None:
    """Take free money out, scaled to the money that is there."""
    unit, amount = world.units.get(given["unit_id"]), given["amount_quanta"]
    if unit is None:
        return "UNKNOWN_UNIT"
    if is_out_of_bounds(amount):
        return "BAD_AMOUNT"
    if unit.bankrupt:
        return "UNIT_BANKRUPT"
    if touches_a_guard(world, unit, given["time_ns"], rules):
        return "MARK_GUARDED"
    if amount > free_money(world, unit):
        return "INSUFFICIENT_EQUITY"
    equities = [equity(world, one) for one in world.units.values()]
    if min(equities) < 0:
        return "NEGATIVE_EQUITY"
    paid = amount
    if world.residual > 0:
        positive = sum(equities)
        paid = floor(Fraction(amount * max(0, positive - world.residual), positive))
    claim = min(world.residual, amount - paid)
    unit.quote -= amount
    unit.deposits -= amount
    world.net_deposits -= paid
    world.residual -= claim
    world.pots["rounding"] += amount - paid - claim
    world.claims[unit.unit_id] = world.claims.get(unit.unit_id, 0) + claim
    return None


def move_margin(world: World, given: Given, rules: Given) -> str | None:
    """Move free money between two units of one account."""
    source, target = world.units.get(given["from_unit_id"]), world.units.get(given["to_unit_id"])
    amount = given["amount_quanta"]
    if source is None or target is None:
        return "UNKNOWN_UNIT"
    if is_out_of_bounds(amount):
        return "BAD_AMOUNT"
    if source is target or source.account_id != target.account_id:
        return "NOT_SAME_ACCOUNT"
    if source.bankrupt or target.bankrupt:
        return "UNIT_BANKRUPT"
    if touches_a_guard(world, source, given["time_ns"], rules):
        return "MARK_GUARDED"
    if amount > free_money(world, source):
        return "INSUFFICIENT_EQUITY"
    move(source, target, amount, max(0, min(amount, period_profit(world, source))))
    return None


def repay_residual(world: World, given: Given, rules: Given) -> str | None:
    """Repay the named residual and the claims, pro rata."""
    amount = given["amount_quanta"]
    if is_out_of_bounds(amount):
        return "BAD_AMOUNT"
    owed = {"": world.residual} | world.claims
    if amount > sum(owed.values()):
        return "NO_RESIDUAL"
    for key, part in split(amount, [(key, quanta, quanta) for key, quanta in owed.items()]).items():
        if key == "":
            world.residual -= part
            world.net_deposits += part
        else:
            world.claims[key] -= part  # Paid straight out: the claim's money has left the domain already.
    return None


def no_longer_traded(market: Market, time_ns: int) -> str | None:
    """Return why a market takes no trades and orders any more."""
    if market.settled:
        return "MARKET_SETTLED"
    return "MARKET_EXPIRED" if 0 < market.expiry <= time_ns else None


def trade(world: World, given: Given, rules: Given) -> str | None:
    """Make a trade that the venue's matching engine has made."""
    market = world.markets.get(given["market_id"])
    buyer, seller = world.units.get(given["buyer_unit_id"]), world.units.get(given["seller_unit_id"])
    lots, price = given["lots"], given["price_ticks"]
    bought, sold = given.get("buyer_side", ""), given.get("seller_side", "")
    if market is None:
        return "UNKNOWN_MARKET"
    if buyer is None or seller is None:
        return "UNKNOWN_UNIT"
    if is_wrong_side(buyer, bought) or is_wrong_side(seller, sold):
        return "WRONG_SIDE"
    if lots < 1:
        return "BAD_LOTS"
    if not market.allows(price):
        return "BAD_PRICE"
    if buyer is seller:
        return "SELF_TRADE"
    if market.mark == 0:
        return "NO_MARK"
    if closed := no_longer_traded(market, given["time_ns"]):
        return closed
    key = market.market_id
    if any(unit.isolated not in ("", key) for unit in (buyer, seller)):
        return "WRONG_MARKET"
    sides = [(buyer, leg_id_of(key, bought), lots), (seller, leg_id_of(key, sold), -lots)]
    opening = any(opens(*side) for side in sides)
    if opening and world.is_halted:
        return "DOMAIN_HALTED"
    if opening and key in world.halts:
        return "MARKET_HALTED"
    if buyer.bankrupt or seller.bankrupt:
        return "UNIT_BANKRUPT"
    if opening and market.reduce_only:
        return "MARKET_REDUCE_ONLY"
    if opening and given["time_ns"] < market.paused_until:
        return "MARKET_PAUSED"
    if is_out_of_band(market, price, rules):
        return "PRICE_OUT_OF_BAND"
    doubted = guarded_assets(world, given["time_ns"], rules)
    code, tried = after_trade(world, market, sides, price, doubted)
    for unit, copy in zip((buyer, seller), tried, strict=True):
        loses = equity(world, copy) < equity(world, unit)
        if code is None and loses and touches_a_guard(world, unit, given["time_ns"], rules):
            code = "MARK_GUARDED"
    if code is None:
        world.units.update({unit.unit_id: unit for unit in tried})
        tell_fills(world, given["time_ns"])
    return code


def place_order(world: World, given: Given, rules: Given) -> str | None:
    """Rest an order."""
    market, unit = world.markets.get(given["market_id"]), world.units.get(given["unit_id"])
    order_id, lots, price, side = given["order_id"], given["lots"], given["price_ticks"], given.get("leg_side", "")
    if is_bad_id(order_id, may_have_slash=True):
        return "BAD_ID"
    if order_id in world.orders:
        return "DUPLICATE_ID"
    if market is None:
        return "UNKNOWN_MARKET"
    if unit is None:
        return "UNKNOWN_UNIT"
    if is_wrong_side(unit, side):
        return "WRONG_SIDE"
    if lots == 0:
        return "BAD_LOTS"
    if not market.allows(price):
        return "BAD_PRICE"
    if market.mark == 0:
        return "NO_MARK"
    if closed := no_longer_traded(market, given["time_ns"]):
        return closed
    if unit.isolated not in ("", market.market_id):
        return "WRONG_MARKET"
    if world.is_halted:
        return "DOMAIN_HALTED"
    if market.market_id in world.halts:
        return "MARKET_HALTED"
    if unit.bankrupt:
        return "UNIT_BANKRUPT"
    if market.reduce_only:
        return "MARKET_REDUCE_ONLY"
    if given["time_ns"] < market.paused_until:
        return "MARKET_PAUSED"
    if is_out_of_band(market, price, rules):
        return "PRICE_OUT_OF_BAND"
    order = Order(order_id, unit.unit_id, market.market_id, side, lots, price, world.placed)
    if can_only_close(order.leg_id, lots) and abs(lots) > left_to_close(world, unit, order.leg_id):
        return "MORE_THAN_HELD"
    world.orders[order_id] = order
    code = None
    if held_lots(world, unit, order.leg_id) > market.max_lots:
        code = "LOTS_ABOVE_MAXIMUM"
    elif not covers_initial(world, unit, guarded_assets(world, given["time_ns"], rules)):
        code = "BELOW_INITIAL_MARGIN"
    if code is None:
        world.placed += 1
    else:
        del world.orders[order_id]
    return code


def left_to_close(world: World, unit: Unit, leg_id: str) -> int:
    """Return the lots of a leg of hedge mode that no open order closes yet."""
    own = [o.lots for o in world.orders.values() if o.unit_id == unit.unit_id and o.leg_id == leg_id]
    return abs(unit.lots(leg_id)) - sum(abs(lots) for lots in own if can_only_close(leg_id, lots))


def cancel_order(world: World, given: Given, rules: Given) -> str | None:
    """Take an order back."""
    if given["order_id"] not in world.orders:
        return "UNKNOWN_ORDER"
    del world.orders[given["order_id"]]
    return None


def set_marks(world: World, given: Given, rules: Given) -> str | None:
    """Accept or guard a set of marks."""
    names = [mark["market_id"] for mark in given["marks"]]
    if len(names) != len(set(names)):
        return "DUPLICATE_ID"
    if any(name not in world.markets for name in names):
        return "UNKNOWN_MARKET"
    if any(not world.markets[m["market_id"]].allows(m["price_ticks"]) for m in given["marks"]):
        return "BAD_PRICE"
    if any(world.markets[name].settled for name in names):
        return "MARKET_SETTLED"
    if world.halted:
        return "DOMAIN_HALTED"
    for proposed in given["marks"]:
        market, price = world.markets[proposed["market_id"]], proposed["price_ticks"]
        band = rules["mark_band_ppb"]
        guard = ""
        if not given["confirmed"]:
            if proposed["sources"] < rules["min_sources"]:
                guard = "under_sourced"
            elif band and market.mark and abs(price - market.mark) * BILLION > band * market.mark:
                guard = "out_of_band"
        market.guard = guard
        if not guard:
            tell_breaker(market, price, given["time_ns"], rules)
            market.previous = market.mark or price
            market.mark = price
            market.mark_time = given["time_ns"]
    return None


def accrue_funding(world: World, given: Given, rules: Given) -> str | None:
    """Charge one funding interval."""
    market, rate = world.markets.get(given["market_id"]), given["rate_ppb"]
    if market is None:
        return "UNKNOWN_MARKET"
    if abs(rate) > BILLION:
        return "BAD_RATE"
    if market.mark == 0:
        return "NO_MARK"
    if market.settled:
        return "MARKET_SETTLED"
    if world.is_halted:
        return "DOMAIN_HALTED"
    if market.market_id in world.halts:
        return "MARKET_HALTED"
    # Python rounds a Fraction to the nearest integer, halves to the even one.
    owed = Fraction(abs(market.lot_value) * rate, BILLION) + market.carry
    market.funding += round(owed)
    market.carry = owed - round(owed)
    return None


def settle_market(world: World, given: Given, rules: Given) -> str | None:
    """Close a market for good at its settlement price."""
    market, price = world.markets.get(given["market_id"]), given["price_ticks"]
    if market is None:
        return "UNKNOWN_MARKET"
    if not market.allows(price):
        return "BAD_PRICE"
    if market.settled:
        return "MARKET_SETTLED"
    if given["time_ns"] < market.expiry:
        return "NOT_EXPIRED"
    if world.halted and price != market.mark:
        return "DOMAIN_HALTED"
    tell_breaker(market, price, given["time_ns"], rules)
    market.previous = market.mark or price
    market.mark, market.guard, market.mark_time = price, "", given["time_ns"]
    for unit in world.all_units():
        legs = [leg for leg in unit.legs.items() if market_of(leg[0]) == market.market_id]
        for key, leg in legs:
            fill(unit, market, -leg.lots, leg.lots * market.lot_value, key)
        if legs and unit.isolated and not unit.bankrupt and unit.quote > 0:
            move(unit, world.units[unit.account_id], unit.quote, period_profit(world, unit))
    tell_fills(world, given["time_ns"])
    world.orders = {key: order for key, order in world.orders.items() if order.market_id != market.market_id}
    market.settled = True
    world.halts.pop(market.market_id, None)
    return None


def close_period(world: World, given: Given, rules: Given) -> str | None:
    """Begin a new period of profit for everybody."""
    if any(equity(world, unit) < 0 for unit in world.units.values()):
        return "NEGATIVE_EQUITY"
    for unit in world.units.values():
        unit.result_before = equity(world, unit) - unit.deposits
    return None


def run_step(world: World, given: Given, rules: Given) -> str | None:
    """Say whether a step may run; the model runs it."""
    return "DOMAIN_HALTED" if world.is_halted else None


HANDLERS: dict[str, Callable[[World, Given, Given], str | None]] = {
    "ClosePeriod": close_period,
    "ListMarket": list_market,
    "OpenAccount": open_account,
    "SetProgramme": set_programme,
    "SetNeutralMode": set_neutral_mode,
    "OpenIsolated": open_isolated,
    "Deposit": deposit,
    "Withdraw": withdraw,
    "MoveMargin": move_margin,
    "DepositToFund": deposit_to_fund,
    "WithdrawFromFund": withdraw_from_fund,
    "SetPool": set_pool,
    "Regroup": regroup,
    "MovePool": move_pool,
    "RepayResidual": repay_residual,
    "Trade": trade,
    "PlaceOrder": place_order,
    "CancelOrder": cancel_order,
    "SetMarks": set_marks,
    "AccrueFunding": accrue_funding,
    "SettleMarket": settle_market,
    "SetLeverage": set_leverage,
    "AnnounceRequirements": announce_requirements,
    "ListAsset": collateral.list_asset,
    "SetAssetPrices": collateral.set_asset_prices,
    "DepositAsset": collateral.deposit_asset,
    "WithdrawAsset": collateral.withdraw_asset,
    "Convert": collateral.convert,
    "RunStep": run_step,
    "Halt": halt,
    "ApproveEnvelope": approve,
    "AbortEnvelope": abort,
    "Bid": bid,
    "Resume": resume,
}
