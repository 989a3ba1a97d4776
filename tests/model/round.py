"""One round of the waterfall: who is bankrupt, the stages in their order, and whose bankruptcy ends."""

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.model.auctions import end_auctions, open_auctions
from tests.model.conversion import convert
from tests.model.deleverage import deleverage
from tests.model.fund import debts_of_pools, pay_again, pay_from_fund, shortfall_by_pool
from tests.model.margin import equity
from tests.model.pools import look_at_pools
from tests.model.relieve import reduce, relieve
from tests.model.socialise import Debts, debts_without_lots, limit, owed_by_unit, socialise, take_off
from tests.model.state import Debt, Market, Order, Unit, market_of, pot
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
        convert(self)
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
        for (pool_id, u, _), paid in pay_again(self, debts_of_pools(self, owed, debts)).items():
            take_off(debts, [key for key in debts if key[0] == u and key[1] in ("", *self.markets_of(pool_id))], paid)
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

    def pool_of(self, leg_id: str) -> str:
        """Return the pool of the fund that stands for a leg's market."""
        return self.world.markets[market_of(leg_id)].pool

    def markets_of(self, pool_id: str) -> list[str]:
        """Return the markets that a pool of the fund stands for."""
        return [market.market_id for market in self.world.all_markets() if market.pool == pool_id]

    def owner_group(self, unit_id: str) -> str:
        """Return the owner group of a unit's account."""
        return self.world.accounts[self.world.units[unit_id].account_id].owner_group

    def equity(self, unit: Unit) -> int:
        """Return a unit's equity now."""
        return equity(self.world, unit)

    def declare(self) -> None:
        """Stage 0: declare who is bankrupt, the fund only if its pools cannot lift it; then look at the pools."""
        fund = self.world.fund_unit()
        for unit in self.world.all_units():
            shortfall = -self.equity(unit)
            if unit.bankrupt or shortfall <= 0 or self.step.out_of_reach(unit) or self.step.waits_for_price(unit):
                continue
            if unit is fund and self.pools_can_lift(unit):
                continue
            unit.bankrupt = True
            self.emitted = True
        switched = look_at_pools(self.world)
        self.step.seen["switches"] += switched
        self.emitted = self.emitted or bool(switched)

    def pools_can_lift(self, fund: Unit) -> bool:
        """Return whether each pool has its part of the fund's own shortfall, with what is about to enter."""
        needs: dict[str, int] = defaultdict(int)
        for (pool_id, _, _), part in shortfall_by_pool(self, fund).items():
            needs[pool_id] += part
        pots = self.world.pots
        has = {key: sum(pots[pot(name, key)] for name in ("fund", "fees", "surplus")) for key in needs}
        return all(has[key] >= need for key, need in needs.items())

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
