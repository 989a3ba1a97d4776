"""What an ordinary day brings now and then: funding, orders, margin moved, collateral, leverages, halts, nonsense."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.margin import free_quanta
from deleverage.rulebook.messages import Command
from tests.life.desk_view import SECOND, BookView
from tests.life.limits import room

PPB = 10**9


class Text(str):
    """A text that is not exactly a str: no declared type allows it."""

    __slots__ = ()


class Seldom(BookView):
    """Seldom moves."""

    def fund_rate(self) -> Iterator[Command]:
        """Accrue funding."""
        rate = self.rng.choice((1, -1, 100_000, -100_000, 7_777_777, -20_000_000, 0))
        yield self.at(m.AccrueFunding, market_id=self.some_market(), rate_ppb=rate)

    def rest_orders(self) -> Iterator[Command]:
        """Rest an order or two that their unit can carry."""
        for _ in range(self.rng.choice((1, 2))):
            market_id = self.some_market()
            pair = self.pair(market_id)
            if pair is None or not self.book.markets[market_id].mark_price_ticks:
                return
            side = self.rng.choice((1, -1))
            unit, leg_side = pair[0] if side > 0 else pair[1]
            price = self.moved(market_id, self.rng.choice((0.002, 0.05, 0.3)) * self.rng.choice((1, -1)))
            most = room(self.book, unit, market_id, side, leg_side, price)
            lots = max(1, most // self.rng.choice((1, 3, 10)))
            yield self.at(
                m.PlaceOrder,
                order_id=f"o{self.book.orders_placed}",
                unit_id=unit.unit_id,
                market_id=market_id,
                lots=side * lots,
                price_ticks=price,
                leg_side=leg_side,
            )

    def take_back(self) -> Iterator[Command]:
        """Cancel an order."""
        if self.book.orders:
            yield self.at(m.CancelOrder, order_id=self.rng.choice(list(self.book.orders)))

    def move_margin(self) -> Iterator[Command]:
        """Move money between the units of an account."""
        own = self.some_unit(lambda unit: bool(unit.isolated_market_id))
        units = [own.unit_id, own.account_id]
        self.rng.shuffle(units)
        free = free_quanta(self.book, self.book.units[units[0]])
        amount = self.rng.choice((free, free + 1, max(1, free // 2)))
        yield self.at(m.MoveMargin, from_unit_id=units[0], to_unit_id=units[1], amount_quanta=max(1, amount))

    def collateral(self) -> Iterator[Command]:
        """List an asset, price it, and let a unit bring some in."""
        asset_id = "gold"
        if asset_id not in self.book.assets:
            terms = AssetTerms(asset_id, 1000, 200_000_000, 50_000_000, 10**15, 10**15, self.rng.choice((0, 10**9)))
            yield self.at(m.ListAsset, terms=terms)
        price = m.AssetPriceUpdate(asset_id, self.rng.randint(900, 1100), max(1, self.rules.min_sources))
        yield self.at(m.SetAssetPrices, prices=(price,), confirmed=True)
        unit = self.some_unit(lambda unit: not unit.isolated_market_id)
        yield self.at(m.DepositAsset, unit_id=unit.unit_id, asset_id=asset_id, amount_grains=self.money())
        if self.rng.random() < 0.5:
            amount = unit.assets.get(asset_id, 0) // self.rng.choice((1, 2))
            yield self.at(m.WithdrawAsset, unit_id=unit.unit_id, asset_id=asset_id, amount_grains=max(1, amount))

    def lever(self) -> Iterator[Command]:
        """Choose a leverage."""
        leverage = self.rng.choice((PPB, 2 * PPB, 5 * PPB))
        unit = self.some_unit()
        market_id = unit.isolated_market_id or self.some_market()
        yield self.at(m.SetLeverage, unit_id=unit.unit_id, market_id=market_id, leverage_ppb=leverage)

    def stop_and_go(self) -> Iterator[Command]:
        """Halt a market or the domain, do something, and resume."""
        scope = self.rng.choice(("", self.some_market()))
        yield self.at(m.Halt, scope=scope, reason="maintenance")
        yield self.mark({key: self.moved(key, 0.001) for key in self.live()[:1]})
        yield self.at(m.Deposit, unit_id=self.some_unit().unit_id, amount_quanta=1)
        yield from self.step()
        yield self.at(m.Resume, scope=scope)

    def announce(self) -> Iterator[Command]:
        """Announce what a market's schedule asks for, to take effect soon."""
        yield self.at(
            m.AnnounceRequirements,
            market_id=self.some_market(),
            volatility_ppb=self.rng.choice((0, 10**8, 10**9)),
            concentration_ppb=self.rng.choice((0, 10**9)),
            effective_ns=self.book.time_ns + self.rng.choice((0, 3, SECOND)),
        )

    def odd(self) -> Iterator[Command]:
        """Send what is nearly right: an equal value of another type, a name of nobody, a number beyond 64 bits."""
        market_id, unit_id = self.some_market(), self.some_unit().unit_id
        mark = m.MarkUpdate(market_id, self.moved(market_id, 0), max(1, self.rules.min_sources))
        exact: Any = mark
        marks: Any = self.at(m.SetMarks, marks=(mark,))
        money: Any = self.at(m.Deposit, unit_id=unit_id, amount_quanta=1)
        trade: Any = self.trade(market_id, (self.some_unit(), ""), (self.some_unit(), ""), 1, self.moved(market_id, 0))
        yield self.rng.choice(
            (
                replace(marks, confirmed=1),
                replace(marks, confirmed=0.0),
                replace(marks, marks=[mark]),
                replace(marks, marks=(tuple(mark),)),
                replace(marks, marks=(exact._replace(price_ticks=float(mark.price_ticks)),)),
                replace(marks, marks=(mark._replace(market_id=Text(market_id)),)),
                replace(marks, marks=(mark, mark)),
                replace(marks, marks=()),
                replace(money, unit_id=Text(unit_id)),
                replace(money, unit_id="nobody"),
                replace(money, unit_id=[unit_id]),
                replace(money, amount_quanta=True),
                replace(money, amount_quanta=0),
                replace(money, time_ns=-1),
                replace(money, time_ns=1 << 63),
                replace(marks, time_ns=1 << 63),
                replace(trade, lots=1.0),
                replace(trade, lots=-1),
                replace(trade, lots=1 << 62),
                replace(trade, price_ticks=0),
                replace(trade, price_ticks=1 << 63),
                replace(trade, buyer_side=Text("")),
                replace(trade, buyer_side="long"),
                replace(trade, buyer_side=None),
                replace(trade, market_id=Text(market_id)),
            )
        )
