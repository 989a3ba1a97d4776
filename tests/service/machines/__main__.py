"""``python -m tests.service.machines --minutes 5``: three fronts and two workers under chaos; counts; 1: it lost."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.service.machines.trial import tried


def main() -> int:
    """Try for so long, print what it came to, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.service.machines")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--keep", type=Path, help="a folder for what the processes say")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="machines-") as folder:
        ended = tried(chosen.keep or Path(folder), chosen.seed, 60 * chosen.minutes, chosen.clients)
    for name, count in ended.counts.items():
        print(f"{name:<20} {count:>10,}")
    for line in ended.wrong[:20]:
        print(f"WRONG {line}")
    print(f"{len(ended.wrong)} wrong")
    return 1 if ended.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
