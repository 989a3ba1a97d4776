"""The bundled scenarios as vectors: the stories that people read, in numbers that programs compare."""

from collections.abc import Iterator

from deleverage.domain.player import play
from deleverage.scenarios.loader import bundled_names, load
from deleverage.vectors.recorder import Recorder
from deleverage.vectors.vector import Vector

DRAWN_ACCOUNTS = 12
"""How many accounts are drawn where a scenario draws: enough for a queue, few enough to read."""


def stories() -> Iterator[Vector]:
    """Yield a vector of each bundled scenario, in order of their names."""
    for name in bundled_names():
        scenario = load(name)
        if scenario.drawn_accounts:
            scenario = load(name, accounts=DRAWN_ACCOUNTS)
        recorder = Recorder(scenario.rules)
        play(scenario, domain=recorder)
        yield recorder.vector(name, f"{scenario.title}. {scenario.lesson}")
