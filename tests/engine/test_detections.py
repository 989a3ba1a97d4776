"""Detections: who becomes unhealthy at a tick is who a look at everybody finds, exactly."""

from random import Random

import numpy as np
import pytest

from deleverage.bench.books import draw
from deleverage.bench.connect import EngineSubject
from deleverage.engine.kernels.watch import GAP
from deleverage.engine.prices import Prices


class Both:
    """The same book twice: one is told of ticks, the other looks at everybody."""

    def __init__(self, *, tiers: bool = False, mix: bool = False) -> None:
        book = draw(1_600, markets=4, tiers=tiers, mix=mix)
        self.ticking, self.looking = EngineSubject(), EngineSubject()
        for subject in (self.ticking, self.looking):
            subject.load(book)
        self.marks = book.markets.mark_ticks.copy()
        self.known = set(self.looking.revalue(self.marks).tolist())
        self.new = 0

    @property
    def prices(self) -> Prices:
        """The tables of the one that ticks."""
        return self.ticking.engine.prices

    def tick(self, market: int, mark: int) -> bool:
        """Move a mark; return whether both find the same."""
        found = self.ticking.tick(market, mark).tolist()
        self.marks[market] = mark
        now = set(self.looking.revalue(self.marks).tolist())
        same = found == sorted(now - self.known)
        self.known, self.new = now, self.new + len(found)
        return same

    def step(self, random: Random, without: int = -1) -> bool:
        """Move a mark a little, or much, up or down; not that of one market."""
        market = random.choice([at for at in range(4) if at != without])
        most = random.choice((1, 10, 10, 300))
        return self.tick(market, int(self.marks[market]) * (10_000 + random.randrange(-most, most + 1)) // 10_000)


@pytest.mark.parametrize("kind", ["linear", "tiers", "mix"])
def test_detections_when_marks_move_then_they_are_those_of_a_look_at_everybody(kind: str) -> None:
    """Steps within the reference, and jumps that renew it; deductions, hedges, collateral."""
    both, random = Both(tiers=kind == "tiers", mix=kind == "mix"), Random(kind)
    assert all(both.step(random) for _ in range(300))
    assert both.new > 30


def test_detections_when_a_deduction_is_no_bound_for_a_while_then_they_are_exact_there_and_afterwards() -> None:
    """The screen of a market forgets what is deducted, and the next mark brings it back."""
    both, random = Both(tiers=True), Random(7)
    prices = both.prices
    market = int(prices.code_market[np.flatnonzero(prices.spare)[0]])
    codes = np.flatnonzero(prices.code_market == market)
    for _ in range(4):
        assert all(both.step(random) for _ in range(20))
        assert (prices.spare[codes] > 0).any()
        prices.spare[codes] = 0
        assert both.tick(market, int(both.marks[market]))
        assert all(both.step(random, without=market) for _ in range(20))
        assert both.tick(market, int(both.marks[market]) + 1)
    assert both.new > 0


def test_detections_when_the_gap_is_forgotten_then_a_unit_is_found_too_early() -> None:
    """Planted: whoever is below the screen is taken for unhealthy."""
    both, random = Both(tiers=True), Random(3)
    both.tick(0, int(both.marks[0]))
    assert both.ticking.detections is not None
    both.ticking.detections.watch.states[:, GAP] = 0
    assert not all(both.step(random) for _ in range(400))
