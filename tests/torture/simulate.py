"""The simulation: journal, clerk, clients, network, clock and disk in one thread, from one integer.

    python -m tests.torture.simulate 17                 what happens in world 17, event by event
    python -m tests.torture.simulate 1 --worlds 100     what each of 100 worlds comes to, and how many a second

No world waits for anything, so that hours of it are seconds; and every failure comes again from its number.
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.torture import wrong_parts
from tests.torture.ground import ORDINARY, Build
from tests.torture.machine import Wrong
from tests.torture.tally import Tally
from tests.torture.world import World

NAME = "simulation"
AGAIN = "python -m tests.torture.simulate"
TWICE = 50
"""Every so many-th world is run twice: it has to be the same."""
SHARE = 100
"""Worlds of one process before it asks for more."""


def run(count: int, seed: int, build: Build = ORDINARY) -> Tally:
    """Return what happened in ``count`` worlds, from a seed on; many are shared out to the processors."""
    seeds = range(seed, seed + count)
    if count <= SHARE or build is not ORDINARY:
        return _worlds(seeds, build)
    tally = Tally(NAME, kinds={"events": Counter()})
    shares = [seeds[at : at + SHARE] for at in range(0, count, SHARE)]
    # Who compiles kernels keeps 350 MB of the compiler for life: that is one process, which ends; the others load them.
    for few, workers in ((shares[:1], 1), (shares[1:], None)):
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            for share in pool.map(_worlds, few):
                tally.add(share)
    return tally


def _worlds(seeds: range, build: Build = ORDINARY) -> Tally:
    tally = Tally(NAME, kinds={"events": Counter()})
    for seed in seeds:
        complaint = judged(seed, build, tally)
        if complaint is None:
            tally.note("all answered")
        else:
            tally.fail(seed, complaint[:1_000], f"{AGAIN} {seed}")
    return tally


def judged(seed: int, build: Build, tally: Tally) -> str | None:
    """Return what must not be in a world; whatever it raises is that."""
    world = World(seed, build)
    try:
        digest = world.run()
        if seed % TWICE == 0 and World(seed, build).run() != digest:
            return "the same world went another way"
    except Wrong as wrong:
        return str(wrong)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        tally.kinds["events"].update(world.course.counts)
    return None


def main(arguments: list[str]) -> int:
    """Print what happens in a world; 1 where something must not be."""
    parser = argparse.ArgumentParser(prog=AGAIN, description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("seed", type=int)
    parser.add_argument("--worlds", type=int, default=1, help="run so many, and print only the digest of each")
    parser.add_argument(
        "--clerk", default="Clerk", help="a clerk with a bug, by its name in tests/torture/wrong_parts.py"
    )
    given = parser.parse_args(arguments)
    build = Build(clerk=getattr(wrong_parts, given.clerk))
    started = time.perf_counter()
    for seed in range(given.seed, given.seed + given.worlds):
        world = World(seed, build, tell=print if given.worlds == 1 else None)
        try:
            print(seed, world.run())
        except Wrong as wrong:
            print(f"{seed} WRONG: {wrong}")
            return 1
    seconds = time.perf_counter() - started
    print(f"{given.worlds / seconds:.1f} worlds a second in one process", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
