"""How long a million winners take: ``python -m deleverage.lab.speed [--winners N] [--policies a,b]``.

Prints one row a policy - the split, and all measures of it, those of the winners' two legs each among them - and the
sum, in seconds of this machine. The book is drawn from a seed; who is in it does not matter here.
"""

import argparse
import sys
from collections.abc import Sequence
from time import perf_counter

import numpy as np

from deleverage.lab.metrics.allocation import Needed, measures
from deleverage.lab.metrics.hedges import exposures
from deleverage.lab.policies.catalogue import named
from deleverage.lab.policies.policy import ask, total
from deleverage.lab.policies.winners import Ratio, Winners

TWELVE = (
    *("queue", "queue-by-leveraged-gain", "wealth-pro-rata", "equity-pro-rata", "capped-pro-rata", "levered-pro-rata"),
    *("risk-aware-pro-rata", "per-capita", "top-levelling", "min-max", "projection", "talmud"),
)


def book(count: int, seed: int = 1) -> tuple[Winners, int]:
    """Return as many winners with heavy-tailed gains, and a fifth of what they have as the budget."""
    rng = np.random.Generator(np.random.PCG64(seed))
    gain = np.floor((1 + rng.pareto(1.2, count)) * 1_000).astype(np.int64)
    equity = gain + np.floor(gain * rng.random(count) * 5).astype(np.int64)
    leverage = rng.integers(1, 40, count)
    ids = tuple(f"w{number:08d}" for number in range(count))
    score = gain / equity * leverage
    return Winners(ids, gain, gain, equity, Ratio(leverage, np.ones(count, np.int64)), score), total(gain) // 5


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 0."""
    parser = argparse.ArgumentParser(prog="python -m deleverage.lab.speed", description="Seconds per policy.")
    parser.add_argument("--winners", type=int, default=1_000_000)
    parser.add_argument("--policies", default=",".join(TWELVE))
    chosen = parser.parse_args(arguments)
    names = chosen.policies.split(",")
    started = perf_counter()
    winners, budget = book(chosen.winners)
    wave = Needed(budget / 100, budget / 50, budget / 500, 100)
    places = np.repeat(np.arange(chosen.winners), 2)
    notional = np.where(places % 2 == np.arange(len(places)) % 2, 1.0, -0.5) * np.repeat(winners.gain, 2) / 50
    drawn = perf_counter() - started
    print(f"{'policy':26} {'split':>7} {'measures':>9}   ({chosen.winners:,} winners, {drawn:.2f} s drawn)")
    whole = 0.0
    for name in names:
        begun = perf_counter()
        shares = ask(named(name), winners, budget)
        split = perf_counter()
        count = len(measures(winners, shares.parts, wave))
        closed = np.minimum(np.repeat(shares.parts / 100, 2), np.abs(notional))
        count += len(exposures(places, notional, closed).measures())
        ended = perf_counter()
        whole += ended - begun
        print(f"{name:26} {split - begun:7.2f} {ended - split:9.2f}   {count} measures", flush=True)
    print(f"{len(names)} policies: {whole:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
