"""What the engine knows of markets: a record each, and price tables by *code* - market, margin tier and sign of a leg.

The rulebook's ``Market`` is the truth; what stands here is derived from it whenever the law has changed it
(``refresh``). A kernel derives the same of an ordinary market (``kernels.day``: ``revalued``), and what it has changed
is written into the law's record (``write_back``).

Tables per code, all int64: ``worth``, signed quanta a lot is worth less cumulative funding; ``held``, the maintenance
of a lot rounded up; ``spare``, the tier's deduction rounded down; ``least`` and ``most``: the code is right while
``least <= |lots| < most``. So ``sum |lots| x held - spare`` is never less than the exact maintenance: a screen that may
only select too much.
"""

from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.bounds import LEG_BITS, QUOTE_BITS, TooWide, require_bits
from deleverage.engine.kernels.records import MARKET, TIER
from deleverage.rulebook.book import Market, Tier
from deleverage.rulebook.pools import COMMON
from deleverage.rulebook.quantities import (
    MARGIN_SCALE,
    PPB,
    div_ceil,
    div_floor,
    inverse_value_per_lot,
    linear_value_per_lot,
)

ENDLESS = 2**62
MOST_CODES = 2**16

FACTOR_BITS = 42
"""A factor on requirements that kernels can multiply with lies below two to the power of these."""

WRITTEN = ["previous_ticks", "mark_ticks", "mark_time_ns", "open_interest_lots", "funding", "carry"]
"""What kernels change of a market that the law reads."""


class Prices:
    """Markets by number, in the order in which they were listed, and their price tables."""

    def __init__(self) -> None:
        """Start without a market."""
        self.names: list[str] = []
        self.numbers: dict[str, int] = {}
        self.pools: list[str] = [COMMON]
        self.markets: NDArray[Any] = np.zeros(0, MARKET)
        self.tiers: NDArray[Any] = np.zeros(0, TIER)
        self.first_code: NDArray[np.int64] = np.zeros(0, np.int64)
        self.code_market: NDArray[np.int64] = np.zeros(0, np.int64)
        self.code_tier: NDArray[np.int64] = np.zeros(0, np.int64)
        self.worth, self.held, self.spare, self.least, self.most = (np.zeros(0, np.int64) for _ in range(5))
        self.rate, self.deduction, self.factor = (np.zeros(0, np.int64) for _ in range(3))  # of maintenance, by code
        self.tiered = False  # some market has several tiers or deductions: codes have to be looked at
        self.exact_by_law: NDArray[np.bool_] = np.zeros(0, np.bool_)  # requirements that no kernel decides exactly

    def copy(self) -> "Prices":
        """Return an independent copy."""
        copied = copy(self)
        for name, value in vars(self).items():
            if not isinstance(value, bool):
                setattr(copied, name, value.copy())
        return copied

    def add(self, market: Market) -> int:
        """Take a new market in and return its number. Raises TooWide where its terms do not fit."""
        terms = market.terms
        number, codes = len(self.names), 2 * len(terms.tiers)
        if len(self.worth) + codes > MOST_CODES:
            raise TooWide(f"codes with {terms.market_id}", len(self.worth) + codes, MOST_CODES)
        tiers = _tiers(terms.tiers)
        record = np.zeros(1, MARKET)
        record["multiplier"] = require_bits(f"multiplier of {terms.market_id}", _multiplier(market), QUOTE_BITS)
        record["max_lots"], record["max_price_ticks"] = _clipped(terms.max_lots), _clipped(terms.max_price_ticks)
        record["max_open_interest_lots"] = min(terms.max_open_interest_lots, (1 << LEG_BITS) - 1)
        record["min_value_quanta"] = _clipped(terms.min_value_quanta)
        record["expiry_ns"] = _clipped(terms.expiry_ns) or ENDLESS
        record["first_code"], record["first_tier"], record["tiers"] = len(self.worth), len(self.tiers), len(tiers)
        record["inverse"] = terms.contract == "inverse"
        self.first_code = np.append(self.first_code, len(self.worth))
        self.markets, self.tiers = np.append(self.markets, record), np.append(self.tiers, tiers)
        self.code_market = np.append(self.code_market, np.full(codes, number))
        self.code_tier = np.append(self.code_tier, np.arange(codes) // 2)
        self.exact_by_law = np.append(self.exact_by_law, False)
        for name in ("worth", "held", "spare", "least", "most", "factor"):
            setattr(self, name, np.append(getattr(self, name), np.zeros(codes, np.int64)))
        self.rate = np.append(self.rate, np.repeat(tiers["maintenance_rate_ppb"], 2))
        self.deduction = np.append(self.deduction, np.repeat(tiers["maintenance_deduction_quanta"], 2))
        self.tiered = self.tiered or len(tiers) > 1 or any(tier.maintenance_deduction_quanta for tier in terms.tiers)
        self.names.append(terms.market_id)
        self.numbers[terms.market_id] = number
        return number

    def refresh(self, market: Market, halted: bool) -> None:
        """Derive a market's numbers anew. Raises TooWide, with nothing changed, where they do not fit."""
        number = self.numbers[market.terms.market_id]
        record, value = self.markets[number], market.value_quanta
        tables = [self._of_tier(market, at) for at in range(len(market.terms.tiers))]
        widest = abs(value) + abs(market.funding_quanta) + max(held for held, *_ in tables)
        name = market.terms.market_id
        require_bits(f"the value of the largest leg in {name}", int(record["most_lots"]) * widest, LEG_BITS)
        require_bits(f"funding of {name}", market.funding_quanta, LEG_BITS)
        require_bits(f"the value of a lot in {name}", widest, LEG_BITS)
        require_bits(f"open interest in {name}", market.open_interest_lots, LEG_BITS)
        require_bits(f"time of {name}", max(market.mark_time_ns, market.grace_until_ns, market.paused_until_ns), 62)
        record["value"], record["funding"], record["widest_quanta"] = value, market.funding_quanta, widest
        record["carry"] = require_bits(f"what funding of {name} carries", market.funding_carry, LEG_BITS)
        record["mark_ticks"], record["previous_ticks"] = market.mark_price_ticks, market.previous_mark_price_ticks
        record["mark_time_ns"], record["open_interest_lots"] = market.mark_time_ns, market.open_interest_lots
        record["calm_from_ns"] = max(market.grace_until_ns, market.paused_until_ns)
        record["pool"] = self.pool_number(market.pool_id)
        by_share = bool(market.measured_lots and market.terms.schedule.unit_share.slope_ppb)
        plain = market.factor_ppb == PPB and not by_share
        open_day = value and not (market.guard or market.settled or market.reduce_only or halted)
        record["trading"], record["moved"] = bool(plain and open_day), 0
        self.exact_by_law[number] = by_share or market.factor_ppb >> FACTOR_BITS > 0
        for at, (held, spare, least, most) in enumerate(tables):
            for code in (record["first_code"] + 2 * at, record["first_code"] + 2 * at + 1):
                self.worth[code] = value - market.funding_quanta
                self.factor[code] = min(market.factor_ppb, 1 << FACTOR_BITS)
                self.held[code], self.spare[code], self.least[code], self.most[code] = held, spare, least, most

    def be_calm(self, parts: int) -> None:
        """Let values and funding move by half of one in ``parts`` from where they are; 0: by nothing."""
        value, funding = self.markets["value"], self.markets["funding"]
        room = abs(value) // (2 * parts) if parts else 0
        self.markets["calm_low"], self.markets["calm_high"] = value - room, value + room
        self.markets["calm_funding_low"], self.markets["calm_funding_high"] = funding - room, funding + room

    def write_back(self, markets: Mapping[str, Market]) -> list[str]:
        """Write what kernels have changed into the law's records of these markets; return whose."""
        moved = np.flatnonzero(self.markets["moved"])
        if not len(moved):
            return []
        names = [self.names[number] for number in moved.tolist()]
        for name, numbers in zip(names, self.markets[WRITTEN][moved].tolist(), strict=True):
            market = markets[name]
            market.previous_mark_price_ticks, market.mark_price_ticks, market.mark_time_ns = numbers[:3]
            market.open_interest_lots, market.funding_quanta, market.funding_carry = numbers[3:]
        self.markets["moved"] = 0
        return names

    @property
    def tables(self) -> tuple[NDArray[np.int64], ...]:
        """Return the tables that go with marks, in the order in which kernels take them."""
        return self.worth, self.held, self.spare, self.least, self.most

    def value_at(self, number: int, price_ticks: int) -> int:
        """Return the signed quanta that a lot of a market is worth at a price, as ``MarketTerms.value_at`` does."""
        record = self.markets[number]
        value = inverse_value_per_lot if record["inverse"] else linear_value_per_lot
        return value(price_ticks, int(record["multiplier"]))

    def code_of(self, number: int, lots: int) -> int:
        """Return the code of a leg with these lots at the mark."""
        record = self.markets[number]
        code = int(record["first_code"]) + (lots < 0)
        last = code + 2 * (int(record["tiers"]) - 1)
        while code < last and abs(lots) >= self.most[code]:
            code += 2
        return code

    def require_leg(self, number: int, lots: int) -> None:
        """Raise TooWide where so many lots of a market are worth too much; note the largest leg seen."""
        record = self.markets[number]
        if lots > record["most_lots"]:
            what = f"the value of a leg in {self.names[number]}"
            require_bits(what, lots * max(1, int(record["widest_quanta"])), LEG_BITS)
            record["most_lots"] = lots

    def pool_number(self, pool_id: str) -> int:
        """Return the number of a pool of the fund."""
        if pool_id not in self.pools:
            self.pools.append(pool_id)
        return self.pools.index(pool_id)

    def _of_tier(self, market: Market, at: int) -> tuple[int, int, int, int]:
        """Return held, spare, least and most of one tier at the mark."""
        tiers, magnitude = market.terms.tiers, abs(market.value_quanta)
        tier = tiers[at]
        factor, schedule = market.factor_ppb, market.terms.schedule
        if market.measured_lots and schedule.unit_share.slope_ppb:
            factor = max(factor, schedule.cap_ppb)
        held = div_ceil(magnitude * tier.maintenance_rate_ppb * factor, MARGIN_SCALE)
        spare = div_floor(tier.maintenance_deduction_quanta * factor, PPB)
        if held >= magnitude or _may_be_cut_off(tier):
            spare = 0  # The requirement may be cut off at the notional, or at 0: what was deducted is no bound then.
        if not magnitude:
            return 0, 0, 0, ENDLESS
        least = div_ceil(tier.from_notional_quanta, magnitude)
        most = div_ceil(tiers[at + 1].from_notional_quanta, magnitude) if at + 1 < len(tiers) else ENDLESS
        return min(held, magnitude), _clipped(spare), _clipped(least), _clipped(most)


def _tiers(tiers: tuple[Tier, ...]) -> NDArray[Any]:
    rows = np.zeros(len(tiers), TIER)
    for row, tier in zip(rows, tiers, strict=True):
        row["from_notional_quanta"] = _clipped(tier.from_notional_quanta)
        row["maintenance_rate_ppb"], row["initial_rate_ppb"] = tier.maintenance_rate_ppb, tier.initial_rate_ppb
        for name in ("maintenance_deduction_quanta", "initial_deduction_quanta"):
            row[name] = min(getattr(tier, name), 1 << LEG_BITS)  # From there on nothing is left of a requirement.
        row["spare_quanta"] = 0 if _may_be_cut_off(tier) else _clipped(tier.maintenance_deduction_quanta)
    return rows


def _may_be_cut_off(tier: Tier) -> bool:
    """Return whether more may be deducted than a leg in this tier requires."""
    return tier.from_notional_quanta * tier.maintenance_rate_ppb < tier.maintenance_deduction_quanta * PPB


def _multiplier(market: Market) -> int:
    inverse = market.terms.contract == "inverse"
    return market.terms.face_quanta_ticks if inverse else market.terms.quanta_per_tick_lot


def _clipped(number: int) -> int:
    return min(number, ENDLESS)
