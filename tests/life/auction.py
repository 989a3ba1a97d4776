"""Moves of an auction: somebody falls below close-out and keeps some equity, then bids, time, marks and steps."""

from collections.abc import Generator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.life.life import Life

from tests.life.view import PPB, SIDE_NAMES, Plain, lots_on, market_of


def hammer(life: "Life") -> Generator[Plain, None, None]:
    """Bring a unit under the hammer, bid for it, and let it end in one of the four ways."""
    rng = life.rng
    markets = [key for key in life.live_markets() if window_ticks(life, key) > 0.7]
    if not markets:
        return
    market_id = rng.choice(markets)
    if rng.random() < 0.7 or price_near_ruin(life, market_id) is None:
        yield from life.lever_once(market_id, 0.98)
    if (price := price_near_ruin(life, market_id)) is None:
        return
    yield life.at("SetMarks", marks=[life.mark(market_id, price)], confirmed=True)
    yield life.at("RunStep")
    if rng.random() < 0.7:
        yield from bids(life)
    for _ in range(rng.randint(1, 4) if on_offer(life) else 0):
        if life.is_halted():
            return
        yield from after_opening(life, market_id)


def window_ticks(life: "Life", market_id: str) -> float:
    """Return about how many ticks lie between close-out and ruin in a market."""
    market, rate = life.state["markets"][market_id], life.terms[market_id]["tiers"][0]["close_out_rate_ppb"]
    return float(market["mark"] * rate * market["factor"] / PPB**2)


def price_near_ruin(life: "Life", market_id: str) -> int | None:
    """Return a price at which the first unit with a leg in this market only would be a little above zero."""
    mark, window = life.state["markets"][market_id]["mark"], window_ticks(life, market_id)
    found = []
    for unit_id in life.shuffled(list(life.state["units"])):
        unit = life.state["units"][unit_id]
        for leg_id, leg in unit["legs"].items() if not unit["bankrupt"] else ():
            if market_of(leg_id) == market_id and len(unit["legs"]) == 1:
                part = -life.equity(unit) / (leg["lots"] * life.lot_value(market_id))
                inverse = life.terms[market_id]["contract"] == "inverse"
                part = part / (1 - part) if inverse and part < 1 else part
                found.append((abs(part), part))
    if not found:
        return None
    _, part = min(found)
    ticks = max(1, window * life.rng.choice((0.2, 0.5, 0.8)))
    return max(1, round(mark * (1 + part) + (ticks if part < 0 else -ticks)))


def after_opening(life: "Life", market_id: str) -> Generator[Plain, None, None]:
    """Do one of the things that may happen to an auction: a few bids, time, a mark, money - and mostly a step."""
    rng = life.rng
    kind = rng.choice(
        ("bids", "bids", "bids", "time", "mark", "crash", "money", "halt", "guard", "wrong", "full", "full")
    )
    running = on_offer(life)
    if kind == "time":
        life.time += rng.choice((1, 1, 3, 40, 40)) * life.rules["auction"]["every_ns"]
    elif kind == "mark":
        yield life.at("SetMarks", marks=[life.mark(market_id, life.near(market_id, 0.05))], confirmed=True)
    elif kind == "crash":
        yield life.jump([market_id], (1.02, 1.1))
    elif kind == "money" and running:
        yield life.at("Deposit", unit_id=running[0][0], amount_quanta=life.size)
    elif kind == "halt" and running:
        yield from bids(life)
        yield life.at("Halt", scope=rng.choice((market_id, market_id, "")), reason="drill")
        life.time += rng.choice((0, 0, 1, 40)) * life.rules["auction"]["every_ns"]
        yield from bids(life)
        yield life.at("Resume", scope=rng.choice(list(life.state["halts"]) or [""]))
        yield from bids(life)
    elif kind == "guard":
        yield life.at("SetMarks", marks=[life.mark(market_id, life.near(market_id, 0.6), 0)], confirmed=False)
        life.time += rng.choice((0, 0, 1, 40)) * life.rules["auction"]["every_ns"]
        yield from bids(life)
    elif kind == "full":
        yield from full_bidder(life)
    elif kind == "wrong" and (wrong := bad_bid(life)) is not None:
        yield wrong
    for _ in range(rng.choice((0, 1, 2, 3, 4))):
        yield from bids(life)
    if rng.random() < 0.7 and not life.is_halted():
        yield life.at("RunStep")


def full_bidder(life: "Life") -> Generator[Plain, None, None]:
    """Let somebody order all lots that it may hold, and then bid for more."""
    legs = on_offer(life)
    others = (
        [key for key in life.units_for(market_of(legs[0][1])) if not same_group(life, key, legs[0][0])] if legs else []
    )
    if not others:
        return
    (unit_id, leg_id, lots), bidder = legs[0], others[0]
    market_id = market_of(leg_id)
    side = 1 if lots > 0 else -1
    held = lots_on(life.state["units"][bidder], market_id, side)
    yield life.at("Deposit", unit_id=bidder, amount_quanta=60 * life.size)
    life.orders += 1
    fields = {"order_id": f"f{life.orders}", "unit_id": bidder, "market_id": market_id}
    most = max(1, life.terms[market_id]["max_lots"] - held)
    price = life.state["markets"][market_id]["mark"]
    leg_side = life.side_of(bidder, market_id, side, most, closing=False)
    yield life.at("PlaceOrder", **fields, lots=side * most, price_ticks=price, leg_side=leg_side)
    yield bid(life, unit_id, leg_id, bidder, 1) | {"least_discount_ppb": 0, "bidder_side": leg_side}


def on_offer(life: "Life") -> list[tuple[str, str, int]]:
    """Return unit, leg id and signed lots of every leg whose unit is auctioned, shuffled; every mode often first."""
    units = [key for key, auction in life.state["auctions"].items() if not auction["expired"]]
    return [
        (key, leg_id, leg["lots"])
        for key in life.shuffled(units)
        for leg_id, leg in life.state["units"][key]["legs"].items()
        if market_of(leg_id) not in life.settled
    ]


def bids(life: "Life") -> Generator[Plain, None, None]:
    """Bid once for somebody on offer, mostly so that the law takes it; every margin mode bids about as often."""
    rng, legs = life.rng, on_offer(life)
    if not legs:
        return
    unit_id, leg_id, lots = rng.choice(legs[:2])
    bidders = [key for key in life.units_for(market_of(leg_id)) if not same_group(life, key, unit_id)]
    if rng.random() < 0.9:  # An isolated leg of hedge mode cannot take the other side.
        names = ("", SIDE_NAMES[1 if lots > 0 else -1])
        bidders = [key for key in bidders if life.state["units"][key]["side"] in names]
    if not bidders:
        return
    mode = rng.choice(sorted({life.mode_of(key) for key in bidders}))
    bidder = rng.choice([key for key in bidders if life.mode_of(key) == mode])
    size = rng.choice((abs(lots), 1, max(1, abs(lots) // 3), rng.randint(1, abs(lots))))
    if rng.random() < 0.12:  # too much for who has least
        bidder, size = min(bidders, key=lambda key: life.equity(life.state["units"][key])), abs(lots)
    elif rng.random() < 0.8:
        yield life.at("Deposit", unit_id=bidder, amount_quanta=life.size * rng.choice((1, 3)))
    yield bid(life, unit_id, leg_id, bidder, size)


def same_group(life: "Life", one: str, other: str) -> bool:
    """Return whether two units have one owner group."""
    groups = {life.state["accounts"][life.state["units"][key]["account"]]["owner_group"] for key in (one, other)}
    return len(groups) == 1


def bid(life: "Life", unit_id: str, leg_id: str, bidder: str, lots: int) -> Plain:
    """Return a bid that asks for no discount, or for one from tiny to everything."""
    market_id, _, leg_side = leg_id.partition("/")
    unit = life.state["units"].get(unit_id)
    side = -1 if unit and lots_on(unit, market_id, -1) and leg_side != "long" else 1
    most = life.rules["auction"].get("most_ppb", 0)
    return life.at(
        "Bid",
        unit_id=unit_id,
        bidder_unit_id=bidder,
        market_id=market_id,
        lots=lots,
        least_discount_ppb=life.rng.choice((0, 0, 0, 0, 0, 1, most // 2, most, min(PPB, most + 1))),
        leg_side=leg_side,
        bidder_side=life.side_of(bidder, market_id, side, lots, closing=False),
    )


def some_bid(life: "Life", market_id: str = "", bidder: str = "") -> Plain | None:
    """Return a bid of a lot in a market, for somebody on offer if there is such a unit, else for anybody with a leg."""
    units = life.state["units"]
    legs = on_offer(life) or [(key, leg_id, 1) for key in life.shuffled(list(units)) for leg_id in units[key]["legs"]]
    legs = [leg for leg in legs if market_id in ("", market_of(leg[1]))]
    if not legs and market_id:
        named = [(key, market_id, 1) for key in life.shuffled(list(units)) if units[key]["isolated"] in ("", market_id)]
        legs = [leg for leg in named if not life.hedged(units[leg[0]])]
    if not legs or market_of(legs[0][1]) not in life.terms:
        return None
    unit_id, leg_id, _ = legs[0]
    others = [key for key in life.shuffled(list(units)) if not same_group(life, key, unit_id)]
    others = [key for key in others if units[key]["isolated"] in ("", market_of(leg_id))] or others
    if not (bidder or others):
        return None
    return bid(life, unit_id, leg_id, bidder or others[0], 1)


def bad_bid(life: "Life") -> Plain | None:
    """Return a bid with one thing wrong, or one that the state refuses."""
    rng, found = life.rng, some_bid(life)
    if found is None:
        return None
    unit = life.state["units"][found["unit_id"]]
    terms = life.terms[found["market_id"]]
    leg_id = "/".join(filter(None, (found["market_id"], found["leg_side"])))
    held = abs(unit["legs"].get(leg_id, {"lots": 0})["lots"])
    elsewhere = [key for key, one in life.state["units"].items() if one["isolated"] not in ("", found["market_id"])]
    bankrupt = [key for key, one in life.state["units"].items() if one["bankrupt"]]
    siblings = [key for key in life.state["units"] if same_group(life, key, found["unit_id"])]
    faults: list[Plain] = [
        {"lots": 0},
        {"lots": -1},
        {"least_discount_ppb": -1},
        {"least_discount_ppb": PPB + 1},
        {"least_discount_ppb": PPB},
        {"lots": held + 1},
        {"lots": terms["max_lots"]},
        {"bidder_side": rng.choice(("", "long", "short", "up"))},
        {"leg_side": rng.choice(("", "long", "short", "up"))},
        {"bidder_unit_id": rng.choice(siblings)},
        {"bidder_unit_id": rng.choice(("nobody", rng.choice(elsewhere or ["nobody"])))},
        {"bidder_unit_id": rng.choice(bankrupt or siblings)},
        {"unit_id": rng.choice(list(life.state["units"]))},
        {"unit_id": "nobody"},
        {"market_id": "none"},
        {"market_id": rng.choice((*life.state["markets"], *life.settled))},
    ]
    return found | rng.choice(faults)
