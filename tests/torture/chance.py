"""SQLite's own random numbers as a function of a seed: the salts of its log, and what `randomblob` gives."""

from random import Random

import apsw


class _Chance(apsw.VFS):
    """The default file system for one moment: SQLite asks it, and only it, for the seed of its random numbers."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)
        super().__init__("chance", base="", makedefault=True)

    def xRandomness(self, numbytes: int) -> bytes:
        return self._rng.randbytes(numbytes)


def seed_sqlite(seed: int) -> None:
    """Make SQLite's random numbers, such as the salts of its log, a function of a seed: for the whole process."""
    chance = _Chance(seed)
    apsw.randomness(0)
    apsw.randomness(1)
    chance.unregister()
