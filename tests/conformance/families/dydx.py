"""dYdX v4: fund, bankruptcy amount, fillable price, offsets; and the final settlement of v1."""

import re
from fractions import Fraction
from typing import Any

from deleverage.rulebook.messages import Deleveraged, FundPaid
from deleverage.venues.formulas import dydx, settlements
from deleverage.venues.formulas.dydx import Account, Terms
from deleverage.venues.formulas.exact import floor
from tests.conformance.books import World, grain, of
from tests.conformance.cases import Values
from tests.conformance.family import Answer, family
from tests.conformance.oracles import dydx as oracle

QUOTE, MARGINS = 10**6, (200_000_000, 100_000_000)
"""Quote quantums per USD; initial and maintenance rate in ppb, those of the tests' markets."""
BASE = {"btc": 10**8, "eth": 10**9}
PRICES = {"btc": 50_000, "eth": 3_000}
PRESET = "dydx-v4"
ROUNDS = "the law splits the debt once, over whole legs: this close is the formula's"


def terms(name: str, dollars: Fraction | int) -> Terms:
    """Return a test market at a price."""
    return Terms(Fraction(dollars) * QUOTE / BASE[name], 200_000, 100_000)


MARKETS = {name: terms(name, price) for name, price in PRICES.items()}


def account(values: Values) -> Account:
    """Return the account of a row in quantums."""
    sizes = {name: values.get(f"{name}_q", 0) for name in BASE}
    return Account(int(Fraction(values["cash_usd"]) * QUOTE), {name: size for name, size in sizes.items() if size})


def _world(sizes: list[Fraction], prices: list[Fraction]) -> World:
    """Return a domain of the preset with the tests' margins: initial is twice maintenance."""
    initial, maintenance = MARGINS
    return World(PRESET, grain(sizes), grain([*prices, Fraction(1, 100)]), 10, margins=(maintenance, initial))


def fund_delta(values: Values) -> Answer:
    """Return whether the fund can book a delta: a loss is played under the preset."""
    balance, delta = values["balance"], values["delta"]
    valid = dydx.fund_delta_is_valid(balance, delta)
    if delta >= 0:
        return Answer({"valid": valid})
    world = _world([Fraction(1)], [Fraction(1, QUOTE)])
    world.market("btc")
    world.fund(Fraction(balance, QUOTE))
    mark = Fraction(100)
    world.holds("al", Fraction(delta, QUOTE) - mark, btc=1)
    world.marks(btc=mark)
    paid = [
        -change.amount_quanta for fact in of(FundPaid, world.step()) for change in fact.pots if change.pot == "fund"
    ]
    return Answer({"valid": sum(paid) == world.money(Fraction(-delta, QUOTE))}, PRESET, formula={"valid": valid})


def can_deleverage(values: Values) -> Answer:
    """Return when an account may be offset: at bankruptcy under the preset, at the oracle price by the formula."""
    sizes = re.fullmatch(r"short (\d+) BTC, cash (\d+) USDC", values["setup"])
    assert sizes is not None
    size, cash, price = -int(sizes[1]), int(sizes[2]), Fraction(values["oracle_price"])
    at_bankruptcy, at_oracle = dydx.can_deleverage(floor((cash + size * price) * QUOTE), values["final_settlement"])
    world = _world([Fraction(size)], [price, Fraction(1)])
    world.market("btc")
    world.holds("al", cash, btc=size)
    world.marks(btc=price)
    note = "final settlement closes a market here: that column is the formula's"
    found = {"at_bankruptcy": bool(of(Deleveraged, world.step())), "at_oracle": at_oracle}
    return Answer(found, PRESET, note, {"at_bankruptcy": at_bankruptcy})


def bankruptcy(values: Values) -> Answer:
    """Return the bankruptcy amount; a full close of a single position below zero is played as well."""
    name, delta, found = values["close"], values["delta_q"], account(values)
    amount = dydx.bankruptcy_amount(found, MARKETS, name, delta)
    whole = found.positions == {name: -delta}
    if dydx.collateral(found, MARKETS) >= 0 or not whole:
        return Answer({"expected": amount}, note=ROUNDS)
    size, price = Fraction(-delta, BASE[name]), Fraction(PRICES[name])
    world = _world([size], [price])
    world.market(name)
    world.holds("al", values["cash_usd"], **{name: size})
    world.marks(**{name: price})
    (fact,) = of(Deleveraged, world.step())
    (fill,) = [fill for fill in fact.fills if fill.unit_id == "al"]
    return Answer({"expected": Fraction(fill.amount_quanta * QUOTE, world.unit)}, PRESET, formula={"expected": amount})


def fillable(values: Values) -> Answer:
    """Return the fillable price."""
    price = dydx.fillable_price(account(values), MARKETS, values["close"], values["ba_ppm"], values["smmr_ppm"])
    return Answer({"expected": price})


def _side(values: Values) -> Account:
    return Account(int(Fraction(values["cash"]) * QUOTE), {"btc": int(Fraction(values["btc"]) * BASE["btc"])})


def must_succeed(values: Values) -> Answer:
    """Return whether a partial close is allowed on both sides, at the oracle price that the rule names."""
    raw = re.search(r"oracle raw ([\d_]+)", values["rule"])
    assert raw is not None
    markets = {"btc": terms("btc", Fraction(int(raw[1]), 10**5))}
    ours, theirs, delta = _side(values["liq"]), _side(values["maker"]), values["delta_q"]
    amount = dydx.bankruptcy_amount(ours, markets, "btc", delta)
    after = dydx.booked(ours, "btc", delta, amount), dydx.booked(theirs, "btc", -delta, -amount)
    valid = dydx.may_become(ours, after[0], markets) and dydx.may_become(theirs, after[1], markets)
    return Answer({"valid": valid, "amount": amount}, note=ROUNDS)


def partial(values: Values) -> Answer:
    """Return cash and size of both sides after a close."""
    prices = {name: values.get(name, PRICES[name]) for name in BASE}
    markets = {name: terms(name, price) for name, price in prices.items()}
    size: Any = values.get("liq_btc", -values.get("liq_short_btc", 0))
    sizes = {"btc": size, "eth": values.get("liq_eth", 0)}
    positions = {name: int(Fraction(held) * BASE[name]) for name, held in sizes.items() if held}
    ours = Account(int(Fraction(values["liq_cash"]) * QUOTE), positions)
    theirs = _side({"cash": values["maker_cash"], "btc": values["maker_long_btc"]})
    close = Fraction(values.get("close") or values["close_btc"])
    delta = int(close * BASE["btc"])
    amount = dydx.bankruptcy_amount(ours, markets, "btc", delta)
    after, maker = dydx.booked(ours, "btc", delta, amount), dydx.booked(theirs, "btc", -delta, -amount)
    return Answer(
        {
            "liq_cash": Fraction(after.cash, QUOTE),
            "liq_btc": Fraction(after.positions.get("btc", 0), BASE["btc"]),
            "maker_cash": Fraction(maker.cash, QUOTE),
            "maker_btc": Fraction(maker.positions.get("btc", 0), BASE["btc"]),
            "bankruptcy_price": Fraction(-amount, QUOTE) / close,
        },
        note="the law closes no part by choice, and nothing above zero: the formula's",
    )


def iteration(values: Values) -> Answer:
    """Return what a walk over makers leaves; where all of them can bear it and suffice, played under the preset."""
    ours, makers = _side(values["liq"]), [_side(maker) for maker in values["makers"]]
    size = ours.positions["btc"]
    neutral = Fraction(-ours.cash, size)
    found = dydx.offset(ours, tuple(makers), {"btc": Terms(neutral, 200_000, 100_000)}, "btc", abs(size))
    after: list[Any] = [Fraction(maker.cash, QUOTE) if maker else "skipped" for maker in found.makers]
    remaining = abs(Fraction(found.remaining, BASE["btc"]))
    through, note = "formula", "an account that could not bear its part is asked for what it can here, not passed over"
    if not makers:
        note = "a position without any other side cannot be: lots sum to zero here"
    elif not found.remaining and None not in found.makers and sum(maker.positions["btc"] for maker in makers) == -size:
        after, remaining = _played(values)
        through, note = PRESET, ""
    gains = [
        cash - Fraction(maker["cash"]) if cash != "skipped" else cash
        for cash, maker in zip(after, values["makers"], strict=True)
    ]
    fills = sum(cash != "skipped" for cash in after)
    return Answer({"makers": after, "maker_delta": gains, "remaining": remaining, "fills": fills}, through, note)


def _played(values: Values) -> tuple[list[Any], Fraction]:
    """Play makers against an account that is a hair below zero; its cash covers its makers' part exactly."""
    cash, size = Fraction(values["liq"]["cash"]), Fraction(values["liq"]["btc"])
    tick = Fraction(1, 100)
    mark = -cash / size + (tick if size < 0 else -tick)
    world = _world([size, *(Fraction(maker["btc"]) for maker in values["makers"])], [tick])
    world.market("btc")
    world.holds("al", cash, btc=size)
    names = [f"maker-{place}" for place, _ in enumerate(values["makers"])]
    for name, maker in zip(names, values["makers"], strict=True):
        world.holds(name, maker["cash"], btc=maker["btc"])
    world.marks(btc=mark)
    world.step()
    return [world.cash(name) for name in names], abs(world.size("al", "btc"))


def final_settlement(values: Values) -> Answer:
    """Return what may be withdrawn after the market was settled at a price: the floor of what is there."""
    cash, size, price = (Fraction(values[name]) for name in ("cash", "pos", "price"))
    world = World("dydx-v1", grain([size]), grain([price, Fraction(1, 100)]))
    world.market("btc")
    world.holds("al", cash, btc=size)
    world.settle("btc", price)
    paid = settlements.final_settlement_floor(cash, size, price)
    return Answer({"withdraw": max(0, floor(world.cash("al")))}, "dydx-v1", formula={"withdraw": paid})


def first_come(values: Values) -> Answer:
    """Return what claims are paid in their order, and what a later bail-out brings them."""
    claims = [claim["want"] for claim in values["claims_in_order"]]
    paid = settlements.first_come(values["vault"], claims)
    left = [claim - part for claim, part in zip(claims, paid, strict=True)]
    note = "a declared defect: the law pays everybody the same share"
    return Answer({"paid": paid, "paid_after": settlements.first_come(values["then_bailout"], left)}, note=note)


def _reduces(values: Values) -> bool:
    """Keep rows whose close is one of the position, and whose account needs a margin."""
    held = values.get(f"{values['close']}_q", 0)
    return bool(held)


FAMILIES = (
    family(
        "fund delta",
        "if_delta_valid",
        "balance delta",
        "valid",
        fund_delta,
        oracle.fund_delta,
        why="no loss: there is nothing to play",
    ),
    family(
        "offset allowed",
        "can_deleverage",
        "setup oracle_price",
        "at_bankruptcy at_oracle",
        can_deleverage,
        oracle.allowed,
    ),
    family(
        "bankruptcy amount",
        "dydx_bankruptcy",
        "cash_usd delta_q",
        "expected",
        bankruptcy,
        oracle.bankruptcy,
        why="no close of this position: refused",
    ),
    family(
        "fillable price",
        "dydx_fillable",
        "cash_usd ba_ppm",
        "expected",
        fillable,
        oracle.fillable,
        why="where a liquidation order is placed: a sale takes the prices of the book here",
        legal=_reduces,
    ),
    family(
        "state transition", "", "liq maker delta_q", "valid", must_succeed, oracle.succeeds, implied={"valid": True}
    ),
    family(
        "close of a part",
        "",
        "maker_long_btc maker_cash liq_cash",
        "liq_cash liq_btc maker_cash maker_btc bankruptcy_price",
        partial,
        oracle.partial,
    ),
    family("offsets in turn", "", "liq makers", "makers maker_delta remaining fills", iteration, oracle.walk),
    family("final settlement", "floor_net", "cash pos price", "withdraw", final_settlement, oracle.settled),
    family("first come", "", "vault claims_in_order", "paid paid_after", first_come, oracle.first_come),
)
