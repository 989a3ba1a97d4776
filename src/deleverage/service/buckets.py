"""Token buckets: so much at once, so much a second, in whole numbers."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic_ns
from typing import NamedTuple

from deleverage.service.problems import Code, Problem

NS_PER_S = 1_000_000_000


class Budget(NamedTuple):
    """How much may be asked: a bucket of so many tokens, so many a second come back."""

    burst: int
    per_s: int


class Buckets:
    """Buckets of one budget, one for each name; of those that are full again nothing is kept."""

    def __init__(self, budget: Budget, most: int = 10_000, clock_ns: Callable[[], int] = monotonic_ns) -> None:
        """Keep at most so many names; by a clock that never goes back."""
        self.budget, self._most, self._clock_ns = budget, most, clock_ns
        self._full_at_ns: OrderedDict[Hashable, int] = OrderedDict()

    def take(self, name: Hashable, tokens: int) -> int:
        """Take tokens and return 0; or take none, and return in how many nanoseconds they will be there.

        Who asks for more than a bucket holds gets it of a full one, and is in debt afterwards.
        """
        now_ns, (burst, per_s) = self._clock_ns(), self.budget
        full_ns = max(self._full_at_ns.get(name, 0), now_ns)
        waits_ns = full_ns - now_ns - max(burst - tokens, 0) * NS_PER_S // per_s
        if waits_ns > 0:
            return waits_ns
        self._full_at_ns[name] = full_ns - (-tokens * NS_PER_S // per_s)
        self._full_at_ns.move_to_end(name)
        while len(self._full_at_ns) > self._most:  # who asked longest ago is forgotten, to its own advantage
            self._full_at_ns.popitem(last=False)
        return 0

    def require(self, name: Hashable, tokens: int, what: str) -> None:
        """Take tokens, or raise TOO_MANY with the seconds to wait."""
        waits_ns = self.take(name, tokens)
        if waits_ns:
            burst, per_s = self.budget
            retry_s = -(-waits_ns // NS_PER_S)
            raise Problem(
                Code.TOO_MANY, f"this key asks for more {what} than its share", retry_s=retry_s,
                asked=tokens, burst=burst, per_s=per_s,
            )  # fmt: skip
