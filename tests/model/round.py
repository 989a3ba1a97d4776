"""One round of the waterfall: who is bankrupt, the stages in their order, and whose bankruptcy ends."""

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.model.auctions import end_auctions, open_auctions
from tests.model.deleverage import deleverage
from tests.model.fund import pay_again, pay_from_fund
from tests.model.margin import equity
from tests.model.relieve import reduce, relieve
from tests.model.socialise import Debts, debts_without_lots, limit, owed_by_unit, socialise, take_off
from tests.model.state import Debt, Market, Order, Unit
from tests.model.takeover import take_over

if TYPE_CHECKING:
    from tests.model.step import Step


class Round:
    """One round; the debts are split once in it and live no longer than it."""

    def __init__(self, step: "Step", number: int) -> None:
        self.step = step
        self.world = step.world
        self.rules = step.rules
        self.number = number
        self.emitted = False
        self.paced = False
        self.shortfall: dict[Debt, int] = {}
        self.surplus: dict[Debt, int] = {}
        self.without_lots: Debts = defaultdict(int)

    def run(self) -> bool:
        """Run the stages in order and return whether anything happened."""
        self.declare()
        relieve(self)
        reduce(self)
        if self.step.release():
            self.emitted = True
        self.emitted |= end_auctions(self.step)
        self.emitted |= open_auctions(self.step)
        take_over(self)
        pay_from_fund(self)
        deleverage(self)
        if self.step.release():
            self.emitted = True
        debts = debts_without_lots(self)
        owed = owed_by_unit(self, debts)
        for u, paid in pay_again(self, owed).items():
            take_off(debts, u, paid)
        socialise(self, limit(self, debts))
        self.close()
        return self.emitted

    def lots_of(self, market: Market, side: int, units: list[Unit]) -> dict[str, int]:
        """Return the lots of those units that hold this side of a market."""
        held = {unit.unit_id: unit.lots_on(market.market_id, side) for unit in units}
        return {key: lots for key, lots in held.items() if lots > 0}

    def bankrupts(self) -> list[Unit]:
        """Return the bankrupt units by id."""
        return [unit for unit in self.world.all_units() if unit.bankrupt]

    def owner_group(self, unit_id: str) -> str:
        """Return the owner group of a unit's account."""
        return self.world.accounts[self.world.units[unit_id].account_id].owner_group

    def equity(self, unit: Unit) -> int:
        """Return a unit's equity now."""
        return equity(self.world, unit)

    def declare(self) -> None:
        """Stage 0: declare who is bankrupt; the fund only if its pool cannot lift it."""
        pots = self.world.pots
        fund = self.world.fund_unit()
        for unit in self.world.all_units():
            shortfall = -self.equity(unit)
            if unit.bankrupt or shortfall <= 0 or self.step.out_of_reach(unit):
                continue
            if unit is fund and pots["fund"] + pots["fees"] + pots["surplus"] >= shortfall:
                continue
            unit.bankrupt = True
            self.emitted = True

    def remove_order(self, order: Order) -> None:
        """Take an order out of the book."""
        del self.world.orders[order.order_id]
        self.emitted = True

    def close(self) -> None:
        """End the bankruptcy of those who hold neither lots nor shortfall."""
        for unit in self.bankrupts():
            if not unit.legs and self.equity(unit) >= 0:
                unit.bankrupt = False
                self.emitted = True
