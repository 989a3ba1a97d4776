"""Moves of the liquidation ladder: unhealthy units before deep books, and what backstops publish, lawful and not."""

from collections.abc import Generator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.life.life import Life

from tests.life.view import PPB, SECOND, Plain


def sell_out(life: "Life") -> Generator[Plain, None, None]:
    """Let a few units become unhealthy before orders that can carry them, and run a step or two."""
    rng, markets = life.rng, life.live_markets()
    if not markets:
        return
    market_id = rng.choice(markets)
    for unit_id in life.units_for(market_id)[: rng.choice((0, 0, 2, 4))]:
        yield life.at("Deposit", unit_id=unit_id, amount_quanta=2 * life.size)  # enough for the upper tiers
    for _ in range(rng.choice((1, 1, 2))):
        yield from life.lever_once(market_id, rng.choice((0.98, 0.9)))
    if rng.random() < 0.3:
        yield from life.spread()
    yield life.jump([market_id], (0.85, 0.93, 0.97, 0.99))
    makers = sorted(life.units_for(market_id), key=lambda key: len(life.state["units"][key]["legs"]))
    aims = life.aims([market_id])
    if not makers or not aims or life.state["halted"]:
        return
    side = 1 if aims[0][1] < 0 else -1
    yield life.at("Deposit", unit_id=makers[0], amount_quanta=20 * life.size)
    for _ in range(rng.randint(1, 4)):
        most = life.room(life.state["units"][makers[0]], market_id, side)
        if most >= 1:
            life.orders += 1
            price = life.near(market_id, rng.choice((0.003, 0.03, 0.3)))
            fields = {"order_id": f"d{life.orders}", "unit_id": makers[0], "market_id": market_id}
            lots = side * max(1, most // rng.choice((1, 2, 3, 7)))
            yield life.with_sides(life.at("PlaceOrder", **fields, lots=lots, price_ticks=price))
    yield life.at("RunStep")
    if rng.random() < 0.3:
        yield life.at("RunStep")


def backstops_of(life: "Life") -> list[str]:
    """Return the accounts that may publish a programme."""
    return [key for key, account in life.state["accounts"].items() if account["role"] == "backstop"]


def programme(life: "Life", share: float = 1.0) -> Generator[Plain, None, None]:
    """Publish a programme for each backstop, or for a share of them: often loose, now and then one that binds."""
    rng = life.rng
    for account_id in backstops_of(life):
        if rng.random() < share:
            if rng.random() < 0.2:
                yield from fill_up(life, account_id)
            market = rng.choice(list(life.terms))
            window = rng.random() < 0.5
            yield life.at(
                "SetProgramme",
                account_id=account_id,
                capacity_lots=rng.choice((0, 1, life.lots_of_size(market), 10**12, 10**12, 10**12)),
                window_ns=rng.choice((1, 1000, SECOND, 20 * SECOND)) if window else 0,
                window_notional_quanta=max(1, life.size // rng.choice((1, 1, 3, 20, 100))) if window else 0,
                cool_down_ns=rng.choice((0, 0, 1, 1000, SECOND, 20 * SECOND)),
                minimum_edge_ppb=rng.choice(
                    (-(10**40), -(10**40), -PPB, -300_000_000, -20_000_001, -1, 0, 0, 1, 1_000_000, 7_777_777, PPB)
                ),
            )


def fill_up(life: "Life", account_id: str) -> Generator[Plain, None, None]:
    """Let a rich backstop hold about as much of a market as one unit may: it has no room for a takeover then."""
    markets = sorted(life.live_markets(), key=lambda key: life.terms[key]["max_lots"] // life.lots_of_size(key))
    others = [key for key in life.units_for(markets[0]) if key != account_id] if markets else []
    if not others:
        return
    side = life.rng.choice((1, -1))
    for unit_id in (account_id, others[0]):
        yield life.at("Deposit", unit_id=unit_id, amount_quanta=50 * life.size)
    for _ in range(2):
        units, buyer, seller = life.state["units"], account_id, others[0]
        most = min(life.room(units[buyer], markets[0], side), life.room(units[seller], markets[0], -side))
        buyer, seller = (buyer, seller) if side > 0 else (seller, buyer)
        if most >= 1:
            yield life.trade(markets[0], buyer, seller, most, life.close_to(markets[0]))


def bad_programme(life: "Life") -> Plain | None:
    """Return a programme with a number that none may have."""
    accounts = backstops_of(life)
    if not accounts:
        return None
    wrong = life.rng.choice(
        (
            {"capacity_lots": -1},
            {"window_ns": 0},
            {"window_notional_quanta": 0},
            {"window_ns": -1, "window_notional_quanta": -1},
            {"cool_down_ns": -1},
            {"cool_down_ns": 10**40 + 1},
            {"minimum_edge_ppb": PPB + 1},
            {"minimum_edge_ppb": -(10**40) - 1},
        )
    )
    return programme_for(life, life.rng.choice(accounts)) | wrong


def programme_for(life: "Life", account_id: str) -> Plain:
    """Return a small lawful programme, for an account that may have none."""
    fields = {"window_ns": 1, "window_notional_quanta": 1, "cool_down_ns": 0, "minimum_edge_ppb": 0}
    return life.at("SetProgramme", account_id=account_id, capacity_lots=5, **fields)
