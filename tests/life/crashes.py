"""Days on which marks fall: twins of equal rank, one counterparty, a whole open interest at once, just enough money."""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Unit
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import Command
from tests.life.desk_view import BookView
from tests.life.limits import equity_at, room


class Crashes(BookView):
    """What goes wrong on purpose."""

    def crash(self) -> Iterator[Command]:
        """Move one mark far and run steps; often the fund holds just what the losses come to, or a quantum less."""
        market_id = self.some_market()
        price = self.moved(market_id, self.rng.choice((-0.7, -0.3, -0.1, 0.1, 0.4, 1.5)))
        if self.rng.random() < 0.4:
            yield from self.fund_just_enough({market_id: price})
        yield self.mark({market_id: price})
        yield from self.step()
        if self.rng.random() < 0.5:
            yield from self.step()

    def fund_just_enough(self, prices: dict[str, int]) -> Iterator[Command]:
        """Bring the fund's cash to what will be missing at these marks: all of it, a quantum less, or nothing."""
        missing = sum(max(0, -equity_at(self.book, unit, prices)) for unit in self.book.units.values())
        wanted = max(0, missing - self.rng.choice((0, 1, missing)))
        pool_id = self.book.pool_of(next(iter(prices)))
        more = wanted - self.book.cash(pool_id)
        if more > 0:
            yield self.at(m.DepositToFund, amount_quanta=more, pool_id=pool_id)
        elif more < 0:
            yield self.at(m.WithdrawFromFund, amount_quanta=-more, pool_id=pool_id)

    def one_against_twins(self) -> Iterator[Command]:
        """One new unit holds a whole side of a market, equal ones (or one) the other; then it goes bankrupt."""
        if len(self.book.units) > 40:
            return
        empty = [key for key in self.live() if not self.book.markets[key].open_interest_lots]
        market_id = self.rng.choice(empty or self.live())
        market = self.book.markets[market_id]
        names = [f"t{len(self.book.units) + at}" for at in range(1 + self.rng.choice((1, 2, 3, 4)))]
        for name in names:
            yield self.at(m.OpenAccount, account_id=name)
        amount = self.money() + len(names)
        for name in names[1:]:
            yield self.at(m.Deposit, unit_id=name, amount_quanta=amount)
        share = self.rng.choice((1, 2, 3))
        yield self.at(m.Deposit, unit_id=names[0], amount_quanta=max(1, amount * (len(names) - 1) // share))
        if not market.mark_price_ticks or any(name not in self.book.units for name in names):
            return
        units = [self.book.units[name] for name in names]
        side, price = self.rng.choice((1, -1)), market.mark_price_ticks
        own = room(self.book, units[0], market_id, side, "", price) // len(names[1:])
        lots = min(own, *(room(self.book, unit, market_id, -side, "", price) for unit in units[1:]))
        for unit in units[1:]:
            one, other = (units[0], unit) if side > 0 else (unit, units[0])
            yield self.trade(market_id, (one, ""), (other, ""), max(1, lots), price)
        if self.rng.random() < 0.5:
            yield from self.backstop_just_enough(units[0].lots_on(market_id, side))
        prices = {market_id: self.moved(market_id, -0.6 if side > 0 else 1.5)}
        if self.rng.random() < 0.5:
            yield from self.fund_just_enough(prices)
        yield self.mark(prices)
        yield from self.step()

    def backstop_just_enough(self, lots: int) -> Iterator[Command]:
        """Publish a capacity of these lots, one less, or none."""
        backstops = [account.account_id for account in self.book.accounts.values() if account.role == "backstop"]
        if backstops and lots:
            account_id, capacity = self.rng.choice(backstops), max(0, lots - self.rng.choice((0, 1, lots)))
            yield self.at(m.SetProgramme, account_id=account_id, capacity_lots=capacity)
            yield self.at(m.Deposit, unit_id=account_id, amount_quanta=2 * self.size)

    def two_markets(self) -> Iterator[Command]:
        """Crash two markets so that a winner of the one has lost in the other: it has just enough, too little, none."""
        legs = [(unit, sorted(unit.markets() & set(self.live()))) for unit in self.book.units.values()]
        legs = [(unit, markets) for unit, markets in legs if len(markets) > 1 and not unit.bankrupt]
        if not legs:
            return
        unit, markets = self.rng.choice(legs)
        wins, loses = self.rng.sample(markets, 2)
        up, down = self._towards(unit, wins, 1), self._towards(unit, loses, -1)
        prices = {wins: self.moved(wins, up), loses: self.moved(loses, down)}
        missing = sum(max(0, -equity_at(self.book, one, prices)) for one in self.book.units.values() if one is not unit)
        wanted = self.rng.choice((missing, max(0, missing - 1), 0, 1))
        more = wanted - equity_at(self.book, unit, prices)
        if more > 0:
            yield self.at(m.Deposit, unit_id=unit.unit_id, amount_quanta=more)
        yield self.mark(prices)
        yield from self.step()

    def domino(self) -> Iterator[Command]:
        """Let a loss in one market take the money of its winner, who then sells in another, into an order there."""
        markets = [key for key in self.live() if self.book.markets[key].mark_price_ticks]
        if len(markets) < 2 or len(self.book.units) > 40:
            return
        first, second = self.rng.sample(markets, 2)
        names = [f"d{len(self.book.units) + at}" for at in range(3)]
        for name, amount in zip(names, (self.size, self.size, 20 * self.size), strict=True):
            yield self.at(m.OpenAccount, account_id=name)
            yield self.at(m.Deposit, unit_id=name, amount_quanta=amount)
        if any(name not in self.book.units for name in names):
            return
        falls, wins, waits = ((self.book.units[name], "") for name in names)
        for market_id, buyer, share in ((first, falls, self.rng.choice((2, 3))), (second, waits, 1)):
            price = self.book.markets[market_id].mark_price_ticks
            most = room(self.book, wins[0], market_id, -1, "", price) // share
            lots = max(1, min(most, room(self.book, buyer[0], market_id, 1, "", price)))
            yield self.trade(market_id, buyer, wins, lots, price)
        prices = {first: self.moved(first, -0.7), second: self.moved(second, self.rng.choice((0.05, 0.2, 0.6)))}
        yield self.at(
            m.PlaceOrder,
            order_id=f"o{self.book.orders_placed}",
            unit_id=waits[0].unit_id,
            market_id=second,
            lots=-max(1, waits[0].lots_on(second, 1) // self.rng.choice((1, 2))),
            price_ticks=self.in_bounds(second, prices[second] + self.rng.choice((0, 0, 1))),
        )
        missing = max(0, -equity_at(self.book, falls[0], prices))
        more = missing + self.rng.choice((-1, 0, 1, self.size // 50)) - equity_at(self.book, wins[0], prices)
        if more > 0:
            yield self.at(m.Deposit, unit_id=wins[0].unit_id, amount_quanta=more)
        if self.rng.random() < 0.7 and self.book.cash(self.book.pool_of(first)):
            cash = self.book.cash(self.book.pool_of(first))
            yield self.at(m.WithdrawFromFund, amount_quanta=cash, pool_id=self.book.pool_of(first))
        yield self.mark(prices)
        yield from self.step()

    def _towards(self, unit: Unit, market_id: str, wins: int) -> float:
        """Return a move by which a unit wins (1) or loses (-1) in a market."""
        net = unit.lots_on(market_id, 1) - unit.lots_on(market_id, -1)
        return self.rng.choice((0.8, 1.5)) if net * wins > 0 else self.rng.choice((-0.3, -0.7))

    def mend(self) -> Iterator[Command]:
        """Bring a stopped domain back: repay, resume, confirm guarded marks, run steps."""
        if self.book.residual_quanta:
            yield self.at(m.RepayResidual, amount_quanta=self.book.residual_quanta + sum(self.book.claims.values()))
        for scope in list(self.book.halts):
            yield self.at(m.Resume, scope=scope)
        if self.book.halted and not self.book.residual_quanta:
            yield self.at(m.Resume)
        guarded = [key for key in self.live() if self.book.markets[key].guard]
        for market_id in guarded:
            yield self.mark({market_id: self.moved(market_id, 0)})
        if self.book.waiting:
            poor = min(self.book.units.values(), key=lambda unit: equity(self.book, unit))
            yield self.at(m.DepositToFund, amount_quanta=max(1, -equity(self.book, poor)))
        yield from self.step()
