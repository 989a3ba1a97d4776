"""Approvals of what stage 5 may close by hand: given, taken back, used up."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.model.checks import LAST_TIME
from tests.model.state import SIDES, Market, World
from tests.model.trigger import left_by_netting

if TYPE_CHECKING:
    from tests.model.step import Step

Given = dict[str, Any]


@dataclass
class Envelope:
    """Most lots and notional of one market and side until a time, and the lots that this step has closed under it."""

    market: Market
    side: int
    most_lots: int
    most_notional: int
    expiry: int
    rules_hash: str
    used: int = 0

    def plain(self) -> tuple[int | str, ...]:
        """Return the envelope as one row to be compared."""
        return self.most_lots, self.most_notional, self.expiry, self.rules_hash, self.used


def approve(world: World, given: Given, rules: Given) -> str | None:
    """Allow stage 5 to close bankrupt lots of a market and side."""
    market = world.markets.get(given["market_id"])
    if market is None:
        return "UNKNOWN_MARKET"
    if given["side"] not in SIDES.values():
        return "WRONG_SIDE"
    if not 1 <= given["most_notional_quanta"] <= 10**40:
        return "BAD_AMOUNT"
    if not 1 <= given["most_lots"] <= 10**40:
        return "BAD_LOTS"
    if not given["time_ns"] < given["expiry_ns"] <= LAST_TIME:
        return "BAD_EXPIRY"
    if market.settled:
        return "MARKET_SETTLED"
    if not rules["manual"]:
        return "NOT_MANUAL"
    if given["rules_hash"] != rules["hash"]:
        return "WRONG_RULES"
    side = 1 if given["side"] == "long" else -1
    if not market.reduce_only or not left_by_netting(world, market, side):
        return "NOTHING_TO_APPROVE"
    bounds = given["most_lots"], given["most_notional_quanta"], given["expiry_ns"], given["rules_hash"]
    world.envelopes[market.market_id, given["side"]] = Envelope(market, side, *bounds)
    return None


def abort(world: World, given: Given, rules: Given) -> str | None:
    """Take an approval back."""
    if given["market_id"] not in world.markets:
        return "UNKNOWN_MARKET"
    place, reason = (given["market_id"], given["side"]), given["reason"]
    if place not in world.envelopes:
        return "UNKNOWN_ENVELOPE"
    if not 1 <= len(reason) <= 200 or not all(0x20 <= ord(character) <= 0x7E for character in reason):
        return "BAD_REASON"
    del world.envelopes[place]
    return None


def room(world: World, market: Market, side: int, rules: Given) -> int | None:
    """Return how many lots of a market and side may still be closed by hand; None where nobody has to approve."""
    if not rules["manual"]:
        return None
    envelope = world.envelopes.get((market.market_id, SIDES[side]))
    if envelope is None or envelope.rules_hash != rules["hash"]:
        return 0
    return int(min(envelope.most_lots, envelope.most_notional // abs(market.lot_value)) - envelope.used)


def waits_for_approval(world: World, market: Market, side: int, rules: Given) -> bool:
    """Return whether netting would leave lots of a market and side, and none of them may be closed."""
    return room(world, market, side, rules) == 0 and left_by_netting(world, market, side) > 0


def end_expired(step: "Step") -> None:
    """Before the rounds of a step: end what has expired."""
    for place, envelope in _in_order(step.world):
        if envelope.expiry <= step.world.time_ns:
            _end(step, place, "expired")


def end_over(step: "Step") -> None:
    """After the rounds: end what was used, and what has nothing left to close."""
    for place, envelope in _in_order(step.world):
        if envelope.used:
            _end(step, place, "used")
        elif not left_by_netting(step.world, envelope.market, envelope.side):
            _end(step, place, "needless")


def _in_order(world: World) -> list[tuple[tuple[str, str], Envelope]]:
    """Return the envelopes in the order of their texts: "BTC-/long" goes before "BTC/long"."""
    return sorted(world.envelopes.items(), key=lambda item: "/".join(item[0]))


def _end(step: "Step", place: tuple[str, str], why: str) -> None:
    step.seen["ended"].append((*place, why, step.world.envelopes.pop(place).used))
