"""A synthetic population of accounts with a published shape, realised as trades that cancel out exactly.

Everybody's size is fixed by the rank-size construction of ``shape``; the seed decides who has which size, on which
side, in which markets, at which leverage and entry price. Sizes are laid along a line and markets along the same line:
where the two overlap, an account holds lots of a market. So all lots are handed out, without a remainder.

Rules of this module: integers only; longs and shorts of a market hold the same number of lots; every price belongs to a
trade with two sides, so entry costs sum to zero. Deliberately absent: any claim that such accounts exist. They are
counterparties drawn from a seed, and whoever pays among them is not a fact about anyone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from deleverage.rulebook.quantities import PPB, div_ceil, div_floor
from deleverage.scenarios.draws import Draws
from deleverage.scenarios.shape import Shape, rank_sizes, shape

LEVERAGES = (1, 1, 1, 2, 2, 3, 3, 5, 5, 8, 10, 10, 15, 20, 25, 40)
"""Leverage of an account is drawn from these: half of them at 5x and below, one in eight at 25x and above."""


class Slot(NamedTuple):
    """Lots of one market to be handed out, each worth ``value_quanta``."""

    market_id: str
    lots: int
    value_quanta: int


class Holding(NamedTuple):
    """Lots of one slot (by its place in the list) in one account; lots > 0, the caller knows the side."""

    account_id: str
    slot: int
    lots: int


@dataclass(frozen=True, slots=True)
class MarketShare:
    """One market a population trades in: ``open_interest_lots`` on each side, at about ``price_ticks``.

    Entry prices lie within ``entry_spread_ppb`` of the price; ``initial_rate_ppb`` is the largest initial margin rate
    of the market, which every deposit covers.
    """

    market_id: str
    open_interest_lots: int
    price_ticks: int
    quanta_per_tick_lot: int
    initial_rate_ppb: int
    entry_spread_ppb: int = 20_000_000


class PopulationTrade(NamedTuple):
    """One trade that builds the population; lots > 0."""

    market_id: str
    buyer_id: str
    seller_id: str
    lots: int
    price_ticks: int


class Position(NamedTuple):
    """What an account holds in a market when all trades are made: lots + long - short, and what they cost."""

    account_id: str
    market_id: str
    lots: int
    cost_quanta: int


@dataclass(frozen=True, slots=True)
class Population:
    """Deposits (account -> quanta), trades in order, and the positions and the shape they lead to."""

    seed: int
    deposits: dict[str, int]
    trades: tuple[PopulationTrade, ...]
    positions: tuple[Position, ...]
    shape: Shape

    @property
    def note(self) -> str:
        """Return one line for people: the measured shape, the seed, and every published band it misses."""
        return f"synthetic population (seed {self.seed}), {'; '.join((str(self.shape), *self.shape.faults))}"


def draw(seed: int, accounts: int, markets: Sequence[MarketShare], *, prefix: str = "trader-") -> Population:
    """Return a population with both sides in every market, all at once solvent and above initial margin.

    Some accounts hold one market, some two or three, the largest more. Raises ValueError where the open interest is too
    small to give everybody a lot.
    """
    slots = [Slot(m.market_id, m.open_interest_lots, m.price_ticks * m.quanta_per_tick_lot) for m in markets]
    side_quanta = sum(slot.lots * slot.value_quanta for slot in slots)
    least = 2 * max(slot.value_quanta for slot in slots)  # a stretch of two lots' value always holds one lot
    sizes = rank_sizes(accounts, 2 * side_quanta, least)
    names = Draws(seed, "names").shuffled(account_ids(accounts, prefix))
    long_sizes, short_sizes = _sides(sizes, names, side_quanta)
    longs = hand_out(seed, long_sizes, slots, "long")
    shorts = hand_out(seed, short_sizes, slots, "short")
    trades = _trades(seed, markets, longs, shorts)
    positions = _positions(markets, trades)
    notional = dict.fromkeys(names, 0)
    price = {market.market_id: market.price_ticks * market.quanta_per_tick_lot for market in markets}
    for position in positions:
        notional[position.account_id] += abs(position.lots) * price[position.market_id]
    deposits = _deposits(seed, markets, trades, notional)
    return Population(seed, deposits, trades, positions, shape(notional.values()))


def most_accounts(markets: Sequence[MarketShare]) -> int:
    """Return how many accounts this open interest is enough for: each holds at least two lots of the dearest market."""
    values = [market.price_ticks * market.quanta_per_tick_lot for market in markets]
    both_sides = 2 * sum(m.open_interest_lots * value for m, value in zip(markets, values, strict=True))
    return div_floor(both_sides, 2 * max(values))


def account_ids(accounts: int, prefix: str) -> list[str]:
    """Return as many ids as accounts, numbered from 1 with leading zeros, so that byte order is number order."""
    width = len(str(accounts))
    return [f"{prefix}{number:0{width}d}" for number in range(1, accounts + 1)]


def hand_out(seed: int, sizes: dict[str, int], slots: Sequence[Slot], purpose: str) -> list[Holding]:
    """Return who holds how many lots of which slot: all lots of all slots, sizes met to within a lot per piece.

    ``sizes`` (account -> quanta, in falling order) must sum to the value of all slots. An account's size is cut into
    pieces - the ten largest into up to 60, the next ninety up to 12, others one to three - and pieces are shuffled.
    """
    draws = Draws(seed, f"hand out {purpose}")
    least = 2 * max(slot.value_quanta for slot in slots)
    pieces: list[tuple[str, int]] = []
    for rank, (account_id, size) in enumerate(sizes.items(), start=1):
        count = 60 if rank <= 10 else 12 if rank <= 100 else (1, 1, 1, 1, 1, 1, 2, 2, 2, 3)[draws.below(10)]
        count = max(1, min(count, len(slots), div_floor(size, least)))
        cuts = [div_floor(size * number, count) for number in range(count + 1)]
        pieces += [(account_id, after - before) for before, after in pairwise(cuts)]
    held: dict[tuple[int, str], int] = {}
    slot, slot_start, start = 0, 0, 0
    for account_id, size in draws.shuffled(pieces):
        end = start + size
        while start < end:
            value = slots[slot].value_quanta
            slot_end = slot_start + slots[slot].lots * value
            stop = min(end, slot_end)
            lots = div_floor(stop - slot_start, value) - div_floor(start - slot_start, value)
            if lots:
                held[slot, account_id] = held.get((slot, account_id), 0) + lots
            start = stop
            if stop == slot_end and slot + 1 < len(slots):
                slot, slot_start = slot + 1, slot_end
    return [Holding(account_id, place, lots) for (place, account_id), lots in held.items()]


def _sides(sizes: Sequence[int], names: Sequence[str], side_quanta: int) -> tuple[dict[str, int], dict[str, int]]:
    """Deal sizes, largest first, to the side that has less; the largest of each side takes up what is left over."""
    sides: tuple[dict[str, int], dict[str, int]] = ({}, {})
    sums = [0, 0]
    for name, size in zip(names, sizes, strict=True):
        side = 0 if sums[0] <= sums[1] else 1
        sides[side][name] = size
        sums[side] += size
    for side, members in enumerate(sides):
        if not members:
            raise ValueError("a population with two sides needs at least two accounts")
        members[next(iter(members))] += side_quanta - sums[side]
    return sides


def _trades(
    seed: int, markets: Sequence[MarketShare], longs: list[Holding], shorts: list[Holding]
) -> tuple[PopulationTrade, ...]:
    """Pair longs with shorts, market by market; each pair trades at a drawn price near the market's."""
    trades = []
    for place, market in enumerate(markets):
        draws = Draws(seed, f"entries {market.market_id}")
        spread = div_floor(market.price_ticks * market.entry_spread_ppb, PPB)
        buyers = [(holding.account_id, holding.lots) for holding in longs if holding.slot == place]
        sellers = [(holding.account_id, holding.lots) for holding in shorts if holding.slot == place]
        buyer = iter(buyers)
        buyer_id, buyer_left = "", 0
        for seller_id, seller_left in sellers:
            left = seller_left
            while left:
                if not buyer_left:
                    buyer_id, buyer_left = next(buyer)
                lots = min(left, buyer_left)
                price = market.price_ticks + draws.between(-spread, spread)
                trades.append(PopulationTrade(market.market_id, buyer_id, seller_id, lots, price))
                left -= lots
                buyer_left -= lots
    return tuple(trades)


def _positions(markets: Sequence[MarketShare], trades: Sequence[PopulationTrade]) -> tuple[Position, ...]:
    scale = {market.market_id: market.quanta_per_tick_lot for market in markets}
    held: dict[tuple[str, str], tuple[int, int]] = {}
    for trade in trades:
        for account_id, lots in ((trade.buyer_id, trade.lots), (trade.seller_id, -trade.lots)):
            before, cost = held.get((account_id, trade.market_id), (0, 0))
            added = lots * trade.price_ticks * scale[trade.market_id]
            held[account_id, trade.market_id] = (before + lots, cost + added)
    return tuple(Position(*key, *found) for key, found in sorted(held.items()))


def _deposits(
    seed: int, markets: Sequence[MarketShare], trades: Sequence[PopulationTrade], notional: dict[str, int]
) -> dict[str, int]:
    """Return everybody's deposit: that of a drawn leverage, or more where margin on the way needs it."""
    terms = {market.market_id: market for market in markets}
    draws = Draws(seed, "leverage")
    deposits = {
        account_id: max(1, div_ceil(notional[account_id], LEVERAGES[draws.below(len(LEVERAGES))]))
        for account_id in sorted(notional)
    }
    on_the_way = dict.fromkeys(notional, (0, 0))  # margin numerator and price PnL so far
    for trade in trades:
        market = terms[trade.market_id]
        gain = trade.lots * (market.price_ticks - trade.price_ticks) * market.quanta_per_tick_lot
        margin = trade.lots * market.price_ticks * market.quanta_per_tick_lot * market.initial_rate_ppb
        for account_id, pnl in ((trade.buyer_id, gain), (trade.seller_id, -gain)):
            needed, earned = on_the_way[account_id]
            on_the_way[account_id] = (needed + margin, earned + pnl)
            deposits[account_id] = max(deposits[account_id], div_ceil(needed + margin, PPB) - earned - pnl)
    return deposits
