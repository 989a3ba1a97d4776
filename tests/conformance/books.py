"""Small domains under a venue's preset, built of exact quantities: whoever holds what, at which cash, at which mark.

A *street* account with more money than anybody takes the other side of every position, so that an account's cash and
lots are exactly those of the case. Quantities and prices are fractions; lots and ticks divide them all.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from deleverage.domain import Domain
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.messages import (
    Command,
    Deposit,
    DepositToFund,
    Fact,
    ListMarket,
    MarkUpdate,
    OpenAccount,
    Rejection,
    RunStep,
    SetMarks,
    SetPool,
    SettleMarket,
    Trade,
)
from deleverage.rulebook.pools import COMMON, Drawdown, PoolTerms
from deleverage.rulebook.quantities import Scale, parse_units
from deleverage.venues.catalogue import venue

STREET = "street"
HUGE = 10**12
RATE = Scale(1, 9)
BOUND = 10**30
SECOND_NS = 10**9


def grain(numbers: Iterable[Fraction | int]) -> Fraction:
    """Return the largest step of which all numbers are whole multiples; 1 where all are 0."""
    exact = [Fraction(number) for number in numbers if number]
    if not exact:
        return Fraction(1)
    below = lcm(*(number.denominator for number in exact))
    return Fraction(gcd(*(int(number * below) for number in exact)), below)


class World:
    """A domain under a preset, and the steps of its quantities: ``lot`` and ``tick`` of all markets, a money scale."""

    def __init__(
        self,
        preset: str,
        lot: Fraction,
        tick: Fraction,
        decimals: int = 6,
        switches: dict[str, str] | None = None,
        margins: tuple[int, int] = (1, 1),
    ) -> None:
        self.preset, self.lot, self.tick, self.unit = preset, lot, tick, 10**decimals
        self.margins, self.time_ns = margins, 1
        found = venue(preset)
        self.domain = Domain.open(found.law(Scale(1, decimals), switches))
        terms = found.preset(switches).drawdown
        if terms is not None:
            self.submit(SetPool(time_ns=1, terms=PoolTerms(COMMON, drawdown=_drawdown(terms))))
        self.account(STREET, HUGE)

    def submit(self, *commands: Command) -> list[Fact]:
        """Submit commands, of which none may be refused, and return their facts."""
        facts: list[Fact] = []
        for answer in self.domain.submit(commands):
            if isinstance(answer, Rejection):
                raise AssertionError(f"{self.preset}: {answer}")
            facts += answer
        return facts

    def money(self, amount: Fraction | int) -> int:
        """Return an amount in quanta, exactly."""
        quanta = Fraction(amount) * self.unit
        assert quanta.denominator == 1, f"{amount} is no whole number of quanta"
        return int(quanta)

    def lots(self, quantity: Fraction | int) -> int:
        """Return a quantity in lots, exactly."""
        assert (Fraction(quantity) / self.lot).denominator == 1, f"{quantity} is no whole number of lots"
        return int(Fraction(quantity) / self.lot)

    def ticks(self, price: Fraction | int) -> int:
        """Return a price in ticks, exactly."""
        assert (Fraction(price) / self.tick).denominator == 1, f"{price} is no whole number of ticks"
        return int(Fraction(price) / self.tick)

    def market(
        self,
        market_id: str,
        multiplier: Fraction | int = 1,
        contract: str = "linear",
        tiers: tuple[Tier, ...] = (),
        underlying: str = "",
    ) -> None:
        """List a market in which a unit is worth ``multiplier`` x price, inverse: -``multiplier`` / price."""
        inverse = contract == "inverse"
        worth = self.money(self.lot * multiplier / self.tick if inverse else self.lot * multiplier * self.tick)
        maintenance, initial = self.margins
        tiers = tiers or (Tier(0, maintenance_rate_ppb=maintenance, initial_rate_ppb=initial),)
        terms = MarketTerms(
            market_id,
            1 if inverse else worth,
            tiers,
            max_lots=BOUND,
            max_price_ticks=BOUND,
            max_open_interest_lots=BOUND,
            contract=contract,
            face_quanta_ticks=worth if inverse else 0,
            underlying=underlying,
        )
        self.submit(ListMarket(time_ns=self.time_ns, terms=terms))

    def account(self, name: str, deposit: Fraction | int, role: str = "trader") -> None:
        """Open an account with a deposit."""
        self.submit(OpenAccount(time_ns=self.time_ns, account_id=name, role=role))
        if deposit:
            self.submit(Deposit(time_ns=self.time_ns, unit_id=name, amount_quanta=self.money(deposit)))

    def fund(self, amount: Fraction | int, pool_id: str = COMMON) -> None:
        """Bring money into the fund."""
        if amount:
            self.submit(DepositToFund(time_ns=self.time_ns, amount_quanta=self.money(amount), pool_id=pool_id))

    def later(self, seconds: int) -> None:
        """Let time pass: what follows happens so much later."""
        self.time_ns += seconds * SECOND_NS

    def marks(self, **prices: Fraction | int) -> list[Fact]:
        """Set marks."""
        updates = tuple(MarkUpdate(market_id, self.ticks(price)) for market_id, price in prices.items())
        return self.submit(SetMarks(time_ns=self.time_ns, marks=updates))

    def trade(self, buyer: str, seller: str, market_id: str, quantity: Fraction | int, price: Fraction | int) -> None:
        """Trade at a price, whatever the mark is."""
        lots, ticks = self.lots(quantity), self.ticks(price)
        names = {"market_id": market_id, "buyer_unit_id": buyer, "seller_unit_id": seller}
        self.submit(Trade(time_ns=self.time_ns, **names, lots=lots, price_ticks=ticks))

    def enter(self, name: str, market_id: str, quantity: Fraction | int, price: Fraction | int) -> None:
        """Let an account take a position (long +) against the street, at a mark that is the price."""
        self.marks(**{market_id: price})
        buyer, seller = (name, STREET) if quantity > 0 else (STREET, name)
        self.trade(buyer, seller, market_id, abs(Fraction(quantity)), price)

    def holds(self, name: str, cash: Fraction | int, **positions: Fraction | int) -> None:
        """Open an account that has so much cash after its positions were entered: longs dear, shorts at one tick.

        Entries are no inputs of such cases: nothing hangs on them but that the margin suffices.
        """
        held = {market_id: Fraction(size) for market_id, size in positions.items() if size}
        debt = 2 * max(Fraction(0), -Fraction(cash))
        entries = {
            market_id: self.tick if size < 0 else self.tick * (1 + int(debt / (size * self.tick)))
            for market_id, size in held.items()
        }
        self.account(name, Fraction(cash) + sum(size * entries[m] for m, size in held.items()))
        for market_id, size in held.items():
            self.enter(name, market_id, size, entries[market_id])

    def settle(self, market_id: str, price: Fraction | int) -> None:
        """Close a market for good at a price."""
        self.submit(SettleMarket(time_ns=self.time_ns, market_id=market_id, price_ticks=self.ticks(price)))

    def step(self) -> list[Fact]:
        """Run one step of the waterfall and return its facts."""
        return self.submit(RunStep(time_ns=self.time_ns))

    def cash(self, name: str) -> Fraction:
        """Return an account's cash after every trade, exact."""
        return Fraction(self.domain.book.units[name].quote, self.unit)

    def size(self, name: str, market_id: str) -> Fraction:
        """Return an account's position, long +."""
        leg = self.domain.book.units[name].legs.get(market_id)
        return leg.lots * self.lot if leg else Fraction(0)


def _drawdown(table: dict[str, Any]) -> Drawdown:
    """Return a preset's drawdown in the law's units."""
    fall, stop = (parse_units(str(table[key]), RATE) for key in ("fall", "stop"))
    named = {key: table[key] for key in ("base", "strict") if key in table}
    return Drawdown(table["slots"], table["slot_seconds"] * SECOND_NS, fall, stop, **named)


def of(kind: type, facts: list[Fact]) -> list[Any]:
    """Return the facts of one kind."""
    return [fact for fact in facts if type(fact) is kind]
