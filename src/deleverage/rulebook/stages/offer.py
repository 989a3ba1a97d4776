"""What stage 3 offers of one market and side, and what moves with the lots that somebody takes."""

from collections.abc import Iterable
from typing import NamedTuple

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import FUND_POT, SURPLUS_POT, Market, Unit, side_of
from deleverage.rulebook.messages import DebtPaid, Fill, PotChange, TakenOver
from deleverage.rulebook.pools import pot_of
from deleverage.rulebook.quantities import PPB, share_ceil, share_floor
from deleverage.rulebook.stages.scratch import Scratch


class Offer(NamedTuple):
    """Lots and leg id per source: a bankrupt unit, or one below close-out."""

    market: Market
    side_name: str
    side: int
    lots: dict[str, int]
    leg_ids: dict[str, str]

    @property
    def market_id(self) -> str:
        """The market's id."""
        return self.market.terms.market_id

    @property
    def open_lots(self) -> int:
        """Lots that nobody has taken yet."""
        return sum(self.lots.values())

    def of(self, unit_ids: Iterable[str]) -> "Offer":
        """Return the offer of some of the sources only."""
        return self._replace(lots={unit_id: self.lots[unit_id] for unit_id in unit_ids})


class Moved(NamedTuple):
    """What moves when some of the lots are taken, per source: lots, shortfall, and surplus with what of it is kept.

    A source keeps its surplus less what goes to the fund (``to_fund``) and to the taker (``edges``); quanta >= 0.
    """

    lots: dict[str, int]
    shortfalls: dict[str, int]
    surpluses: dict[str, int]
    to_fund: dict[str, int]
    edges: dict[str, int]


def offer_of(sources: list[Unit], market: Market, side_name: str, side: int) -> Offer:
    """Return what the sources hold now on a side of a market."""
    lots, leg_ids = {}, {}
    for unit in sources:
        if (found := unit.leg_on(market.terms.market_id, side)) is not None:
            leg_ids[unit.unit_id], lots[unit.unit_id] = found[0], abs(found[1].lots)
    return Offer(market, side_name, side, lots, leg_ids)


def edge_quanta(scratch: Scratch, offer: Offer, unit_id: str) -> int:
    """Return what a taker of all lots of a source would get against the mark: its part of the surplus, or a debt."""
    key = (unit_id, offer.leg_ids[unit_id])
    surplus = share_floor(scratch.surpluses.get(key, 0), scratch.rules.surplus_to_taker_ppb, PPB)
    return surplus - scratch.shortfalls.get(key, 0)


def moved_with(scratch: Scratch, offer: Offer, taken_lots: int) -> Moved:
    """Return what moves with ``taken_lots`` of the offer, split by lots; debts rounded up, surpluses down."""
    split = apportion(taken_lots, [Share(unit_id, lots, lots) for unit_id, lots in offer.lots.items()])
    moved = Moved({unit_id: lots for unit_id, lots in split.parts.items() if lots}, {}, {}, {}, {})
    for unit_id, lots in moved.lots.items():
        held, key = offer.lots[unit_id], (unit_id, offer.leg_ids[unit_id])
        surplus = share_floor(scratch.surpluses.get(key, 0), lots, held)
        moved.shortfalls[unit_id] = share_ceil(scratch.shortfalls.get(key, 0), lots, held)
        moved.surpluses[unit_id] = surplus
        moved.to_fund[unit_id] = share_floor(surplus, scratch.rules.surplus_to_fund_ppb, PPB)
        moved.edges[unit_id] = share_floor(surplus, scratch.rules.surplus_to_taker_ppb, PPB)
    return moved


def emit_takeover(
    scratch: Scratch, offer: Offer, moved: Moved, takers: tuple[Fill, ...], *, by_fund: bool = False
) -> None:
    """Write the takeover: sources receive value plus shortfall, or value less what others get of the surplus.

    The fund's shortfall is paid by the market's pool, and its part of a surplus goes where the fund's part goes.
    """
    fills, owed, edges = list(takers), sum(moved.shortfalls.values()), sum(moved.edges.values())
    for unit_id, lots in moved.lots.items():
        money = moved.shortfalls[unit_id] - moved.to_fund[unit_id] - moved.edges[unit_id]
        amount = offer.side * lots * offer.market.value_quanta + money
        leg_id = offer.leg_ids[unit_id]
        fills.append(Fill(unit_id, offer.market_id, -offer.side * lots, amount, money, "bankrupt", side_of(leg_id)))
        for ledger, part in ((scratch.shortfalls, moved.shortfalls), (scratch.surpluses, moved.surpluses)):
            if (unit_id, leg_id) in ledger:
                ledger[unit_id, leg_id] -= part[unit_id]
    kept = sum(moved.to_fund.values()) + (edges if by_fund else 0)
    pool_id = offer.market.pool_id
    pots = ((pot_of(FUND_POT, pool_id), -owed if by_fund else 0), (pot_of(SURPLUS_POT, pool_id), kept))
    debts = moved.shortfalls.items() if by_fund and owed else ()
    scratch.emit(
        TakenOver,
        market_id=offer.market_id,
        side=offer.side_name,
        fills=tuple(fills),
        pots=tuple(PotChange(pot, amount) for pot, amount in pots if amount),
        shortfall_quanta=owed,
        surplus_quanta=sum(moved.surpluses.values()),
        edge_quanta=edges,
        fund_debts=tuple(
            DebtPaid(unit_id, offer.leg_ids[unit_id], part, part, scratch.book.owner_group(unit_id), pool_id)
            for unit_id, part in debts
        ),
    )
