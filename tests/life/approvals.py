"""Moves of whoever approves: envelopes that hold all, some or too few lots, that expire, and are taken back."""

from collections.abc import Generator

from tests.life.prices import Prices
from tests.life.view import SECOND, Plain, lots_on


class Approvals(Prices):
    """Approvals of what stage 5 may close, where the rules ask for them."""

    def waiting(self) -> list[tuple[str, str, int]]:
        """Return where bankrupt lots wait in a reduce-only market: market, side, lots before netting."""
        bankrupts = [unit for unit in self.state["units"].values() if unit["bankrupt"]]
        locked = [key for key, market in self.state["markets"].items() if market["reduce_only"]]
        found = [
            (market_id, side, sum(lots_on(unit, market_id, sign) for unit in bankrupts))
            for market_id in locked
            for side, sign in (("long", 1), ("short", -1))
        ]
        return [one for one in found if one[2]]

    def approval(self, market_id: str, side: str, lots: int, **other: object) -> Plain:
        """Return an approval for about so many lots."""
        rng = self.rng
        worth = lots * abs(self.lot_value(market_id))
        command = self.at("ApproveEnvelope", market_id=market_id, side=side)
        return command | {
            "most_lots": min(10**40, max(1, rng.choice((lots, lots, lots - 1, lots // 3, 1, 10**12)))),
            "most_notional_quanta": min(10**40, max(1, rng.choice((10**40, 10**40, worth, worth - 1, worth // 2)))),
            "expiry_ns": command["time_ns"] + rng.choice((1, SECOND, 10**15, 10**15)),
            "rules_hash": self.rules["hash"],
            **other,
        }

    def approve(self) -> Generator[Plain, None, None]:
        """Approve something that waits; mostly let a step do it, seldom take it back or let it expire."""
        rng = self.rng
        market_id, side, lots = rng.choice(self.waiting())
        yield self.approval(market_id, side, lots)
        end = rng.random()
        if end < 0.25:
            for reason in ("", "not now") if rng.random() < 0.3 else ("not now",):
                yield self.at("AbortEnvelope", market_id=market_id, side=side, reason=reason)
        elif end < 0.35:
            self.time += rng.choice((1, SECOND, 10**15))
        elif end < 0.45:
            yield from rng.choice((self.crash, self.slump, self.pay_in))()
        else:
            yield self.at("RunStep")

    def needless(self) -> Generator[Plain, None, None]:
        """Approve lots, then let the market settle: nothing is left to close under the envelope."""
        market_id, side, lots = self.rng.choice(self.waiting())
        if len(self.state["markets"]) < 2:
            return  # A life needs a market.
        yield self.approval(market_id, side, lots, expiry_ns=self.time + 10**18)
        mark = self.state["markets"][market_id]["mark"]
        yield self.at("SettleMarket", market_id=market_id, price_ticks=mark)
        yield self.at("RunStep")


def wrong_approval(life: "Approvals") -> Plain | None:
    """Return an approval with a fault or two, in a market where it may even be needed."""
    rng = life.rng
    waiting = life.waiting() or [(key, rng.choice(("long", "short")), 3) for key in life.state["markets"]]
    if not waiting:
        return None
    given = life.approval(*rng.choice(waiting))
    if rng.random() < 0.3:  # The last reason but one: few worlds are manual, and most other faults hide it.
        return given | {"rules_hash": rng.choice(("", "0" * 64))}
    faults: list[Plain] = [
        {"market_id": "none"},
        {"side": rng.choice(("", "both"))},
        {"most_notional_quanta": rng.choice((0, -1, 10**40 + 1))},
        {"most_lots": rng.choice((0, -1, 10**40 + 1))},
        {"expiry_ns": rng.choice((given["time_ns"], given["time_ns"] - 1, 1 << 63))},
        {"market_id": rng.choice(life.settled or ["none"])},
    ]
    for fault in rng.sample(faults, rng.choice((0, 1, 1, 2))):
        given |= fault
    return given


def wrong_abort(life: "Approvals") -> Plain | None:
    """Return an abort of nothing, or for no reason."""
    rng = life.rng
    places = [place.split("/") for place in life.state["envelopes"]] or [["none", "long"]]
    market_id, side = rng.choice(places)
    if rng.random() < 0.5:
        market_id = rng.choice(list(life.state["markets"]) or ["none"])
    reason = rng.choice(("", "x" * 201, "not now"))
    return life.at("AbortEnvelope", market_id=market_id, side=rng.choice((side, side, "short", "")), reason=reason)
