"""``python -m tests.torture``: everything that can happen to a journal, done to it, and counted.

Exit code 1 where something was lost, done twice or not noticed, and where a family had nothing to run: torture that
did not take place is no success.
"""

import argparse
import sys
from collections.abc import Sequence
from time import monotonic

from tests.torture.families import FAMILIES
from tests.torture.report import Ended, lines

APART = 1_000_000
"""Between the seeds of a round and the next."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run families and print their table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="as little of each as in `make test`")
    names = [family.name for family in FAMILIES]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"one of: {', '.join(names)}")
    parser.add_argument("--count", type=int, help="runs of each family, instead of its own number")
    parser.add_argument("--seed", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--minutes", type=float, default=0, help="go on with further seeds for so long")
    chosen = parser.parse_args(arguments)
    families = [family for family in FAMILIES if chosen.only is None or family.name in chosen.only]
    if chosen.quick:
        families = [family for family in families if family.quick]
    ends = monotonic() + 60 * chosen.minutes
    ended = [Ended(family, None, 0.0) for family in families]
    seed = chosen.seed
    while True:
        for at, family in enumerate(families):
            count = chosen.count or (family.quick if chosen.quick else family.full)
            ended[at] = _tortured(ended[at], count, seed)
        seed += APART
        if monotonic() >= ends or any(one.wrong for one in ended):
            break
    print(*lines(ended), sep="\n")
    return 1 if any(one.wrong for one in ended) else 0


def _tortured(before: Ended, count: int, seed: int) -> Ended:
    """Return what a family came to, with what it came to before."""
    family, started = before.family, monotonic()
    run = family.find()
    if run is None:
        return before
    print(f"{family.name}: {count:,} from seed {seed} ...", file=sys.stderr, flush=True)
    tally = run(count, seed)
    if before.tally is not None:
        tally.add(before.tally)
    return Ended(family, tally, before.seconds + monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
