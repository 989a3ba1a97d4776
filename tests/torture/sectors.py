"""One file of the simulated disk: what a reader sees, what is on the platter, and what lies between the two.

A write changes what a reader sees at once; the platter hears of it at the next sync. Until then the machine may write
any sector back by itself, at any moment and in any order: a power cut therefore finds, of each sector, what it held at
the last sync or anything it has held since.
"""

from dataclasses import dataclass
from random import Random

SECTOR_BYTES = 512


@dataclass(frozen=True)
class Survival:
    """What a power cut leaves of the sectors that were not synced."""

    keep_percent: int = 0
    """How often a sector holds something newer than at the last sync, and how often a change of a name stands."""
    tear_percent: int = 0
    """How often such a sector is part old, part new."""
    noise: bool = False
    """A torn sector holds noise instead: a device that cannot overwrite a part of a sector without risking the rest."""


FORGET = Survival()
KEEP = Survival(keep_percent=50)
TEAR = Survival(keep_percent=50, tear_percent=50)
NOISE = Survival(keep_percent=50, tear_percent=20, noise=True)


class Unsynced:
    """What has happened to a file since the last sync, or since it was cut shorter after that."""

    def __init__(self, limit: int, sizes: list[int], versions: dict[int, list[bytes]]) -> None:
        self.limit = limit
        """So many bytes of the last sync still count."""
        self.sizes = sizes
        self.versions = versions

    def cut(self, size: int) -> "Unsynced":
        """Return what follows when the file is cut: the end goes at once, not sector by sector."""
        last, inside = divmod(size, SECTOR_BYTES)
        versions = {sector: list(since) for sector, since in self.versions.items() if sector < last}
        if inside and last in self.versions:
            versions[last] = [one[:inside].ljust(SECTOR_BYTES, b"\0") for one in self.versions[last]]
        return Unsynced(min(self.limit, size), [size], versions)


class Content:
    """The bytes of one file, with every version of each sector since the last sync."""

    def __init__(self, durable: bytes = b"") -> None:
        self.seen = bytearray(durable)
        self._durable = bytearray(durable)
        self._pasts = [Unsynced(len(durable), [], {})]

    def write(self, offset: int, data: bytes) -> None:
        """Change what a reader sees; a gap between the end and the offset reads as zeros."""
        if not data:
            return
        first = min(offset, len(self.seen))
        _resize(self.seen, max(offset, len(self.seen)))
        self.seen[offset : offset + len(data)] = data
        self._changed(first, offset + len(data))

    def truncate(self, size: int) -> None:
        """Cut the file, or lengthen it with zeros."""
        before = len(self.seen)
        _resize(self.seen, size)
        if size < before:
            self._pasts.append(self._pasts[-1].cut(size))
        else:
            self._changed(before, size)

    def _changed(self, first: int, last: int) -> None:
        """Note the new version of each sector between two offsets, and the size."""
        now = self._pasts[-1]
        for sector in range(first // SECTOR_BYTES, -(-last // SECTOR_BYTES)):
            now.versions.setdefault(sector, []).append(_sector(self.seen, sector))
        now.sizes.append(len(self.seen))

    def sync(self) -> None:
        """Bring what was written since the last sync to the platter; not what a failed sync gave up."""
        self._settle(len(self.seen), list(self._pasts[-1].versions))

    def fail_to_sync(self, rng: Random) -> None:
        """Bring a part to the platter and give the rest up for good: a later sync no longer knows of it."""
        size = rng.choice((self._pasts[-1].limit, len(self.seen)))
        self._settle(size, [sector for sector in sorted(self._pasts[-1].versions) if rng.randrange(2)])

    def _settle(self, size: int, sectors: list[int]) -> None:
        """Give the platter a size and the newest version of some sectors, and forget that there were others."""
        _resize(self._durable, self._pasts[-1].limit)
        _resize(self._durable, size)
        _put(self._durable, {sector: _sector(self.seen, sector) for sector in sectors})
        self._pasts = [Unsynced(size, [], {})]

    def after_power_cut(self, rng: Random, survival: Survival) -> bytes:
        """Return what the platter holds when the machine comes back: of one of the pasts, any size and any versions."""
        past = rng.choice(self._pasts) if rng.randrange(100) < survival.keep_percent else self._pasts[0]
        left = self._durable[: past.limit]
        old = {sector: _sector(left, sector) for sector in sorted(past.versions)}
        if past is not self._pasts[0] or rng.randrange(100) < survival.keep_percent:
            _resize(left, rng.choice(past.sizes or [len(left)]))
        _put(left, {sector: _left(rng, survival, old[sector], past.versions[sector]) for sector in old})
        return bytes(left)


def _put(platter: bytearray, sectors: dict[int, bytes]) -> None:
    """Write sectors, as far as they lie inside the size."""
    size = len(platter)
    for sector, data in sectors.items():
        start = sector * SECTOR_BYTES
        if start < size:
            platter[start : start + SECTOR_BYTES] = data
    del platter[size:]


def _sector(data: bytearray, sector: int) -> bytes:
    """Return one sector, filled up with zeros where the file ends in it."""
    start = sector * SECTOR_BYTES
    return bytes(data[start : start + SECTOR_BYTES]).ljust(SECTOR_BYTES, b"\0")


def _resize(data: bytearray, size: int) -> None:
    """Give data a size; what is new reads as zeros."""
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


def _left(rng: Random, survival: Survival, old: bytes, since: list[bytes]) -> bytes:
    """Return what is left of one sector: the old bytes, any later ones, a mixture of both, or noise."""
    if rng.randrange(100) >= survival.keep_percent:
        return old
    new = rng.choice(since)
    if rng.randrange(100) >= survival.tear_percent:
        return new
    if survival.noise:
        return rng.randbytes(SECTOR_BYTES)
    at = rng.randrange(1, SECTOR_BYTES)
    return new[:at] + old[at:] if rng.randrange(2) else old[:at] + new[at:]
