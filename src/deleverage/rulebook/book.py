"""The state of one clearing domain: markets, accounts, units, legs, orders, pots - and nothing that acts on it.

Rules of this module:

* What is named here is exactly what a digest covers. Rows are mutable and slotted; only ``apply`` writes them.
* Money is in quanta of the domain's one settlement currency, owed to the unit +.
* What families keep here are rows of theirs: assets, auctions, backstops, envelopes, pools stand with the family.
* Whatever an outcome hangs on is walked in id order (ASCII bytes); only sums and look-ups may take rows as they come.

Deliberately absent: entry prices (``cost`` is a memo, it moves no money), clocks, and any rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from deleverage.rulebook.assets import Asset
from deleverage.rulebook.auction import Auction
from deleverage.rulebook.digest import digest_of
from deleverage.rulebook.envelopes import Envelope
from deleverage.rulebook.pools import COMMON, FundPool, PoolTerms, pot_of
from deleverage.rulebook.programmes import Backstop
from deleverage.rulebook.quantities import PPB, Scale, inverse_value_per_lot, linear_value_per_lot
from deleverage.rulebook.schedule import Announced, Schedule

FUND_POT, FEES_POT, ROUNDING_POT, SURPLUS_POT = "fund", "fees", "rounding", "surplus"
CONTRACTS = ("linear", "quanto", "inverse")
LONG, SHORT = "long", "short"
SIGN_OF = {LONG: 1, SHORT: -1}
"""A side and the sign of its lots, in the order in which a stage visits them."""
POTS = (FUND_POT, FEES_POT, ROUNDING_POT, SURPLUS_POT, "spread", "overshoot")
"""Every place money can lie outside a unit: F, G, R and the named pots S of INV-1."""
POOL_POTS = (FUND_POT, FEES_POT, SURPLUS_POT)
"""The pots that every pool of the fund has."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a market's margin table, for legs whose notional is at least ``from_notional_quanta``.

    Three thresholds, three rates: may not open, liquidation, takeover (0: bankrupts only). Requirement = notional x
    rate - deduction, times the market's factor. A tier's largest leverage is the one whose rate, rounded up, is the
    initial rate. Precedents: Binance "maintenance amount", Bybit "MM deduction".
    """

    from_notional_quanta: int
    maintenance_rate_ppb: int
    initial_rate_ppb: int
    maintenance_deduction_quanta: int = 0
    initial_deduction_quanta: int = 0
    close_out_rate_ppb: int = 0
    close_out_deduction_quanta: int = 0


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """What is fixed about a market: contract, margin table and bounds; ``tick`` and ``lot`` only serve printing.

    ``contract`` is linear, quanto (linear in another currency than the price's) or inverse. Linear and quanto contracts
    have ``quanta_per_tick_lot``; inverse ones ``face_quanta_ticks``, the face value of a lot in quanta x ticks. A price
    at which a lot is worth less than ``min_value_quanta`` is refused: a value of 0 would mean a margin of 0. A dated
    contract has an ``expiry_ns``; 0 is perpetual. ``schedule`` says how requirements may follow the market's risk.
    """

    market_id: str
    quanta_per_tick_lot: int
    tiers: tuple[Tier, ...]
    max_lots: int
    max_price_ticks: int
    max_open_interest_lots: int
    tick: Scale = Scale(1, 0)
    lot: Scale = Scale(1, 0)
    contract: str = "linear"
    face_quanta_ticks: int = 0
    min_value_quanta: int = 1
    expiry_ns: int = 0
    schedule: Schedule = Schedule()
    underlying: str = ""

    @property
    def underlying_id(self) -> str:
        """What the contract is about: markets with the same underlying hedge each other; left out, the market alone."""
        return self.underlying or self.market_id

    def value_at(self, price_ticks: int) -> int:
        """Return the signed quanta one lot is worth at a price: the one place where contracts differ."""
        if self.contract == "inverse":
            return inverse_value_per_lot(price_ticks, self.face_quanta_ticks)
        return linear_value_per_lot(price_ticks, self.quanta_per_tick_lot)


@dataclass(slots=True)
class Market:
    """A market's moving part. ``mark_price_ticks`` 0: no mark yet; ``guard``: why the last mark was not accepted."""

    terms: MarketTerms
    mark_price_ticks: int = 0
    previous_mark_price_ticks: int = 0
    mark_time_ns: int = 0
    guard: str = ""
    funding_quanta: int = 0  # the cumulative amount one long lot has paid since the market was listed
    funding_carry: int = 0  # what rounding has not charged yet, in quanta x 10^9 per lot
    reduce_only: bool = False
    grace_until_ns: int = 0  # before it nobody but a bankrupt is liquidated here; 0: there was no halt
    grace_lost: tuple[str, ...] = ()  # units, in id order, that have opened lots here since: it spares them no more
    reference_price_ticks: int = 0  # what the breaker compares marks with, and since when
    reference_time_ns: int = 0
    paused_until_ns: int = 0  # before it nothing opens here
    settled: bool = False
    open_interest_lots: int = 0  # sum of the long lots, equal to the sum of the short ones
    pool_id: str = COMMON  # whose fees, surpluses and debts the market's are
    factor_ppb: int = PPB  # what the table's requirements are multiplied by
    measured_lots: int = 0  # the open interest that legs' shares are taken of; 0: never measured
    announced: tuple[Announced, ...] = ()  # what waits to take effect, by its time: no two have the same

    @property
    def value_quanta(self) -> int:
        """Signed quanta one lot is worth at the last accepted mark; 0 before the first."""
        return self.terms.value_at(self.mark_price_ticks) if self.mark_price_ticks else 0


@dataclass(frozen=True, slots=True)
class Account:
    """Who owns units. ``role`` is trader, fund or backstop; a backstop's capacity is per market and step."""

    account_id: str
    owner_group: str
    role: str
    backstop_capacity_lots: int = 0
    hedge: bool = False  # a leg per side of a market, instead of one that flips
    neutral: bool = False  # in the neutral mode: its hedged cross unit is closed after the others


def leg_id_of(market_id: str, side: str) -> str:
    """Return the name of a leg within its unit: the market, in hedge mode with ``/long`` or ``/short`` behind it."""
    return f"{market_id}/{side}" if side else market_id


def market_of(leg_id: str) -> str:
    """Return the market of a leg; no market's id has a slash."""
    return leg_id.partition("/")[0]


def side_of(leg_id: str) -> str:
    """Return the side in a leg's name, empty in one-way mode."""
    return leg_id.partition("/")[2]


@dataclass(slots=True)
class Leg:
    """One position: ``lots`` long + short -, and three memos that feed PnL, scores and haircuts but move no money."""

    lots: int
    cost: int = 0  # quanta the open lots cost, signed like lots
    entry_funding: int = 0  # lots x cumulative funding at the trade
    haircut: int = 0  # quanta of gain already cut, >= 0


@dataclass(slots=True)
class Unit:
    """What margin, bankruptcy and caps apply to: a cross account, or one isolated leg with a quote of its own.

    ``quote`` is cash after every trade: bought lots debited, sold lots credited. ``deposits``, ``realised`` and
    ``transfers`` are the ledger of INV-3, kept by a path of their own. ``leverages`` are what the owner chose per
    market (ppb, 10^9 is 1x); they outlive the legs. ``result_before`` is what equity less deposits was when the period
    began: a memo, it moves no money.
    """

    unit_id: str
    account_id: str
    isolated_market_id: str = ""
    isolated_side: str = ""  # of an isolated leg in hedge mode
    quote: int = 0
    bankrupt: bool = False
    deposits: int = 0
    realised: int = 0
    transfers: int = 0
    result_before: int = 0
    legs: dict[str, Leg] = field(default_factory=dict)  # by leg id
    leverages: dict[str, int] = field(default_factory=dict)  # by market
    debt_pools: dict[str, int] = field(default_factory=dict)  # flat: whose its debt would be, by weight
    assets: dict[str, int] = field(default_factory=dict)  # grains > 0 of collateral, by asset id
    carried: int = 0  # quanta others paid for the unit while it was bankrupt and owned assets, not repaid by them yet

    def leg_on(self, market_id: str, sign: int) -> tuple[str, Leg] | None:
        """Return the leg with lots of this sign in a market, with its id; there is at most one."""
        for leg_id in (market_id, leg_id_of(market_id, LONG if sign > 0 else SHORT)):
            leg = self.legs.get(leg_id)
            if leg is not None and leg.lots * sign > 0:
                return leg_id, leg
        return None

    def lots_on(self, market_id: str, sign: int) -> int:
        """Return the magnitude of the lots held on one side of a market, 0 if none."""
        found = self.leg_on(market_id, sign)
        return abs(found[1].lots) if found is not None else 0

    def markets(self) -> set[str]:
        """Return the markets in which the unit has legs."""
        return {market_of(leg_id) for leg_id in self.legs}

    def sorted_legs(self) -> list[tuple[str, Leg]]:
        """Legs in the order of their ids."""
        return sorted(self.legs.items())


@dataclass(slots=True)
class Order:
    """A resting order: ``lots`` + buys, - sells, what is left of it; ``sequence`` is its time priority."""

    order_id: str
    unit_id: str
    market_id: str
    lots: int
    price_ticks: int
    sequence: int
    leg_side: str = ""

    @property
    def leg_id(self) -> str:
        """The leg that the order would fill."""
        return leg_id_of(self.market_id, self.leg_side)


@dataclass(slots=True)
class Book:
    """Everything that must balance together. One writer; a domain never pays another's loss."""

    markets: dict[str, Market] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    backstops: dict[str, Backstop] = field(default_factory=dict)  # accounts with a programme
    units: dict[str, Unit] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    auctions: dict[str, Auction] = field(default_factory=dict)  # by unit
    assets: dict[str, Asset] = field(default_factory=dict)
    pots: dict[str, int] = field(default_factory=lambda: dict.fromkeys(POTS, 0))
    pools: dict[str, FundPool] = field(default_factory=lambda: {COMMON: FundPool(PoolTerms(COMMON))})
    residual_quanta: int = 0  # K: losses named and not yet repaid or turned into claims
    net_deposits_quanta: int = 0  # X
    claims: dict[str, int] = field(default_factory=dict)
    fund_paid_by_group: dict[str, int] = field(default_factory=dict)
    halted: bool = False  # a residual was named: marks stand still until it is repaid
    halts: dict[str, str] = field(default_factory=dict)  # an operator's: market, or "" for the domain -> reason
    envelopes: dict[str, Envelope] = field(default_factory=dict)  # per market and side, named as a leg of hedge mode
    waiting: bool = False  # the last step left a shortfall without lots that something may still carry
    time_ns: int = 0
    seq: int = 0  # facts applied
    steps: int = 0  # steps of the waterfall run
    orders_placed: int = 0

    def sorted_units(self) -> Iterator[Unit]:
        """Units in id order: the only order in which the law ever walks them."""
        for unit_id in sorted(self.units):
            yield self.units[unit_id]

    def bearing_units(self) -> Iterator[Unit]:
        """Units of whom a loss may be asked, in id order: all. (A book of some may know of more than it walks.)"""
        return self.sorted_units()

    @property
    def is_halted(self) -> bool:
        """Whether the whole domain stands still, by a residual or by an operator."""
        return self.halted or "" in self.halts

    def is_auctioned(self, unit_id: str) -> bool:
        """Return whether an auction of the unit runs, as far as a step has told."""
        return unit_id in self.auctions and not self.auctions[unit_id].expired

    def fund_unit(self) -> Unit | None:
        """Return the unit that holds the insurance fund's inventory, if the domain has one."""
        for account in self.accounts.values():
            if account.role == "fund":
                return self.units[account.account_id]
        return None

    def pool_of(self, market_id: str) -> str:
        """Return the pool that a market belongs to."""
        return self.markets[market_id].pool_id

    def cash(self, pool_id: str) -> int:
        """Return what a pool of the fund holds, in quanta."""
        return self.pots[pot_of(FUND_POT, pool_id)]

    def pool_pots(self, pool_id: str) -> dict[str, int]:
        """Return what lies in a pool's three pots: its cash, and the fees and surpluses that stage 4 takes in."""
        return {kind: self.pots[pot_of(kind, pool_id)] for kind in POOL_POTS}

    def fund_quanta(self) -> int:
        """Return what all pools of the fund hold together, in quanta."""
        return sum(self.cash(pool_id) for pool_id in self.pools)

    def owner_group(self, unit_id: str) -> str:
        """Return the owner group of the account a unit belongs to."""
        return self.accounts[self.units[unit_id].account_id].owner_group

    def role(self, unit: Unit) -> str:
        """Return the role of the account a unit belongs to."""
        return self.accounts[unit.account_id].role

    def copy(self) -> "Book":
        """Return an independent copy, the scratch on which a step is planned; in id order, so that walks find it."""
        return Book(**{item.name: copied(getattr(self, item.name)) for item in fields(self)})

    def digest(self) -> str:
        """Return the SHA-256 of the whole state in canonical order, as 64 hexadecimal digits."""
        return digest_of(self)


def copy_unit(unit: Unit) -> Unit:
    """Return an independent copy of a unit: a slip of paper to try a fill on."""
    return replace(
        unit,
        legs={key: Leg(leg.lots, leg.cost, leg.entry_funding, leg.haircut) for key, leg in unit.legs.items()},
        leverages=dict(unit.leverages),
        debt_pools=dict(unit.debt_pools),
        assets=dict(unit.assets),
    )


def copied(part: Any) -> Any:
    """Return a part of the book for a copy: rows that move are copied, what is frozen is shared."""
    if not isinstance(part, dict):
        return part
    return {
        key: copy_unit(row) if isinstance(row, Unit) else replace(row) if isinstance(row, MOVING) else row
        for key, row in ((key, part[key]) for key in sorted(part))
    }


MOVING = (Market, Backstop, Order, Asset, FundPool)
"""Rows that facts change in place."""
