"""Ordinary days: a book of five to forty units on which most commands are accepted, and the crashes that end them.

Unlike a hostile life it aims at what happens in masses: trades, money in and out, marks, at their limits and one
beyond. It reads the rulebook's book itself, which whoever plays the commands moves on.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from random import Random
from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import LONG, SHORT, Book, Unit, leg_id_of
from deleverage.rulebook.margin import equity, free_quanta, is_unhealthy
from deleverage.rulebook.messages import Command
from deleverage.rulebook.pools import COMMON, Drawdown, PoolTerms
from deleverage.rulebook.rules import Rules
from tests.life.crashes import Crashes
from tests.life.limits import last_price, room
from tests.life.ordinary_terms import random_terms
from tests.life.seldom import Seldom

SECOND = 10**9
SIZES = (300, 10**5, 10**5, 10**8, 10**8, 10**8, 10**12, 10**12, 10**12, 1 << 46, 1 << 50)
"""What a usual leg is worth, in quanta: from each quantum counts to the largest that columns hold."""


class Ordinary(Crashes, Seldom):
    """The commands of one world."""

    def __init__(self, rng: Random, book: Book, rules: Rules) -> None:
        super().__init__(rng, book, rules, rng.choice(SIZES))
        self.hedgers = rng.choice((0, 0.3, 1))
        self.moves: list[tuple[float, Callable[[], Iterator[Command]]]] = [
            (36, self.open),
            (18, self.close),
            (7, self.flip),
            (9, self.fill_up),
            (12, self.pay_in),
            (16, self.pay_out),
            (24, self.drift),
            (3, self.several_marks),
            (3, self.to_the_brink),
            (3, self.step),
            (2.5, self.crash),
            (1, self.one_against_twins),
            (0.7, self.two_markets),
            (2.5, self.domino),
            (3, self.fund_rate),
            (1.5, self.rest_orders),
            (1, self.take_back),
            (2, self.move_margin),
            (0.5, self.list_more),
            (1, self.open_more),
            (0.4, self.collateral),
            (0.4, self.lever),
            (0.3, self.stop_and_go),
            (0.3, self.announce),
            (0.5, self.odd),
        ]

    def commands(self) -> Iterator[Command]:
        """Yield the commands of a world, one after the other."""
        yield from islice(chain(self.begin(), self.days()), self.rng.choice((200, 400, 800)))

    def begin(self) -> Iterator[Command]:
        """Yield markets, accounts, first marks and money."""
        rng = self.rng
        if rng.random() < 0.3:
            drawdown = Drawdown(8, SECOND, 300_000_000, 100_000_000) if rng.random() < 0.2 else Drawdown()
            yield self.at(m.SetPool, terms=PoolTerms(COMMON, rng.choice((0, self.size // 10)), drawdown))
        for _ in range(rng.choice((1, 2, 2, 3, 5))):
            yield from self.list_more()
        for _ in range(rng.choice((3, 8, 16))):
            yield from self.open_more()
        if rng.random() < 0.7:
            yield self.at(m.OpenAccount, account_id="fund", role="fund")
            yield self.at(m.DepositToFund, amount_quanta=self.money())
        for number in range(rng.choice((0, 0, 1, 2))):
            name, capacity = f"backstop{number}", rng.choice((0, 1, 10, 10**6))
            yield self.at(m.OpenAccount, account_id=name, role="backstop", backstop_capacity_lots=capacity)
            yield self.at(m.Deposit, unit_id=name, amount_quanta=self.money())

    def days(self) -> Iterator[Command]:
        """Yield one move after the other."""
        moves = [move for _, move in self.moves]
        weights = [weight * self.rng.choice((0.5, 1, 1, 2)) for weight, _ in self.moves]
        while True:
            (move,) = self.rng.choices(moves, weights)
            yield from move()
            if self.book.is_halted or self.book.waiting or self.book.residual_quanta:
                yield from self.mend()

    # -- trades -------------------------------------------------------------------------------------------------------

    def open(self) -> Iterator[Command]:
        """Let two units take lots from each other: one lot, as many as they carry, one more, or something between."""
        market_id, price = self.market_and_price()
        pair = self.pair(market_id)
        if pair is None:
            return
        (buyer, buyer_side), (seller, seller_side) = pair
        most = min(
            room(self.book, buyer, market_id, 1, buyer_side, price),
            room(self.book, seller, market_id, -1, seller_side, price),
        )
        usual = max(1, most // self.rng.choice((2, 5, 20)))
        lots = self.rng.choice((1, most, most + 1, usual, usual, usual, self.rng.randint(1, max(1, most))))
        yield self.trade(market_id, (buyer, buyer_side), (seller, seller_side), max(1, lots), price)

    def close(self) -> Iterator[Command]:
        """Let a long and a short give lots back, all or some."""
        market_id, price = self.market_and_price()
        longs, shorts = self.holders(market_id, 1), self.holders(market_id, -1)
        if not longs or not shorts:
            return
        (long_unit, long_side), (short_unit, short_side) = self.rng.choice(longs), self.rng.choice(shorts)
        if long_unit is short_unit:
            return
        most = min(abs(long_unit.lots_on(market_id, 1)), abs(short_unit.lots_on(market_id, -1)))
        lots = self.rng.choice((most, most, 1, self.rng.randint(1, most), most + (self.rng.random() < 0.1)))
        yield self.trade(market_id, (short_unit, short_side), (long_unit, long_side), lots, price)

    def flip(self) -> Iterator[Command]:
        """Let a unit in one-way mode sell more than it has, or buy more than it owes; or hand its lots to another."""
        market_id, price = self.market_and_price()
        side = self.rng.choice((1, -1))
        holders = [one for one in self.holders(market_id, side) if self.rng.random() < 0.2 or not one[1]]
        if not holders:
            return
        holder = self.rng.choice(holders)
        held = holder[0].lots_on(market_id, side)
        pair = self.pair(market_id)
        if pair is None or holder[0] in (pair[0][0], pair[1][0]):
            return
        lots = held if holder[1] or self.rng.random() < 0.4 else held + self.rng.randint(1, held)
        buyer, seller = (pair[0], holder) if side > 0 else (holder, pair[1])
        yield self.trade(market_id, buyer, seller, lots, price)

    def fill_up(self) -> Iterator[Command]:
        """Bring in what a leg of the usual size needs, and open it."""
        market_id, price = self.market_and_price()
        pair = self.pair(market_id)
        if pair is None:
            return
        market = self.book.markets[market_id]
        lots = max(1, min(market.terms.max_lots, self.size // max(1, abs(market.value_quanta))))
        for unit, _ in pair:
            if self.rng.random() < 0.9:
                yield self.at(m.Deposit, unit_id=unit.unit_id, amount_quanta=self.money())
        yield self.trade(market_id, *pair, self.rng.randint(1, lots), price)

    def market_and_price(self) -> tuple[str, int]:
        """Return a market and a price at its mark, near it or far from it."""
        market_id = self.some_market()
        mark = self.book.markets[market_id].mark_price_ticks or self.first_price[market_id]
        away = self.rng.choice((0, 0, 0, 0.0005, 0.002, 0.01, 0.2))
        return market_id, self.in_bounds(market_id, mark + round(mark * self.rng.uniform(-away, away)))

    # -- money and marks ----------------------------------------------------------------------------------------------

    def pay_in(self) -> Iterator[Command]:
        """Bring money in: a quantum, something, or a lot."""
        amount = self.rng.choice((1, self.money(), self.money(), self.rng.randint(1, self.size)))
        yield self.at(m.Deposit, unit_id=self.some_unit().unit_id, amount_quanta=amount)

    def pay_out(self) -> Iterator[Command]:
        """Take out all that is free, a quantum more, or a part."""
        unit = self.some_unit()
        free = free_quanta(self.book, unit)
        amount = self.rng.choice((free, free + 1, max(1, free // 3), self.rng.randint(1, max(1, free)), 1))
        yield self.at(m.Withdraw, unit_id=unit.unit_id, amount_quanta=max(1, amount))

    def drift(self) -> Iterator[Command]:
        """Move one mark a little, now and then by a few percent; now and then confirmed or with too few sources."""
        market_id = self.some_market()
        share = self.rng.choice((0, 0.0001, 0.001, 0.001, 0.01, 0.05))
        yield self.mark({market_id: self.moved(market_id, self.rng.uniform(-share, share))})

    def several_marks(self) -> Iterator[Command]:
        """Move all marks at once."""
        share = self.rng.choice((0.001, 0.01))
        yield self.mark({key: self.moved(key, self.rng.uniform(-share, share)) for key in self.live()})

    def to_the_brink(self) -> Iterator[Command]:
        """Put a mark where a unit is healthy or solvent just so, or a tick further, and run a step."""
        unit = self.some_unit(lambda unit: bool(unit.legs) and not unit.bankrupt)
        live = sorted(unit.markets() & set(self.live()))
        if not live:
            return
        market_id, threshold = self.rng.choice(live), self.rng.choice((self.is_fine, self.is_solvent))
        up = unit.lots_on(market_id, -1) > unit.lots_on(market_id, 1)
        price = last_price(self.book, market_id, lambda: threshold(unit), up)
        if price:
            beyond = self.rng.choice((0, 1)) * (1 if up else -1)
            yield self.mark({market_id: self.in_bounds(market_id, price + beyond)})
            yield from self.step()

    def is_fine(self, unit: Unit) -> bool:
        """Return whether a unit is healthy at the marks of now."""
        return not is_unhealthy(self.book, unit)

    def is_solvent(self, unit: Unit) -> bool:
        """Return whether a unit is not below zero at the marks of now."""
        return equity(self.book, unit) >= 0

    def list_more(self) -> Iterator[Command]:
        """List a market and, mostly, set its first mark."""
        if len(self.book.markets) >= 8:
            return
        market_id = f"m{len(self.book.markets)}"
        terms, price = random_terms(self.rng, market_id, self.size)
        self.first_price[market_id] = price
        yield self.at(m.ListMarket, terms=terms)
        if self.rng.random() < 0.95:
            yield self.mark({market_id: price})

    def open_more(self) -> Iterator[Command]:
        """Open an account with its money, and now and then isolated units of it with theirs."""
        if len(self.book.units) >= 36:
            return
        account_id, hedge = f"u{len(self.book.accounts)}", self.rng.random() < self.hedgers
        group = self.rng.choice(("", "", "", "family"))
        yield self.at(m.OpenAccount, account_id=account_id, owner_group=group, hedge=hedge)
        yield self.at(m.Deposit, unit_id=account_id, amount_quanta=self.money())
        for market_id in self.live():
            for side in (LONG, SHORT) if hedge else ("",):
                if self.rng.random() < 0.25:
                    yield self.at(m.OpenIsolated, account_id=account_id, market_id=market_id, side=side)
                    unit_id = f"{account_id}/{leg_id_of(market_id, side)}"
                    yield self.at(m.Deposit, unit_id=unit_id, amount_quanta=self.money())


def ordinary(rng: Random, book: Book, rules: Rules) -> Iterator[Any]:
    """Return the commands of an ordinary world; whoever asks for the next one has played the one before on the book."""
    return Ordinary(rng, book, rules).commands()
