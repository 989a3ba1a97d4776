"""Families that have commands of their own, in the table of all: the law's twins, and properties with many examples."""

import re
import subprocess
import sys

from tests.conftest import REPOSITORY
from tests.torture.cuts import Loop
from tests.torture.fuse_mount import WriterFailed, missing, sqlite_mounted
from tests.torture.sectors import TEAR
from tests.torture.tally import Tally

JOBS = 2
MANY = 2_000

SHOWN = 2_000
"""Characters of what a command said that are kept of a failure: its end."""


def engines(count: int, seed: int) -> Tally:
    """Play so many commands on engine and rulebook."""
    return _twins("tests.parity.engines", count, seed)


def model(count: int, seed: int) -> Tally:
    """Play so many commands on rulebook and exact model."""
    return _twins("tests.parity.run", count, seed)


def properties(count: int, seed: int) -> Tally:
    """Draw examples for each property of the law, the splitting and a journal's bytes: 2,000, or the 200 of tests."""
    few = "ci" if count < MANY else "torture"
    profile = f"--hypothesis-seed={seed}", f"--hypothesis-profile={few}"
    places = "tests/properties", "tests/unit", "tests/journal/test_block_bytes.py"
    command = [sys.executable, "-m", "pytest", "-q", "-m", "hypothesis", "-n", str(JOBS), *profile, *places]
    said, code = _said(command)
    tally = Tally("properties")
    found = re.search(r"(\d+) passed", said)
    for _ in range(int(found[1]) if found and code == 0 else 0):
        tally.note("hold")
    if code:
        tally.fail(seed, said[-SHOWN:], " ".join(command))
    return tally


def mounted(count: int, seed: int) -> Tally:
    """Cut the power of a disk that Linux mounts, under SQLite with its own file system."""
    tally = Tally("mounted power cuts")
    if reason := missing():
        tally.skipped = reason
        return tally
    found = Loop(sqlite_mounted("FULL"), (WriterFailed,), TEAR).run(seed, count)
    tally.outcomes["done"] = tally.runs = found.cuts
    again = f"python -m tests.torture.power --mounted --cuts {count} --seed {seed}"
    for complaint in [f"{found.lost} lost"] * (found.lost > 0) + found.broken:
        tally.fail(seed, complaint, again)
    return tally


def _twins(module: str, count: int, seed: int) -> Tally:
    command = [sys.executable, "-m", module, "--seed", str(seed), "--count", str(count), "--jobs", str(JOBS)]
    said, code = _said(command)
    tally = Tally(module)
    if code:
        tally.fail(seed, said[-SHOWN:], " ".join(command))
    else:
        tally.outcomes["agree"] = tally.runs = count
    return tally


def _said(command: list[str]) -> tuple[str, int]:
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr, ended.returncode
