"""Moves of money: in, out, between units, and the way back after a halt."""

from collections.abc import Generator

from tests.life.trading import Trading
from tests.life.view import Plain


class Money(Trading):
    """Deposits, withdrawals, margin, repayment."""

    def pay_in(self) -> Generator[Plain, None, None]:
        """Give money to those who have none."""
        units = [k for k, u in self.state["units"].items() if not u["bankrupt"]]
        if not units:
            return
        self.rng.shuffle(units)
        units.sort(key=lambda key: self.equity(self.state["units"][key]) > 0)
        amount = self.some_money()
        for unit_id in units[: self.rng.randint(1, 3)]:
            yield self.at("Deposit", unit_id=unit_id, amount_quanta=amount)

    def pay_out(self) -> Generator[Plain, None, None]:
        """Take out what is free, mostly nearly all: it leaves tiny equities."""
        units = [k for k, u in self.state["units"].items() if not u["bankrupt"] and self.free(u) > 0]
        self.rng.shuffle(units)
        if self.rng.random() < 0.7:
            # Winners first: what is left of them is little equity with many lots.
            units.sort(key=lambda key: (not self.state["units"][key]["legs"], -self.free(self.state["units"][key])))
        for unit_id in units[: self.rng.choice((1, 1, 2))]:
            free = self.free(self.state["units"][unit_id])
            if not self.state["units"][unit_id]["legs"] and self.rng.random() < 0.8:
                free -= min(free // 2, self.size // self.rng.choice((5, 20, 50)))
            amount = self.rng.choice((free, free, free - 1, free // 2, free // 3, 1))
            yield self.at("Withdraw", unit_id=unit_id, amount_quanta=max(1, amount))

    def move_margin(self) -> Generator[Plain, None, None]:
        """Move money between the units of one account."""
        pairs = [
            (a, b)
            for a, one in self.state["units"].items()
            for b, other in self.state["units"].items()
            if a != b
            and one["account"] == other["account"]
            and not one["bankrupt"]
            and not other["bankrupt"]
            and self.free(one) > 0
        ]
        if pairs:
            source, target = self.rng.choice(pairs)
            free = self.free(self.state["units"][source])
            yield self.at(
                "MoveMargin",
                from_unit_id=source,
                to_unit_id=target,
                amount_quanta=max(1, free // self.rng.choice((1, 2, 3))),
            )
            isolated = self.state["units"][target]["isolated"]
            if isolated and isolated in self.live_markets():
                yield from self.lever_once(isolated, 1.0)

    def close_period(self) -> Generator[Plain, None, None]:
        """End a period of profit and begin the next one."""
        yield self.at("ClosePeriod")

    def recover(self) -> Generator[Plain, None, None]:
        """Withdraw with claims, repay, resume."""
        owed = self.state["residual"] + sum(self.state["claims"].values())
        if self.state["residual"] and self.rng.random() < 0.4:
            yield from self.pay_out()
            if self.rng.random() < 0.5:
                yield from self.reduce()
        owed = self.state["residual"] + sum(self.state["claims"].values())
        if owed:
            # All but a quantum mostly ends the residual, and leaves a claim that is repaid in the open domain.
            amount = self.rng.choice((owed, owed, max(1, owed - 1), self.rng.randint(1, owed)))
            yield self.at("RepayResidual", amount_quanta=amount)
        halted = list(self.state["halts"])
        scope = self.rng.choice(halted) if halted and self.rng.random() < 0.7 else ""
        yield self.at("Resume", scope=scope)
        if not self.state["halted"] and (left := sum(self.state["claims"].values())):
            yield self.at("RepayResidual", amount_quanta=left)
