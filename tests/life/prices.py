"""Moves of marks: walks, crashes aimed at a unit, guards, funding - and the steps that follow."""

from collections.abc import Generator

from tests.life.pools import Pools
from tests.life.view import SECOND, Plain, lots_on

UGLY_RATES = (1, 7, 33_333, 12_500, 333_333_333, 123_456_789, 1_000_003)
STRENGTHS = (1.02, 1.1, 1.3, 2.0, 4.0, 8.0)


class Prices(Pools):
    """Marks, funding and steps."""

    def factor(self) -> float:
        """Return how far a price jumps."""
        strength = self.rng.choice((0.03, 0.1, 0.1, 0.25, 0.25, 0.5, 0.8))
        down = 1 - self.rng.uniform(0, strength)
        return down if self.rng.random() < 0.5 else 1 / down

    def aimed(self, markets: list[str], strengths: tuple[float, ...]) -> tuple[str, float]:
        """Return a market and a factor that takes one of its units to zero, times a strength: below 1 not quite."""
        aims = self.aims(markets)
        if not aims:
            return self.rng.choice(markets), self.factor()
        key, part = self.rng.choice(aims[: max(1, self.rng.randint(1, 2 * len(aims)))])
        part *= self.rng.choice(strengths)
        if min(strengths) < 1:
            return key, 1 + max(-0.97, part)
        # One tick more than needed, so that small prices are hit too.
        return key, 1 + max(-0.97, part) + (1 if part > 0 else -1) / self.state["markets"][key]["mark"]

    def jump(self, markets: list[str], strengths: tuple[float, ...] = STRENGTHS) -> Plain:
        """Return a set of marks in which the named markets jump, mostly aimed at a unit."""
        aim, common = self.rng.choice(markets), self.factor()
        if self.rng.random() < 0.93:
            aim, common = self.aimed(markets, strengths)
        marks = []
        for key in markets:
            known = self.state["markets"][key]
            mark = known["mark"] or self.first_price[key]
            factor = common if key == aim or self.correlated else self.factor()
            # What has gone far away comes back, so that there is always room to fall.
            if mark > 60 * self.first_price[key]:
                factor = min(factor, 1 / max(factor, 0.01))
            elif mark * 20 < self.first_price[key] or mark < 3:
                factor = max(factor, 1 / max(factor, 0.01), 1.4)
            marks.append(self.mark(key, round(mark * factor)))
        if self.rng.random() < 0.2:
            self.rng.shuffle(marks)
        confirmed = self.rng.random() < 0.85 if self.rules["mark_band_ppb"] else self.rng.random() < 0.1
        return self.at("SetMarks", marks=marks, confirmed=confirmed)

    def crash(self) -> Generator[Plain, None, None]:
        """Let prices jump, mostly everywhere at once, and run a step."""
        markets = [key for key, market in self.state["markets"].items() if market["mark"]]
        if not markets:
            return
        some = (
            markets
            if self.rng.random() < self.everywhere
            else self.rng.sample(markets, self.rng.randint(1, len(markets)))
        )
        fragile = sum(abs(part) < 0.5 for _, part in self.aims(some))
        if fragile < 1 or self.rng.random() < 0.05:
            yield from self.rng.choice((self.lever, self.spread, self.spread))()
        if self.rng.random() < 0.15:
            yield from self.pay_out()
        yield self.jump(some)
        if self.rng.random() < 0.12:
            yield from self.lever()
            yield self.jump(some)
        if self.rng.random() < 0.02:
            yield from self.pay_out()
        if self.rng.random() < 0.95:
            yield self.at("RunStep")
            if self.rng.random() < 0.04:
                yield self.at("RunStep")

    def slump(self) -> Generator[Plain, None, None]:
        """Let a price move so far that units become unhealthy, rest orders there, and run a step."""
        markets = self.live_markets()
        if not markets:
            return
        yield from self.rng.choice((self.twins, self.lever, self.lever, self.spread))()
        market_id = self.rng.choice(markets)
        yield self.jump([market_id], (0.4, 0.7, 0.9, 0.97))
        for _ in range(self.rng.randint(1, 5)):
            yield from self.order_once(market_id)
        yield self.at("RunStep")

    def squeeze(self) -> Generator[Plain, None, None]:
        """Ruin a unit in one market, so that poor counterparts of its other legs are asked by several pools.

        Then ruin a second one whose counterparts are left with nothing: the last tier has to be closed too.
        """
        markets = self.live_markets()
        cross = [k for k, u in self.state["units"].items() if not u["isolated"] and not u["bankrupt"]]
        if len(markets) < 3 or len(cross) < 4:
            yield from self.crash()
            return
        self.rng.shuffle(markets)
        victim, second, winner, *poor = self.rng.sample(cross, min(len(cross), self.rng.randint(4, 6)))
        for unit_id in (victim, second, winner, *poor):
            amount = self.some_money() * (len(markets) if unit_id in (victim, second) else 1)
            yield self.at("Deposit", unit_id=unit_id, amount_quanta=amount)
        for number, market_id in enumerate(markets):
            side = self.rng.choice((1, -1))
            if number == 0:
                pairs = [(victim, winner), (victim, second)]
            else:
                pairs = [(victim, other) for other in self.rng.sample(poor, self.rng.randint(1, len(poor)))]
                pairs += [(second, pairs[0][1])] if number == 1 else []
            for one, other in pairs:
                yield from self.part_of_room(market_id, one, other, side, self.rng.randint(20, 45))
        yield from self.drain(poor)
        yield from self.ruin(victim, markets[0])
        if self.rng.random() < 0.6 and not self.is_halted():
            yield from self.drain([second])
            yield from self.ruin(second, markets[0])

    def part_of_room(
        self, market_id: str, one: str, other: str, side: int, percent: int
    ) -> Generator[Plain, None, None]:
        """Let two units trade a part of what both can carry, the first on the given side."""
        units = self.state["units"]
        most = min(self.room(units[one], market_id, side), self.room(units[other], market_id, -side))
        buyer, seller = (one, other) if side > 0 else (other, one)
        if most * percent >= 100:
            yield self.trade(market_id, buyer, seller, most * percent // 100, self.close_to(market_id))

    def drain(self, units: list[str]) -> Generator[Plain, None, None]:
        """Take out all that units have free."""
        for unit_id in units:
            free = self.free(self.state["units"][unit_id])
            if free > 0:
                yield self.at("Withdraw", unit_id=unit_id, amount_quanta=free)

    def ruin(self, unit_id: str, market_id: str) -> Generator[Plain, None, None]:
        """Move a mark until a unit is below zero, often far, and run a step."""
        unit = self.state["units"][unit_id]
        lots = lots_on(unit, market_id, 1) - lots_on(unit, market_id, -1)
        if lots:
            part = -self.equity(unit) / (lots * self.lot_value(market_id)) * self.rng.choice((1.1, 2, 3, 6))
            price = round(self.state["markets"][market_id]["mark"] * (1 + max(-0.97, part)))
            yield self.at("SetMarks", marks=[self.mark(market_id, price)], confirmed=self.rng.random() < 0.9)
        yield self.at("RunStep")

    def walk(self) -> Generator[Plain, None, None]:
        """Move one price a little."""
        key = self.rng.choice(list(self.state["markets"]))
        yield self.at("SetMarks", marks=[self.mark(key, self.near(key))], confirmed=False)

    def fund_rates(self) -> Generator[Plain, None, None]:
        """Charge funding at an ugly rate, seldom a ruinous one."""
        for key in self.rng.sample(list(self.state["markets"]), 1):
            rate = self.rng.choice(UGLY_RATES) * self.rng.choice((1, -1))
            if abs(rate) > 10**8 and self.rng.random() < 0.5:
                rate //= 7
            if self.state["markets"][key]["mark"]:
                yield self.at("AccrueFunding", market_id=key, rate_ppb=rate)

    def settle(self) -> Generator[Plain, None, None]:
        """Settle a market, and let a step handle who could not pay for its last move; one market always stays."""
        markets = [key for key, market in self.state["markets"].items() if market["mark"]]
        if len(markets) > 1:
            key = self.rng.choice(markets)
            if self.rng.random() < 0.4:
                # Who is flat and short then owes the pool of this market, or several.
                yield from self.feed(self.state["markets"][key]["pool"])
                yield self.jump(markets)
                if key not in self.state["markets"] or len(self.state["markets"]) < 2:
                    return  # Something has been settled meanwhile: one market always stays.
            yield self.at("SettleMarket", market_id=key, price_ticks=self.near(key, self.rng.choice((0.01, 0.3, 0.9))))
            if self.rng.random() < 0.8:
                yield self.at("RunStep")

    def guard(self) -> Generator[Plain, None, None]:
        """Propose a mark that is not accepted, where the rules have a guard, and run a step over it."""
        key = self.rng.choice(list(self.state["markets"]))
        sources = self.rng.choice((0, 1, 3))
        yield self.at("SetMarks", marks=[self.mark(key, self.near(key, 0.6), sources)], confirmed=False)
        if self.rng.random() < 0.6:
            others = [other for other in self.state["markets"] if other != key]
            if others:
                yield self.jump(others)
            yield self.at("RunStep")
        if self.rng.random() < 0.6:
            yield self.at("SetMarks", marks=[self.mark(key, self.near(key))], confirmed=True)

    def wait(self) -> Generator[Plain, None, None]:
        """Let marks grow old, and renew some of them."""
        self.time += self.rng.choice((SECOND, 4 * SECOND, 30 * SECOND))
        yield from self.walk()
        if self.rng.random() < 0.5:
            yield self.at("RunStep")

    def step(self) -> Generator[Plain, None, None]:
        """Run a step out of turn."""
        yield self.at("RunStep")
