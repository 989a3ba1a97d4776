"""The same shares in two processes, whatever their hash seeds and thread counts."""

import os
import subprocess
import sys

SCRIPT = """
import random
from hashlib import sha256
from deleverage.lab.policies.catalogue import WEALTH
from tests.lab.policies.books import split, winners

source = random.Random(11)
rows = range(300)
book = winners(
    [source.randrange(10**6) for _ in rows],
    equity=[source.randrange(1, 10**7) for _ in rows],
    leverage=[source.randrange(1, 30) for _ in rows],
    score=[source.randrange(9) for _ in rows],
    lots=[100 for _ in rows],
    arrived=[source.randrange(99) for _ in rows],
    ids=[f"w{number}" for number in source.sample(range(9_999), 300)],
)
digest = sha256()
for name in sorted(set(WEALTH.kinds) - {"min-max-lots"}):
    found = split(name, book, 30_000_000)
    digest.update(repr((name, found.parts.tolist(), found.rest, found.parameter, found.status)).encode())
print(digest.hexdigest())
"""


def digest(hash_seed: str, threads: str) -> str:
    """Return the digest of every policy's shares, computed in a process of its own."""
    threaded = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), threads)
    env = {**os.environ, "PYTHONHASHSEED": hash_seed, **threaded}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=env)
    return done.stdout.strip()


def test_every_policy_when_hash_seed_and_threads_differ_then_shares_are_the_same() -> None:
    """Sets, dictionaries and sums of binary64 included."""
    assert digest("1", "1") == digest("4711", "2")
