"""The drawn markets: contracts, marks and margin tables as columns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

LINEAR, QUANTO, INVERSE = 0, 1, 2
RATES_PPM = (10_000, 12_500, 15_000, 20_000, 30_000, 50_000, 100_000, 200_000)
"""Maintenance rates of the tiers; initial ones are twice as high."""

FIRST_STEP_QUANTA, STEP = 2**33, 8
FACE_QUANTA = 100_000_000
"""The face value of a lot of an inverse contract, in quanta of its price's currency."""


@dataclass(frozen=True, slots=True)
class Markets:
    """Markets as columns; ``first_tier[m]`` to ``first_tier[m + 1]`` are the rows of the margin table of market m."""

    contract: Ints
    mark_ticks: Ints
    quanta_per_tick_lot: Ints  # linear and quanto
    face_quanta_ticks: Ints  # inverse
    funding_quanta: Ints
    max_lots: Ints
    max_price_ticks: Ints
    first_tier: Ints
    from_notional_quanta: Ints
    maintenance_rate_ppb: Ints
    initial_rate_ppb: Ints
    maintenance_deduction_quanta: Ints
    initial_deduction_quanta: Ints

    def values(self, mark_ticks: Ints) -> Ints:
        """Return the signed quanta a lot of each market is worth; inverse: -face / price, halves to even."""
        down, left = np.divmod(self.face_quanta_ticks, mark_ticks)
        up = (2 * left > mark_ticks) | ((2 * left == mark_ticks) & (down % 2 == 1))
        return np.where(self.contract == INVERSE, -(down + up), mark_ticks * self.quanta_per_tick_lot)

    @property
    def has_tiers(self) -> bool:
        """Whether a market has more than one tier."""
        return len(self.from_notional_quanta) > len(self.mark_ticks)


def drawn_markets(random: np.random.Generator, count: int, tiers: bool, mix: bool) -> Markets:
    """Return so many markets; ``tiers``: 8 in every other one; ``mix``: each fifth inverse, each fifth quanto."""
    number = np.arange(count)
    contract = np.where(number % 5 == 3, INVERSE, np.where(number % 5 == 4, QUANTO, LINEAR)) if mix else 0 * number
    marks = np.exp2(random.uniform(12, 24, count)).astype(np.int64)
    inverse = contract == INVERSE
    rates = [RATES_PPM if tiers and place % 2 == 0 else RATES_PPM[:1] for place in range(count)]
    table = [_table(row) for row in rates]
    columns = np.concatenate(table, axis=1)
    return Markets(
        contract=contract,
        mark_ticks=marks,
        quanta_per_tick_lot=np.where(inverse, 0, np.where(contract == QUANTO, 3, 1)),
        face_quanta_ticks=np.where(inverse, marks * (FACE_QUANTA // 97), 0),
        funding_quanta=np.zeros(count, np.int64),
        max_lots=np.full(count, 2**50),
        max_price_ticks=np.full(count, 2**30),
        first_tier=np.cumsum([0, *map(len, rates)]),
        from_notional_quanta=columns[0],
        maintenance_rate_ppb=columns[1],
        initial_rate_ppb=columns[2],
        maintenance_deduction_quanta=columns[3],
        initial_deduction_quanta=columns[4],
    )


def _table(rates_ppm: tuple[int, ...]) -> Ints:
    """Return start, both rates and both deductions of each tier; deductions keep the requirement without a jump."""
    rows, deduction, before = [], 0, rates_ppm[0]
    for place, rate in enumerate(rates_ppm):
        start = 0 if place == 0 else FIRST_STEP_QUANTA * STEP**place
        deduction += start * (rate - before) // 1_000_000
        rows.append((start, 1_000 * rate, 2_000 * rate, deduction, 2 * deduction))
        before = rate
    return np.array(rows, np.int64).T
