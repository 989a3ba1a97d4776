"""A whole set of vectors, one after the other, and the document that lists it."""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

from deleverage.documents import Json
from deleverage.vectors.coverage import Coverage
from deleverage.vectors.stories import stories
from deleverage.vectors.vector import Vector, head, text_of
from deleverage.vectors.worlds import worlds


class Collection:
    """The vectors of a seed and a count - the bundled scenarios, then so many drawn worlds - and what they show.

    The same arguments give the same bytes, on every machine and in every supported version of Python.
    """

    def __init__(self, seed: int, count: int) -> None:
        """Start with nothing made yet."""
        self.seed, self.count = seed, count
        self.coverage = Coverage()
        self._rows: list[Json] = []

    def texts(self) -> Iterator[tuple[str, bytes]]:
        """Yield the file name and the content of each vector, and count it."""
        for vector in self._vectors():
            content = text_of(vector).encode("ascii")
            name = f"{vector.name}.json"
            refused = sum(entry.rejection is not None for entry in vector.entries)
            self.coverage.add(vector)
            self._rows.append(
                {
                    "file": name,
                    "about": vector.about,
                    "commands": str(len(vector.entries)),
                    "facts": str(sum(len(entry.facts or ()) for entry in vector.entries)),
                    "rejections": str(refused),
                    "sha256": sha256(content).hexdigest(),
                }
            )
            yield name, content

    def index(self) -> Json:
        """Return the document about everything that was made: files with their digests, and the coverage."""
        return {
            **head("vectors"),
            "seed": str(self.seed),
            "count": str(self.count),
            "vectors": self._rows,
            "coverage": {
                f"{what}s": {name: str(times) for name, times in counter.items()}
                for what, counter in self.coverage.counts.items()
            },
            "not_covered": [missing._asdict() for missing in self.coverage.missing()],
        }

    def _vectors(self) -> Iterator[Vector]:
        yield from stories()
        yield from worlds(self.seed, self.count, Counter())
