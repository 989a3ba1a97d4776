"""How long a start takes: the import of who embeds a domain beside bare NumPy, and a command with compiled kernels."""

import subprocess
import sys
import time
from statistics import median

from deleverage.bench.readings import Bench

IMPORT_EXTRA, WARM_COMMAND = "plain import, beyond numpy", "warm command"
OPEN_EXTRA = "plain import and an open domain, beyond numpy"
OPENING = (
    "from deleverage.domain import Domain; from deleverage.rulebook.rules import Rules; Domain.open(Rules()).submit([])"
)
"""The import loads no engine; a domain that is opened does."""

COMMAND = ("-m", "deleverage", "run", "six-longs")
"""A story so small that what it takes is the start."""
SAMPLES = 5


def measure(bench: Bench) -> None:
    """Measure new processes, interleaved; the command runs once before, and so compiles what is not compiled yet."""
    bench.say("starts")
    calls: dict[str, tuple[str, ...]] = {
        "numpy": ("-c", "import numpy"),
        "plain": ("-c", "import deleverage.domain"),
        "open": ("-c", OPENING),
    }
    if bench.make is not None:
        calls["command"] = COMMAND
    times: dict[str, list[float]] = {name: [] for name in calls}
    for arguments in calls.values():
        seconds_of(arguments)
    for _ in range(SAMPLES):
        for name, arguments in calls.items():
            times[name].append(seconds_of(arguments))
    facts = bench.readings.facts
    for fact, name in ((IMPORT_EXTRA, "plain"), (OPEN_EXTRA, "open")):
        facts[fact, 0] = median(times[name]) - median(times["numpy"])
    if "command" in times:
        facts[WARM_COMMAND, 0] = median(times["command"])


def seconds_of(arguments: tuple[str, ...]) -> float:
    """Return how long a new Python takes for these arguments."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start
