"""The model's door: commands in, codes out, the state to look at."""

from typing import Any

from tests.model.auctions import end_if_cured, let_clocks_run
from tests.model.checks import LAST_TIME, is_badly_typed
from tests.model.commands import HANDLERS
from tests.model.margin import period_profit
from tests.model.pools import remember_cash
from tests.model.requirements import take_effect
from tests.model.state import Unit, World, move, plain, units_with_opening_orders
from tests.model.step import Step


class Model:
    """One clearing domain, kept by the slowest and most literal reading of the law."""

    def __init__(self, rules: dict[str, Any]) -> None:
        self.rules = rules
        self.world = World()
        self.last_step: dict[str, Any] = {}

    def submit(self, command: dict[str, Any]) -> str | None:
        """Carry a command out and return None, or change nothing and return the name of the rejection."""
        if is_badly_typed(command):
            return "BAD_TYPE"
        if command["time_ns"] < self.world.time_ns:
            return "TIME_BACKWARDS"
        if command["time_ns"] > LAST_TIME:
            return "BAD_TIME"
        clocks = let_clocks_run(self.world, command["time_ns"])
        before = take_effect(self.world, command["time_ns"])
        code = HANDLERS[command["kind"]](self.world, command, self.rules)
        if code is not None:
            self.world.markets.update(before)
            self.world.auctions = clocks
            return code
        self.world.time_ns = command["time_ns"]
        if command["kind"] == "Trade":
            self._release([self.world.units[command[party]] for party in ("buyer_unit_id", "seller_unit_id")])
        if command["kind"] == "Bid":
            self._release([self.world.units[command[party]] for party in ("bidder_unit_id", "unit_id")])
            end_if_cured(self.world, self.world.units[command["unit_id"]])
        if command["kind"] == "RunStep":
            self.world.steps += 1
            step = Step(self.world, self.rules)
            step.run()
            self.last_step = step.seen
        remember_cash(self.world)
        return None

    def state(self) -> dict[str, Any]:
        """Return the whole state in plain dictionaries."""
        return plain(self.world)

    def _release(self, units: list[Unit]) -> None:
        """Give what is left of isolated units that have become flat to their accounts' cross units."""
        with_orders = units_with_opening_orders(self.world)
        for unit in units:
            is_free = not unit.legs and not unit.bankrupt and unit.unit_id not in with_orders
            if unit.isolated and is_free and unit.quote > 0:
                move(unit, self.world.units[unit.account_id], unit.quote, period_profit(self.world, unit))
