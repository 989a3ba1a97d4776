"""Controllers that back off after shocks: as the paper prints it, which is constant, and as it means it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from deleverage.lab.policies.policy import ONLINE
from deleverage.lab.policies.pro_rata import fraction_of
from deleverage.lab.policies.severity import P1, AboutSeverity, Present, Round
from deleverage.rulebook.plug import require_at_least


@dataclass(frozen=True, slots=True)
class BackoffAsPrinted:
    """Back off as printed: a counterexample, it never does.

    Formula: theta_1 = start; theta = min(max(factor x theta before, start), ceiling), with a factor below 1 the maximum
    is the start unless the ceiling has bound before; ceiling = ratio / (1 + ratio) x capacity / deficit.
    Who uses it: printed in arXiv 2512.01112. Assumes: that a number times less than one can exceed its start.
    """

    start: str = "1/2"
    factor: str = "1/2"
    ratio: str = ""
    kind: ClassVar[str] = "backoff-as-printed"
    about: ClassVar[AboutSeverity] = AboutSeverity(
        ONLINE, f"{P1} section 4", ("Is constant as printed (test_backoff_when_computed_as_printed).",)
    )

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        _check_backoff(self)

    def act(self, past: Sequence[Round], severities: Sequence[float], now: Present | None) -> float:
        """Return the printed recursion."""
        start = float(fraction_of(self, "start", 0, 1))
        wished = start if not severities else max(float(fraction_of(self, "factor", 0, 1)) * severities[-1], start)
        return min(wished, _ceiling(self, now))


@dataclass(frozen=True, slots=True)
class Backoff:
    """Back off as intended: each recent shock lowers the severity by a factor, calm restores it.

    Formula: start x factor^k, k the rounds with a deficit among the last ``window``; at most the ceiling.
    Who uses it: the text of arXiv 2512.01112 (section 4, item 2). Assumes: shocks come in clusters.
    """

    start: str = "1/2"
    factor: str = "1/2"
    window: int = 3
    ratio: str = ""
    kind: ClassVar[str] = "backoff"
    about: ClassVar[AboutSeverity] = AboutSeverity(
        ONLINE, f"{P1} section 4, item 2", ("Leaves a residual exactly when deficits cluster.",)
    )

    def __post_init__(self) -> None:
        """Refuse shares and windows that are none."""
        _check_backoff(self)
        require_at_least(self, 1, "window")

    def act(self, past: Sequence[Round], severities: Sequence[float], now: Present | None) -> float:
        """Return the start, lowered once for each recent shock."""
        shocks = sum(one.deficit > 0 for one in past[-self.window :])
        wished = float(fraction_of(self, "start", 0, 1)) * float(fraction_of(self, "factor", 0, 1)) ** shocks
        return min(wished, _ceiling(self, now))


def _check_backoff(policy: Any) -> None:
    for name in ("start", "factor"):
        fraction_of(policy, name, 0, 1)
    if policy.ratio:
        fraction_of(policy, "ratio", 0)


def _ceiling(policy: Any, now: Present | None) -> float:
    """Return ratio / (1 + ratio) x capacity / deficit, 1 where no ratio is given."""
    if not policy.ratio or now is None or now.deficit <= 0:
        return 1.0
    value = float(fraction_of(policy, "ratio", 0))
    return value / (1 + value) * now.capacity / now.deficit
