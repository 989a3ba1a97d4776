"""Moves of requirements: leverages that owners choose, factors that a venue announces and that take effect."""

from collections.abc import Generator

from tests.life.prices import Prices
from tests.life.view import PPB, SECOND, Plain

NOTICES = (0, 0, 1, SECOND // 3, SECOND, 10 * SECOND)


class Risk(Prices):
    """Leverages and announcements."""

    def some_schedule(self) -> Plain:
        """Return a schedule: of every second market one that never moves, else with ugly slopes and bounds."""
        rng = self.rng

        def driver(chance: float) -> list[int]:
            if rng.random() > chance:
                return [0, 0]
            start = rng.choice((0, 1, 20_000_000, 100_000_000, 333_333_333, 900_000_001))
            return [start, rng.choice((1, PPB // 3, PPB, 3 * PPB, 40 * PPB, 1_000_003))]

        moves = rng.random() < 0.5
        return {
            "floor_ppb": rng.choice((PPB, PPB, 800_000_000, 333_333_333, 1)) if moves else PPB,
            "cap_ppb": rng.choice((PPB, 1_333_333_333, 2 * PPB, 5 * PPB, 60 * PPB)) if moves else PPB,
            "max_step_ppb": rng.choice((0, 0, 0, 1, 100_000_000, 777_777_777)),
            "min_notice_ns": rng.choice(NOTICES),
            "volatility": driver(0.8 if moves else 0.1),
            "open_interest": driver(0.5 if moves else 0.1),
            "concentration": driver(0.5 if moves else 0.1),
            "unit_share": driver(0.5 if moves else 0.1),
        }

    def announcement(self, market_id: str, **other: int) -> Plain:
        """Return an announcement with just enough notice, or a little more."""
        rng = self.rng
        volatility = rng.choice((0, 1, 19_999_999, 50_000_000, 250_000_000, PPB, 7 * PPB))
        fields = {
            "market_id": market_id,
            "volatility_ppb": volatility + rng.choice((0, 0, 1, rng.randint(0, 10**7))),
            "concentration_ppb": rng.choice((0, 1, 333_333_333, rng.randint(0, PPB), PPB)),
        }
        command = self.at("AnnounceRequirements", **(fields | other))
        notice = self.terms[market_id]["schedule"]["min_notice_ns"]
        later = rng.choice((0, 0, 0, 1, SECOND, 20 * SECOND))
        return command | {"effective_ns": command["time_ns"] + notice + later}

    def just_before(self, command: Plain) -> Plain | None:
        """Return an announcement that takes effect with a command, if some market's notice is short enough."""
        now = self.state["time_ns"]
        left = command["time_ns"] - now if type(command["time_ns"]) is int else -1
        markets = [
            key
            for key in self.state["markets"]
            if key not in self.settled and self.terms[key]["schedule"]["min_notice_ns"] <= left
        ]
        if self.state["halted"] or not markets:
            return None
        return self.announcement(self.rng.choice(markets)) | {"time_ns": now, "effective_ns": command["time_ns"]}

    def announce(self) -> Generator[Plain, None, None]:
        """Announce factors, wait for them or not, and mostly let a step see what they have made of the units."""
        rng = self.rng
        markets = list(self.state["markets"])
        rng.shuffle(markets)
        # First those whose schedule can raise something, with legs that are as large as the margin allows.
        markets.sort(key=lambda key: self.terms[key]["schedule"]["cap_ppb"] == PPB)
        if markets[0] in self.live_markets():
            for _ in range(rng.randint(0, 3)):
                yield from self.lever_once(markets[0], rng.choice((0.95, 0.98, 1.0)))
        alarm = {"volatility_ppb": 9 * PPB, "concentration_ppb": PPB} if rng.random() < 0.6 else {}
        for market_id in markets[: rng.randint(1, len(markets))]:
            yield self.announcement(market_id, **alarm)
            if rng.random() < 0.4:  # A second one, which waits behind the first or replaces it.
                yield self.announcement(market_id)
        waiting = [one[2] for market in self.state["markets"].values() for one in market["announced"]]
        if waiting and rng.random() < 0.7:
            self.time = max(self.time, rng.choice(waiting) - rng.choice((0, 0, 0, 1)))
        if alarm and rng.random() < 0.7:
            yield from self.order()
        if rng.random() < 0.7:
            yield self.at("RunStep")

    def set_leverage(self) -> Generator[Plain, None, None]:
        """Choose a leverage, mostly one that the tier allows, before a trade or on a leg."""
        rng = self.rng
        markets = self.live_markets()
        if not markets:
            return
        market_id = rng.choice(markets)
        units = self.units_for(market_id)
        for unit_id in units[: rng.randint(1, 2)]:
            rates = [tier["initial_rate_ppb"] for tier in self.terms[market_id]["tiers"]]
            most = PPB * PPB // max(1, rng.choice(rates))
            leverage = rng.choice((most, most, most + 1, most // 2, most // 3 + 1, most * 2, PPB, 7 * PPB // 2))
            yield self.at("SetLeverage", unit_id=unit_id, market_id=market_id, leverage_ppb=max(PPB, leverage))
        if rng.random() < 0.6:
            yield from self.lever_once(market_id, rng.choice((0.3, 0.9, 1.0)))
