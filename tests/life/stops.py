"""Moves of an operator: halts, what is tried meanwhile, and the way on."""

from collections.abc import Generator

from tests.life.prices import Prices
from tests.life.view import Plain

REASONS = ("feed broken", "x", "a venue's \\ 'own' \"reason\"", "~" * 200)


class Stops(Prices):
    """Halts of a market or of the domain."""

    def halt(self) -> Generator[Plain, None, None]:
        """Stop something, let prices go on and a step run around it, mostly lift it again."""
        scope = self.rng.choice(("", *self.state["markets"], *self.state["markets"]))
        yield self.at("Halt", scope=scope, reason=self.rng.choice(REASONS))
        if self.rng.random() < 0.7:
            yield from self.rng.choice((self.crash, self.reduce, self.pay_out, self.fund_rates))()
        if self.rng.random() < 0.5:
            yield from self.resume()

    def surprise(self) -> Generator[Plain, None, None]:
        """Halt a market with open legs, let its mark make somebody unhealthy meanwhile, and resume it: a grace."""
        yield from self.rng.choice((self.lever, self.spread, self.twins))()
        open_markets = [key for key in self.live_markets() if self.aims([key])]
        if not open_markets:
            return
        market_id = self.rng.choice(open_markets)
        scope = self.rng.choice((market_id, market_id, ""))
        yield self.at("Halt", scope=scope, reason="drill")
        yield self.jump([market_id], (0.7, 0.9, 0.97, 0.99))
        yield self.at("Resume", scope=scope)
        if self.rng.random() < 0.4:  # Lots that are opened in the grace, some with little behind them.
            for _ in range(self.rng.randint(1, 2)):
                yield from self.lever_once(market_id, self.rng.choice((0.3, 0.95, 1.0)))
            yield self.jump([market_id], (0.9, 0.97, 0.99))
        if self.rng.random() < 0.5:
            yield from self.order_once(market_id)
        yield self.at("RunStep")
        if self.rng.random() < 0.5:
            self.time += self.rules["grace_ns"]
            yield self.at("RunStep")

    def resume(self) -> Generator[Plain, None, None]:
        """Lift one halt, mostly with a step behind it."""
        if self.state["halts"]:
            yield self.at("Resume", scope=self.rng.choice(list(self.state["halts"])))
            if self.rng.random() < 0.5:
                yield from self.rng.choice((self.crash, self.slump, self.slump))()
            elif self.rng.random() < 0.7:
                yield self.at("RunStep")
