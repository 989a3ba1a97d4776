"""Small events and policies for the tests of comparisons."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deleverage.lab.compare.chosen import MEASURED, Chosen
from deleverage.lab.compare.document import document
from deleverage.lab.compare.run import Comparison, compare
from deleverage.lab.events.model import Claim, CoinGap, Event, Wave
from deleverage.lab.policies.catalogue import named

COINS = (CoinGap("A", 300.0, 100.0, 3.0), CoinGap("B", 100.25, 1000.0, 0.10025))


def wave(number: int = 1, **changed: Any) -> Wave:
    """Return a wave of twelve fills that needed 400.25 USD of winners with 10,000 USD of profit."""
    plain = Wave(
        number=number,
        start_ms=number * 1_000,
        end_ms=number * 1_000,
        fills=12,
        losers=2,
        deficit_usd=1_000.0,
        max_loss_usd=700.0,
        needed_usd=400.25,
        winners_equity_usd=30_000.5,
        winners_profit_usd=10_000.0,
        coins=COINS,
    )
    return replace(plain, **changed)


def event(*waves: Wave, claims: Sequence[tuple[int, str, str, float]] = ()) -> Event:
    """Return an event of waves, and what somebody claims about it."""
    return Event("small", waves or (wave(),), claims=tuple(Claim(*row) for row in claims))


def chosen(*names: str) -> list[Chosen]:
    """Return policies of the lab by name."""
    return [Chosen(name, named(name)) for name in names]


def compared(made: Event, *names: str, metrics: tuple[str, ...] = MEASURED, seed: int = 1) -> Comparison:
    """Return the comparison of policies of the lab on an event."""
    return compare(made, chosen(*names), metrics, seed)


def told(made: Event, *names: str) -> dict[str, Any]:
    """Return the comparison's document."""
    return document(compared(made, *names))


@dataclass(frozen=True)
class Gives:
    """An answer of a stranger, whatever it is."""

    answer: Any

    def split(self, winners: object, budget: int) -> Any:
        """Return it."""
        return np.array(self.answer) if isinstance(self.answer, list) else self.answer
