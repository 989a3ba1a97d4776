"""A lawful command with one thing wrong: whatever a field may hold, somebody will send something else in it.

The faults go by the names of fields, so they fit commands that are not written yet.
"""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.life.life import Life

Plain = dict[str, Any]
WRONG_TYPES = (1.5, True, None, "7", float("nan"), (), b"x")
UNITS = ("unit_id", "buyer_unit_id", "seller_unit_id", "from_unit_id", "to_unit_id", "bidder_unit_id", "taker_unit_id")
POOLS = ("pool_id", "from_pool_id", "to_pool_id")


def spoiled(life: "Life", command: Plain) -> Plain | None:
    """Return the command with one fault, or None if the chosen fault does not fit it."""
    faults = list(FAULTS)
    life.rng.shuffle(faults)
    for fault in faults:
        change = fault(life, command)
        if change:
            return command | change
    return None


def wrong_type(life: "Life", command: Plain) -> Plain:
    """Return a field with a value of another type."""
    names = [name for name in command if name not in ("kind", "marks", "prices", "terms")]
    name = life.rng.choice(names)
    wrong = [value for value in WRONG_TYPES if type(value) is not type(command[name])]
    return {name: life.rng.choice(wrong)}


def from_the_past(life: "Life", command: Plain) -> Plain:
    """Return a time before the book's."""
    if command["kind"] in ("RunStep", "SetMarks", "Deposit") and life.rng.random() < 0.8:
        return {}  # There are so many of them.
    return {"time_ns": life.state.get("time_ns", 0) - life.rng.choice((1, 10**9))}


def behind_all_times(life: "Life", command: Plain) -> Plain:
    """Return a time that there is not."""
    if command["kind"] in ("RunStep", "SetMarks", "Deposit") and life.rng.random() < 0.8:
        return {}  # There are so many of them.
    names = [name for name in ("time_ns", "effective_ns", "expiry_ns") if name in command]
    return {life.rng.choice(names): life.rng.choice((1 << 63, 10**40))}


def unknown_id(life: "Life", command: Plain) -> Plain:
    """Return an id of nothing."""
    named = (*UNITS, *POOLS, "market_id", "account_id", "order_id", "asset_id")
    names = [name for name in named if name in command]
    return {life.rng.choice(names): life.rng.choice(("none", "no/body"))} if names else {}


def bad_amount(life: "Life", command: Plain) -> Plain:
    """Return an amount that is none, or beyond every bound."""
    names = [name for name in command if name.startswith("amount")]
    return {life.rng.choice(names): life.rng.choice((0, -1, 10**40 + 1))} if names else {}


def too_much(life: "Life", command: Plain) -> Plain:
    """Return an amount or lots that nobody has."""
    names = [name for name in command if name.startswith("amount") or name == "lots"]
    return {life.rng.choice(names): 10**39} if names else {}


def bad_lots(life: "Life", command: Plain) -> Plain:
    """Return lots that are none."""
    return {"lots": 0} if "lots" in command else {}


def more_lots(life: "Life", command: Plain) -> Plain:
    """Return one lot more than a leg may have, or more than the margin carries."""
    if "lots" not in command or command["market_id"] not in life.terms:
        return {}
    terms = life.terms[command["market_id"]]
    most = life.rng.choice((terms["max_lots"] + 1, terms["max_lots"], terms["max_open_interest_lots"] + 1))
    return {"lots": most if command["lots"] > 0 else -most}


def bad_price(life: "Life", command: Plain) -> Plain:
    """Return a price outside the bounds; of marks, of one of them."""
    if "price_ticks" in command:
        bound = life.terms.get(command["market_id"], {"max_price_ticks": 1})["max_price_ticks"]
        return {"price_ticks": life.rng.choice((0, -1, bound + 1))}
    if "price_quanta" in command:
        return {"price_quanta": life.rng.choice((0, -1, 10**41))}
    for name, price in (("marks", "price_ticks"), ("prices", "price_quanta")):
        if command.get(name) and life.rng.random() < 0.3:
            first, *rest = command[name]
            return {name: [first | {price: life.rng.choice((0, 10**41))}, *rest]}
    return {}


def bad_rate(life: "Life", command: Plain) -> Plain:
    """Return a rate, leverage or estimate beyond its bounds."""
    beyond = {"rate_ppb": 10**9 + 1, "leverage_ppb": 10**9 - 1, "volatility_ppb": 10**40 + 1}
    beyond |= {"least_discount_ppb": -1}
    return {name: number for name, number in beyond.items() if name in command}


def another_side(life: "Life", command: Plain) -> Plain:
    """Return a side that the account does not have, or the other one of its two."""
    names = [name for name in command if name == "side" or name.endswith("_side")]
    return {life.rng.choice(names): life.rng.choice(("", "long", "short", "up"))} if names else {}


def the_same_unit(life: "Life", command: Plain) -> Plain:
    """Return both parties as one."""
    for one, other in (
        ("buyer_unit_id", "seller_unit_id"),
        ("from_unit_id", "to_unit_id"),
        ("from_pool_id", "to_pool_id"),
        ("unit_id", "bidder_unit_id"),
        ("unit_id", "taker_unit_id"),
    ):
        if one in command and other in command:
            return {other: command[one]}
    return {}


def another_unit(life: "Life", command: Plain) -> Plain:
    """Return another unit as a party: a bankrupt one if there is one, or one of another market."""
    names = [name for name in UNITS if name in command]
    units = life.state.get("units", {})
    if not names or not units:
        return {}
    bankrupt = [key for key, unit in units.items() if unit["bankrupt"]]
    isolated = [key for key, unit in units.items() if unit["isolated"] not in ("", command.get("market_id"))]
    return {life.rng.choice(names): life.rng.choice(bankrupt or isolated or list(units))}


def another_market(life: "Life", command: Plain) -> Plain:
    """Return another market, one that is closed for good if there is one."""
    if "market_id" not in command or (command["kind"] == "SettleMarket" and not life.settled):
        return {}  # One market always stays.
    markets = life.settled or list(life.state.get("markets", {}))
    return {"market_id": life.rng.choice(markets)} if markets else {}


def an_id_that_exists(life: "Life", command: Plain) -> Plain:
    """Return an id that is taken, for something new."""
    if command["kind"] == "OpenAccount" and life.state.get("accounts"):
        return {"account_id": life.rng.choice(list(life.state["accounts"]))}
    if command["kind"] == "PlaceOrder" and life.state["orders"]:
        return {"order_id": life.rng.choice(life.state["orders"])["id"]}
    for name in ("marks", "prices"):
        if len(command.get(name, ())) > 1:
            first, _, *rest = command[name]
            return {name: [first, first, *rest]}
    return {}


def an_id_that_is_none(life: "Life", command: Plain) -> Plain:
    """Return an id that may not be given, for something new."""
    bad = life.rng.choice(("", "a b", "ä", "x" * 65, "\x7f"))
    name = {"OpenAccount": "account_id", "PlaceOrder": "order_id"}.get(command["kind"])
    return {name: bad} if name else {}


def another_price(life: "Life", command: Plain) -> Plain:
    """Return a price so bad that one side of a trade loses more than it has."""
    if command["kind"] != "Trade" or command["market_id"] not in life.state.get("markets", {}):
        return {}
    mark = life.state["markets"][command["market_id"]]["mark"]
    bound = life.terms[command["market_id"]]["max_price_ticks"]
    factor = life.rng.choice((0.01, 0.7, 0.9, 0.95, 1.05, 1.1, 1.5, 20))
    return {"price_ticks": max(1, min(bound, int(mark * factor)))}


FAULTS: list[Callable[["Life", Plain], Plain]] = [
    wrong_type,
    from_the_past,
    behind_all_times,
    unknown_id,
    bad_amount,
    too_much,
    bad_lots,
    more_lots,
    bad_price,
    bad_rate,
    another_side,
    the_same_unit,
    another_unit,
    another_market,
    an_id_that_exists,
    an_id_that_is_none,
    another_price,
]


def is_restless(state: Plain, rng: Random) -> bool:
    """Return whether the domain is in a state that seldom lasts: then everything is tried on it."""
    seldom = (
        state["halted"]
        or state["halts"]
        or state["waiting"]
        or any(unit["bankrupt"] for unit in state["units"].values())
        or any(market["reduce_only"] or market["guard"] for market in state["markets"].values())
    )
    return bool(seldom) and rng.random() < 0.6
