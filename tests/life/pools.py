"""Moves of the fund's pools: opened and restated, fed, drained, moved between, and markets that change their pool."""

from collections.abc import Generator

from tests.life.money import Money
from tests.life.view import PPB, SECOND, Plain, lots_on

POOLS = ("common", "P", "p!", "zone", "0")


class Pools(Money):
    """Pools of the insurance fund."""

    def pool(self) -> str:
        """Return some pool that is there."""
        return self.rng.choice(list(self.state["pools"]))

    def group(self) -> Generator[Plain, None, None]:
        """Open a few pools, mostly with money, and let them stand for markets: what a domain begins with."""
        for pool_id in self.rng.sample(POOLS, self.rng.randint(1, 3)):
            yield self.at("SetPool", terms=self.pool_terms(pool_id))
            if self.rng.random() < 0.8:
                yield self.at("DepositToFund", amount_quanta=self.some_money(), pool_id=pool_id)
            if self.rng.random() < 0.2:
                yield from self.drain_fund()
        for market_id, market in list(self.state["markets"].items()):
            others = [key for key in self.state["pools"] if key != market["pool"]]
            if others and self.rng.random() < 0.7:
                yield self.at("Regroup", market_id=market_id, pool_id=self.rng.choice(others))

    def pool_terms(self, pool_id: str) -> Plain:
        """Return terms of a pool, often with a drawdown."""
        rng = self.rng
        drawdown: Plain = {"slots": 0, "slot_ns": 0, "fall_ppb": 0, "stop_ppb": 0, "base": "peak", "strict": False}
        if rng.random() < 0.75:
            fall = rng.choice((1, 100_000_000, 300_000_000, 333_333_333, 900_000_000, PPB))
            drawdown = {
                "slots": rng.choice((1, 2, 10, 60, 10_000)),
                "slot_ns": rng.choice((1, 1000, SECOND // 10, SECOND, 10 * SECOND)),
                "fall_ppb": fall,
                "stop_ppb": rng.choice((0, fall // 2, fall - 1)),
                "base": rng.choice(("peak", "peak", "average")),
                "strict": rng.random() < 0.4,
            }
        floor = rng.choice((0, 0, 0, 1, self.some_money()))
        return {"pool_id": pool_id, "floor_quanta": floor, "drawdown": drawdown}

    def set_pool(self) -> Generator[Plain, None, None]:
        """Open another pool, or restate the terms of one."""
        yield self.at("SetPool", terms=self.pool_terms(self.rng.choice(POOLS)))

    def regroup(self) -> Generator[Plain, None, None]:
        """Let another pool stand for a market."""
        market_id = self.rng.choice(list(self.state["markets"]))
        others = [key for key in self.state["pools"] if key != self.state["markets"][market_id]["pool"]]
        if others:
            yield self.at("Regroup", market_id=market_id, pool_id=self.rng.choice(others))

    def feed_fund(self) -> Generator[Plain, None, None]:
        """Bring money into a pool."""
        yield from self.feed(self.pool())

    def feed(self, pool_id: str) -> Generator[Plain, None, None]:
        """Bring money into one pool."""
        amount = max(1, self.some_money() // self.rng.choice((1, 5, 50)))
        yield self.at("DepositToFund", amount_quanta=amount, pool_id=pool_id)

    def drain_fund(self) -> Generator[Plain, None, None]:
        """Take money out of a pool: a little, all above its floor, or more than that."""
        pool_id = self._rich_pool()
        yield self.at("WithdrawFromFund", amount_quanta=self._above_floor(pool_id), pool_id=pool_id)

    def move_pool(self) -> Generator[Plain, None, None]:
        """Move money from one pool to another."""
        source, target = self._rich_pool(), self.pool()
        if source != target or self.rng.random() < 0.1:
            amount = self._above_floor(source)
            yield self.at("MovePool", from_pool_id=source, to_pool_id=target, amount_quanta=amount)

    def recover(self) -> Generator[Plain, None, None]:
        """Find a way back after a halt; now and then the fund's owner wants money while claims are open."""
        if self.state["residual"] and self.rng.random() < 0.2:
            yield from self.leave()
        if self.state["claims"] and not self.state["residual"]:
            yield self.at("Resume")
            pool_id = self.pool()
            floor = self.state["pools"][pool_id]["floor"]
            yield self.at("DepositToFund", amount_quanta=floor + 1, pool_id=pool_id)
            yield self.at("WithdrawFromFund", amount_quanta=1, pool_id=pool_id)
        yield from super().recover()

    def leave(self) -> Generator[Plain, None, None]:
        """Let everybody close at the mark and take out everything: the residual becomes claims."""
        for market_id, market in self.state["markets"].items():
            while (longs := self.holders(market_id, 1)) and (shorts := self.holders(market_id, -1)):
                units = self.state["units"]
                lots = min(lots_on(units[longs[0]], market_id, 1), lots_on(units[shorts[0]], market_id, -1))
                before = self.state["units"]
                yield self.trade(market_id, shorts[0], longs[0], lots, market["mark"], closing=True)
                if self.state["units"] == before:
                    break  # It was refused.
        for unit_id in list(self.state["units"]):
            equity = self.equity(self.state["units"][unit_id])
            if equity > 0:
                yield self.at("Withdraw", unit_id=unit_id, amount_quanta=equity)

    def _rich_pool(self) -> str:
        """Return a pool with money, if there is one."""
        rich = [key for key, pool in self.state["pools"].items() if self.cash(key) > pool["floor"]]
        return self.rng.choice(rich or list(self.state["pools"]))

    def _above_floor(self, pool_id: str) -> int:
        above = self.cash(pool_id) - self.state["pools"][pool_id]["floor"]
        return max(1, self.rng.choice((above, above, above // 3, above + 1, 1)))

    def cash(self, pool_id: str) -> int:
        """Return what a pool holds."""
        pot = "fund" if pool_id == "common" else f"fund:{pool_id}"
        return int(self.state["pots"][pot])
