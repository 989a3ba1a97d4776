"""The families of torture: which module runs each, and how often in ``make test`` and in ``make torture``."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

from tests.torture.tally import Tally

Run = Callable[[int, int], Tally]
"""Runs a family so often, from a seed on."""


class Family(NamedTuple):
    """A family: its name, its module, its counts, and what runs it; ``quick`` 0: the tests run it by themselves."""

    name: str
    module: str
    quick: int
    full: int
    function: str = "run"

    def find(self) -> Run | None:
        """Return what runs it; None where nobody has built it."""
        name = f"{__package__}.{self.module}"
        if find_spec(name) is None:
            return None
        run: Run | None = getattr(import_module(name), self.function, None)
        return run


FAMILIES = (
    Family("kills", "kill", 50, 1_000),
    Family("second writers", "second", 5, 100),
    Family("clock jumps", "clocks", 100, 1_000),
    Family("makings", "makings", 100, 4_000),
    Family("power cuts", "outages", 20, 200),
    Family("I/O faults", "every_fault", 110, 1_000),
    Family("bit flips", "flips", 50, 500),
    Family("tampering", "tamper", 50, 1_000),
    Family("PostgreSQL tampering", "tamper_rows", 20, 200),
    Family("PostgreSQL kills", "on_postgres", 2, 20, "kills"),
    Family("PostgreSQL second writers", "on_postgres", 2, 10, "second_writers"),
    Family("PostgreSQL zombies", "on_postgres", 1, 5, "zombies"),
    Family("mounted power cuts", "elsewhere", 5, 100, "mounted"),
    Family("simulation", "simulate", 1_000, 20_000),
    Family("planted bugs", "planted", 12, 12),
    Family("engine and rulebook", "elsewhere", 0, 1_000_000, "engines"),
    Family("rulebook and model", "elsewhere", 0, 1_000_000, "model"),
    Family("properties", "elsewhere", 0, 2_000, "properties"),
)
