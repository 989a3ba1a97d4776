"""The path of a scenario file: one frame after the other."""

from typing import Any

from deleverage.rulebook.rules import Rules
from deleverage.scenarios.bids import read_bids
from deleverage.scenarios.collateral import read_prices
from deleverage.scenarios.faults import Path
from deleverage.scenarios.model import Frame
from deleverage.scenarios.names import Names
from deleverage.scenarios.parts import frame_commands, read_orders
from deleverage.scenarios.pools import read_pool_acts
from deleverage.scenarios.requirements import SECOND_NS


def read_path(names: Names, tables: list[Any], time_ns: int, rules: Rules) -> tuple[Frame, ...]:
    """Return the frames; the first is ``after_seconds`` (1) after ``time_ns``. Index prices come before marks."""
    frames = []
    for at, table in enumerate(tables):
        time_ns += table.get("after_seconds", 1) * SECOND_NS
        here: Path = ("path", at)
        commands = read_prices(names, here, table, time_ns)
        commands += frame_commands(names, here, table, time_ns, rules)
        commands += read_pool_acts(names, here, table, time_ns)
        orders = read_orders(names, (*here, "orders"), table.get("orders", []), f"order-{at + 1}", time_ns)
        commands += [command for command, _ in orders]
        commands += read_bids(names, (*here, "bids"), table.get("bids", []), time_ns)
        frames.append(Frame(table.get("label", f"frame {at + 1}"), time_ns, tuple(commands), table.get("steps", 1)))
    return tuple(frames)
