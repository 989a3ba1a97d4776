"""Pools of the insurance fund: their published terms, and the memory that a drawdown needs.

A pool's cash is a pot of the book. What is remembered of it are *samples*: the cash at the beginning of each slot of
time. They are read as steps - an entry holds from its slot up to the next entry's - so a quiet pool has one entry,
and no pool has more than its window has slots, and two. A fall is compared crosswise; no ratio is ever rounded.

Deliberately absent: cash itself, and who is paid.
"""

from dataclasses import dataclass
from typing import NamedTuple

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.quantities import PPB, div_ceil, div_floor

COMMON = "common"
"""The pool that every market belongs to until it is regrouped."""

BASES = ("peak", "average")
MOST_SLOTS = 10_000


@dataclass(frozen=True, slots=True)
class Drawdown:
    """When a pool that has fallen stops paying, and when it pays again; no ``slots``: never.

    The base is the peak or the average of the samples of the last ``slots`` slots of ``slot_ns``, the running one
    included. The pool has *fallen* when cash <= base x (1 - fall) - ``strict``: < - and has *recovered* when
    cash >= base x (1 - stop). Precedents: OKX (30 % below the peak, or below the average, of 8 h), Bybit (100 % by
    default, stop at 95 %; whether the boundary itself triggers is not said there), HTX (a threshold per pool).
    """

    slots: int = 0
    slot_ns: int = 0
    fall_ppb: int = 0
    stop_ppb: int = 0
    base: str = "peak"
    strict: bool = False


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """What is published about a pool: ``floor_quanta`` stay in it whatever an operator takes out."""

    pool_id: str
    floor_quanta: int = 0
    drawdown: Drawdown = Drawdown()


class Base(NamedTuple):
    """What a pool's cash is compared with, as the exact fraction ``total / samples`` of quanta."""

    total_quanta: int
    samples: int


@dataclass(frozen=True, slots=True)
class Sample:
    """The cash at the beginning of a slot, and of every later one up to the next sample's."""

    slot: int
    cash_quanta: int


@dataclass(slots=True)
class FundPool:
    """A pool's moving part: what it remembers, and whether it is ``paused``: fallen and not yet recovered."""

    terms: PoolTerms
    samples: tuple[Sample, ...] = ()
    paused: bool = False

    def note(self, cash_quanta: int, time_ns: int) -> None:
        """Remember the cash that a fact left: what is there when the next slot begins."""
        drawdown = self.terms.drawdown
        if not drawdown.slots:
            return
        running = div_floor(time_ns, drawdown.slot_ns)
        kept = [sample for sample in self.samples if sample.slot <= running]
        if not kept or kept[-1].cash_quanta != cash_quanta:
            kept.append(Sample(running + 1, cash_quanta))
        first = running + 1 - drawdown.slots
        while len(kept) > 1 and kept[1].slot <= first:
            del kept[0]
        self.samples = tuple(kept)

    def base(self, time_ns: int) -> Base | None:
        """Return the peak or average of the samples in the window that ends now; None: there is no sample yet."""
        drawdown = self.terms.drawdown
        if not drawdown.slots:
            return None
        running = div_floor(time_ns, drawdown.slot_ns)
        first = running + 1 - drawdown.slots
        ends = [sample.slot for sample in self.samples[1:]] + [running + 1]
        peak = total = count = 0
        for sample, end in zip(self.samples, ends, strict=False):
            held, cash = min(end, running + 1) - max(sample.slot, first), sample.cash_quanta
            if held > 0:
                peak, total, count = max(peak, cash), total + held * cash, count + held
        if not count:
            return None
        return Base(peak, 1) if drawdown.base == "peak" else Base(total, count)

    def has_fallen(self, cash_quanta: int, time_ns: int) -> bool:
        """Return whether the pool has fallen so far that it stops paying; a pool that was always empty has not."""
        base, drawdown = self.base(time_ns), self.terms.drawdown
        if base is None or not base.total_quanta:
            return False
        left, right = cash_quanta * PPB * base.samples, base.total_quanta * (PPB - drawdown.fall_ppb)
        return left < right if drawdown.strict else left <= right

    def has_recovered(self, cash_quanta: int, time_ns: int) -> bool:
        """Return whether the pool holds enough of its base to pay again."""
        base = self.base(time_ns)
        if base is None:
            return True
        return cash_quanta * PPB * base.samples >= base.total_quanta * (PPB - self.terms.drawdown.stop_ppb)

    def pauses(self, cash_quanta: int, time_ns: int) -> bool:
        """Return whether the pool is paused when it is looked at now."""
        return not self.has_recovered(cash_quanta, time_ns) if self.paused else self.has_fallen(cash_quanta, time_ns)

    def spared_quanta(self, time_ns: int) -> int:
        """Return what payments leave in a pool that is not paused: the largest cash at which it has fallen, or 0."""
        base, drawdown = self.base(time_ns), self.terms.drawdown
        if base is None:
            return 0
        numerator, denominator = base.total_quanta * (PPB - drawdown.fall_ppb), base.samples * PPB
        if drawdown.strict:
            return max(0, div_ceil(numerator, denominator) - 1)
        return div_floor(numerator, denominator)

    def room_quanta(self, cash_quanta: int, time_ns: int) -> int:
        """Return what the pool may still pay for others' debts."""
        return 0 if self.paused else max(0, cash_quanta - self.spared_quanta(time_ns))


def left_by_pool(weights: dict[str, int], owed_quanta: int, paid_quanta: int, pool_id: str) -> dict[str, int]:
    """Return what is left of a flat unit's debt by pool, of which money for one pool's markets was paid.

    It is taken off that pool's part; what rounding leaves of it, off all parts by what they hold. Nothing left: the
    weights stay.
    """
    left = apportion(owed_quanta, [Share(*weighed) for weighed in weights.items()]).parts
    own = min(paid_quanta, left.get(pool_id, 0))
    left[pool_id] = left.get(pool_id, 0) - own
    for key, part in apportion(paid_quanta - own, [Share(key, part, part) for key, part in left.items()]).parts.items():
        left[key] -= part
    return {key: part for key, part in left.items() if part} or weights


def pot_of(kind: str, pool_id: str) -> str:
    """Return the name of a pool's pot: ``fund``, ``fees``, ``surplus`` of the common pool, else with the pool's id."""
    return kind if pool_id == COMMON else f"{kind}:{pool_id}"
