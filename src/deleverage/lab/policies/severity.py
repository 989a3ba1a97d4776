"""How much of a deficit is socialised, round by round: controllers of the severity, and what their theory promises.

A controller is a frozen record as a policy is. ``act`` sees the rounds before and, of the round at hand, only what its
information set allows: an *ex ante* controller is handed ``None`` for the present, an *online* one the present but its
needed budget, an *ex post* one everything. So it cannot look ahead unless it says so. Numbers are binary64: a severity
is a share, what is taken is decided by a policy in whole units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

from deleverage.lab.policies.policy import EX_ANTE, EX_POST, ONLINE
from deleverage.lab.policies.pro_rata import fraction_of

P1, P2 = "arXiv 2512.01112", "arXiv 2602.15182"
"""The two papers that the controllers are from."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round: the deficit, the budget that would have been needed, and what winners have; money >= 0."""

    deficit: float
    needed: float
    capacity: float = float("inf")

    @property
    def target(self) -> float:
        """The severity that would have been right: min(1, needed / deficit), 0 without a deficit."""
        return min(1.0, self.needed / self.deficit) if self.deficit > 0 else 0.0


class Present(NamedTuple):
    """What is known of the round at hand while the severity is chosen."""

    deficit: float
    capacity: float
    needed: float | None  # only of an ex-post controller


class AboutSeverity(NamedTuple):
    """What a controller says about itself."""

    information: str
    source: str
    failures: tuple[str, ...] = ()


class Controller(Protocol):
    """A rule for the share of the deficit that winners pay."""

    kind: ClassVar[str]
    about: ClassVar[AboutSeverity]

    def act(self, past: Sequence[Round], severities: Sequence[float], now: Present | None) -> float:
        """Return the severity in [0, 1] for the next round; ``severities`` are its own answers so far."""
        ...


def severities(controller: Controller, rounds: Sequence[Round]) -> list[float]:
    """Return what a controller chooses in each round, shown no more than its information set."""
    chosen: list[float] = []
    for at, now in enumerate(rounds):
        information = controller.about.information
        seen = None if information == EX_ANTE else Present(now.deficit, now.capacity, None)
        if seen is not None and information == EX_POST:
            seen = seen._replace(needed=now.needed)
        chosen.append(clipped(controller.act(rounds[:at], chosen, seen)))
    return chosen


def clipped(severity: float) -> float:
    """Return the severity within 0 and 1."""
    return min(1.0, max(0.0, severity))


@dataclass(frozen=True, slots=True)
class Static:
    """Socialise the same share of every deficit.

    Formula: theta. Who uses it: most venues, with 1. Assumes: that one share is right for every round.
    """

    theta: str = "1"
    kind: ClassVar[str] = "static"
    about: ClassVar[AboutSeverity] = AboutSeverity(
        EX_ANTE,
        f"{P1} section 4",
        ("Pays at least T / 2 where the right severity alternates (test_static_when_regimes_alternate).",),
    )

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        fraction_of(self, "theta", 0, 1)

    def act(self, past: Sequence[Round], severities: Sequence[float], now: Present | None) -> float:
        """Return the constant."""
        return float(fraction_of(self, "theta", 0, 1))


@dataclass(frozen=True, slots=True)
class Matched:
    """Socialise as much as winners can pay.

    Formula: min(1, capacity / deficit). Who uses it: the matched severity of the papers.
    Assumes: the capacity is measured before anybody is asked.
    """

    kind: ClassVar[str] = "matched"
    about: ClassVar[AboutSeverity] = AboutSeverity(ONLINE, f"{P1} section 4", ("One phantom capacity is believed.",))

    def act(self, past: Sequence[Round], severities: Sequence[float], now: Present | None) -> float:
        """Return what the capacity allows."""
        assert now is not None, "an online controller is shown the present"
        return min(1.0, now.capacity / now.deficit) if now.deficit > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Needed:
    """Socialise exactly what turns out to have been needed: the oracle that others are compared with.

    Formula: min(1, needed / deficit). Who uses it: nobody can. Assumes: hindsight.
    """

    kind: ClassVar[str] = "needed"
    about: ClassVar[AboutSeverity] = AboutSeverity(EX_POST, f"{P2} Prop. 1", ("Is an oracle.",))

    def act(self, past: Sequence[Round], severities: Sequence[float], now: Present | None) -> float:
        """Return the needed share."""
        assert now is not None, "an ex-post controller is shown the present"
        assert now.needed is not None, "and what was needed"
        return Round(now.deficit, now.needed).target
