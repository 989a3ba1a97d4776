"""What stage 5 is planned with: pools of bankrupt lots, and the growing plan of fills and closings."""

from dataclasses import dataclass, field

from deleverage.rulebook.book import Unit, side_of
from deleverage.rulebook.closing import settle
from deleverage.rulebook.messages import Closing, Fill, Pool
from deleverage.rulebook.quantities import share_ceil
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.selection import Allotment
from deleverage.rulebook.stages.scratch import PoolDebts, Scratch


@dataclass
class BankruptPool:
    """The bankrupt lots of one market and side, and the shortfall that lies on them, per unit; both fall as they go."""

    market_id: str
    side_name: str
    side: int
    lots: dict[str, int]
    leg_ids: dict[str, str]
    shortfalls: dict[str, int]
    others: list[Unit]  # the solvent units on the other side, in id order
    netted_lots: int = 0
    closed_lots: int = 0
    shortfall_quanta: int = 0
    asked_quanta: int = 0
    collected_quanta: int = 0
    stopped: str = ""
    removed: tuple[str, ...] = ()
    closed: dict[str, int] = field(default_factory=dict)  # lots closed against candidates, per unit
    owed: dict[str, int] = field(default_factory=dict)  # the shortfall of those lots, per unit

    @property
    def open_lots(self) -> int:
        """Lots that nobody has taken yet."""
        return sum(self.lots.values())

    def give_up(self, unit_id: str, lots: int) -> int:
        """Take lots of a unit out of the pool and return the shortfall that goes with them, rounded up."""
        moved = share_ceil(self.shortfalls[unit_id], lots, self.lots[unit_id])
        self.shortfalls[unit_id] -= moved
        self.lots[unit_id] -= lots
        return moved

    def record(self, lots: int) -> Pool:
        """Return the pool as the fact shows it; ``lots`` is what it held before netting."""
        return Pool(
            self.market_id,
            self.side_name,
            lots,
            self.netted_lots,
            self.closed_lots,
            self.shortfall_quanta,
            self.asked_quanta,
            self.collected_quanta,
            self.stopped,
            self.removed,
        )


@dataclass
class Plan:
    """What stage 5 will do, as it grows: fills of both sides, closings, and debt that has no lots any more."""

    fills: list[Fill] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    freed: PoolDebts = field(default_factory=dict)

    def free(self, pool: BankruptPool, unit_id: str, quanta: int) -> None:
        """Note debt of a unit that no lots of the pool carry any more: it goes to stage 6."""
        if quanta:
            key = (unit_id, pool.market_id, pool.side_name)
            self.freed[key] = self.freed.get(key, 0) + quanta

    def close_bankrupt(
        self, scratch: Scratch, pool: BankruptPool, unit_id: str, lots: int, money: int, part: str
    ) -> None:
        """Note the bankrupt's side of a closing: the value of the lots at the mark plus ``money`` quanta."""
        amount = pool.side * lots * scratch.book.markets[pool.market_id].value_quanta + money
        leg_side = side_of(pool.leg_ids[unit_id])
        self.fills.append(Fill(unit_id, pool.market_id, -pool.side * lots, amount, money, part, leg_side))

    def close_candidate(
        self,
        scratch: Scratch,
        pool: BankruptPool,
        candidate: Candidate,
        unit: Unit,
        allotment: Allotment,
        rank: int,
        money: int,
    ) -> None:
        """Note the candidate's side of a closing: the value of the lots at the mark less ``money`` quanta.

        ``unit`` is the candidate's unit as it stands before this closing.
        """
        market = scratch.book.markets[pool.market_id]
        lots = pool.side * allotment.lots
        amount = -lots * market.value_quanta - money
        found = unit.leg_on(pool.market_id, -pool.side)
        assert found is not None, f"{unit.unit_id} has no lots to close"
        leg_id, leg = found
        self.fills.append(Fill(candidate.unit_id, pool.market_id, lots, amount, -money, "candidate", side_of(leg_id)))
        result = settle(leg, lots, amount, market.funding_quanta)
        self.closings.append(
            Closing(
                candidate.unit_id,
                pool.market_id,
                pool.side_name,
                rank,
                candidate.tier,
                allotment.score,
                candidate.lots,
                allotment.lots,
                candidate.equity_quanta,
                money,
                result.realised_quanta,
                sum(abs(other.lots) for other in unit.legs.values() if other is not leg),
                side_of(leg_id),
            )
        )
