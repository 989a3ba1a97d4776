"""The time of the domain: this machine's clock, as far as it is to be believed.

The law knows how old a mark is by the time of the commands behind it. So a clock that is wrong makes an old mark look
young, or stops the domain for a year. Rules of this module:

* While the clock goes on as steadily as time itself (the machine's monotonic count) its time is taken.
* Where it differs - it was set, the machine slept, the service was down for hours - the domain's time goes on from
  where it was, and ``breaks`` counts it, until others have said the same time: fresh marks of a quorum (``confirm``).
* It never runs back: what was written has its time.
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic_ns
from time import time_ns as clock_ns

NS_PER_S = 1_000_000_000
MOST_DRIFT_NS = 5 * NS_PER_S
"""How far the clock may differ from the steady count between two looks; servers that are kept in time move by less."""


class Clock:
    """The time for a domain. Read from the runner's thread and from the event loop."""

    def __init__(self, wall_ns: Callable[[], int] = clock_ns, steady_ns: Callable[[], int] = monotonic_ns) -> None:
        """Take the clock as it is, until ``begin`` says where the book stands."""
        self._wall_ns, self._steady_ns, self._lock = wall_ns, steady_ns, Lock()
        self._base_ns, self._base_steady_ns = wall_ns(), steady_ns()
        self.breaks = 0
        self._broken = False

    def begin(self, last_ns: int) -> None:
        """Go on from the time of the book; 0: nothing was written yet, and the clock is taken as it is."""
        with self._lock:
            self._base_ns, self._base_steady_ns = last_ns or self._wall_ns(), self._steady_ns()
        self.now_ns()

    def wall_ns(self) -> int:
        """Return what the machine's clock says, believed or not."""
        return self._wall_ns()

    def now_ns(self) -> int:
        """Return the time to go on with."""
        with self._lock:
            wall_ns, steady_ns = self._wall_ns(), self._steady_ns()
            expected_ns = self._base_ns + steady_ns - self._base_steady_ns
            if abs(wall_ns - expected_ns) <= MOST_DRIFT_NS:
                self._base_ns, self._base_steady_ns, self._broken = wall_ns, steady_ns, False
                return wall_ns
            self.breaks += not self._broken
            self._broken = True
            return expected_ns

    @property
    def behind_ns(self) -> int:
        """How far the machine's clock is ahead of the domain's time; 0: they agree."""
        difference_ns = self._wall_ns() - self.now_ns()
        return difference_ns if abs(difference_ns) > MOST_DRIFT_NS else 0

    def confirm(self) -> None:
        """Take the clock as it is: others have said the same time. That it had broken off is counted all the same."""
        self.now_ns()
        with self._lock:
            self._base_ns, self._base_steady_ns, self._broken = self._wall_ns(), self._steady_ns(), False

    def stamp(self, last_ns: int) -> int:
        """Return the time of the next batch, the last one having been at ``last_ns``."""
        return max(last_ns, self.now_ns())
