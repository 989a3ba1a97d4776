"""What the model remembers, and the two ways in which a unit's money changes: a fill and a payment."""

from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

from tests.model.drawdown import FundPool
from tests.model.numbers import sign, signed_share

Debt = tuple[str, str]
"""A unit and the id of a leg, or "" for a unit without legs."""

PoolDebt = tuple[str, str, str]
"""A pool of the fund, and a unit and leg as in ``Debt``."""

SIDES = {1: "long", -1: "short"}

STILL: dict[str, Any] = {
    "floor_ppb": 10**9,
    "cap_ppb": 10**9,
    "max_step_ppb": 0,
    "min_notice_ns": 0,
    "volatility": [0, 0],
    "open_interest": [0, 0],
    "concentration": [0, 0],
    "unit_share": [0, 0],
}
"""The schedule of a market that names none: nothing moves. A driver is where it begins to count, and its slope."""

POTS = ("fund", "fees", "rounding", "surplus", "spread", "overshoot")


def leg_id_of(market_id: str, side: str) -> str:
    """Return the id of a leg: its market, and its side in hedge mode."""
    return f"{market_id}/{side}" if side else market_id


def market_of(leg_id: str) -> str:
    """Return the market that a leg's id begins with."""
    return leg_id.partition("/")[0]


def pot(name: str, pool_id: str) -> str:
    """Return the id of a pot of a pool of the fund; only those of the common one are without the pool's id."""
    return name if pool_id == "common" else f"{name}:{pool_id}"


def can_only_close(leg_id: str, lots: int) -> bool:
    """Return whether lots go against the side that a leg of hedge mode never leaves."""
    return lots != 0 and leg_id.endswith(f"/{SIDES[-sign(lots)]}")


@dataclass(slots=True)
class Market:
    """A market: its terms as they came in, and what moves."""

    market_id: str
    quanta_per_tick_lot: int
    tiers: list[dict[str, int]]
    max_lots: int
    max_price_ticks: int
    max_open_interest_lots: int
    contract: str = "linear"
    face: int = 0
    least_value: int = 1
    expiry: int = 0
    schedule: dict[str, Any] = field(default_factory=STILL.copy)
    underlying: str = ""
    mark: int = 0
    previous: int = 0
    mark_time: int = 0
    guard: str = ""
    funding: int = 0
    carry: Fraction = Fraction(0)
    reduce_only: bool = False
    grace_until: int = 0
    grace_lost: frozenset[str] = frozenset()  # units that have opened lots in it
    reference: int = 0
    reference_time: int = 0
    paused_until: int = 0
    settled: bool = False
    factor: int = 10**9
    measured: int = 0
    # What waits, the earliest first: the factor, the lots measured with it, when it takes effect.
    announced: tuple[tuple[int, int, int], ...] = ()
    pool: str = "common"

    @property
    def lot_value(self) -> int:
        """Return the value of one lot at the last accepted mark."""
        return self.value_at(self.mark) if self.mark else 0

    def spares(self, unit: "Unit", time_ns: int) -> bool:
        """Return whether a grace keeps stages 1 to 3 and bids from what a unit has in the market."""
        return time_ns < self.grace_until and not (unit.bankrupt or unit.unit_id in self.grace_lost)

    def allows(self, price: int) -> bool:
        """Return whether a price lies in the market's bounds, and a lot is worth enough at it."""
        return 1 <= price <= self.max_price_ticks and abs(self.value_at(price)) >= self.least_value

    def value_at(self, price: int) -> int:
        """Return the value of one lot at a price; an inverse lot is worth less the lower the price."""
        if self.contract == "inverse":
            return -round(Fraction(self.face, price))
        return price * self.quanta_per_tick_lot


@dataclass(slots=True)
class Account:
    """Who owns units."""

    account_id: str
    owner_group: str
    role: str
    capacity: int
    hedge: bool = False
    neutral: bool = False


@dataclass(slots=True)
class Programme:
    """What a backstop takes over, and where it stands in its window and cool-down."""

    window_ns: int = 0
    window_notional: int = 0
    cool_down_ns: int = 0
    minimum_edge: int = 0
    window_start: int = 0
    window_used: int = 0
    last_step: int = 0
    last_time: int = 0

    @property
    def window_end(self) -> int:
        """Return when the running window is over."""
        return self.window_start + self.window_ns

    @property
    def cooled_down_at(self) -> int:
        """Return when another step may take over again."""
        return self.last_time + self.cool_down_ns

    def note(self, step: int, time_ns: int, notional: int) -> None:
        """Count a takeover."""
        self.last_step, self.last_time = step, time_ns
        if self.window_ns:
            if self.window_used == 0 or time_ns >= self.window_end:
                self.window_start, self.window_used = time_ns, 0
            self.window_used += notional


@dataclass(slots=True)
class Asset:
    """Collateral beside the settlement currency: its terms as they came in, and what moves."""

    asset_id: str
    price_grains: int  # a price is what so many grains are worth
    haircut: int
    discount: int
    cap: int
    max_price: int
    fund_cap: int
    price: int = 0
    price_time: int = 0
    guard: str = ""
    net_deposits: int = 0


@dataclass(slots=True)
class Leg:
    """One position and its three memos."""

    lots: int = 0
    cost: int = 0
    entry_funding: int = 0
    haircut: int = 0


@dataclass(slots=True)
class Unit:
    """A cross account, or one isolated leg."""

    unit_id: str
    account_id: str
    isolated: str = ""
    side: str = ""
    hedge: bool = False
    quote: int = 0
    bankrupt: bool = False
    deposits: int = 0
    realised: int = 0
    transfers: int = 0
    result_before: int = 0
    legs: dict[str, Leg] = field(default_factory=dict)
    leverages: dict[str, int] = field(default_factory=dict)  # by market, in ppb, where one was chosen
    debt_pools: dict[str, int] = field(default_factory=dict)  # of a flat unit, weights by pool of the fund
    filled_for: set[str] = field(default_factory=set)  # pools of the markets of its fills that no fact has told yet
    assets: dict[str, int] = field(default_factory=dict)  # grains > 0 by asset
    carried: int = 0  # what others have paid for it, for which its assets are pledged
    opened_in: set[str] = field(default_factory=set)  # markets in which those fills have opened lots

    def lots(self, leg_id: str) -> int:
        """Return the signed lots of a leg, 0 without it."""
        leg = self.legs.get(leg_id)
        return leg.lots if leg else 0

    def leg_on(self, market_id: str, side: int) -> str:
        """Return the id of the leg that holds, or would hold, one side of a market."""
        return leg_id_of(market_id, SIDES[side] if self.hedge else "")

    def lots_on(self, market_id: str, side: int) -> int:
        """Return the lots held on one side of a market, 0 if there are none."""
        return max(0, side * self.lots(self.leg_on(market_id, side)))

    def copy(self) -> "Unit":
        """Return a unit to try something on."""
        legs = {key: Leg(leg.lots, leg.cost, leg.entry_funding, leg.haircut) for key, leg in self.legs.items()}
        return Unit(
            self.unit_id,
            self.account_id,
            self.isolated,
            self.side,
            self.hedge,
            self.quote,
            self.bankrupt,
            self.deposits,
            self.realised,
            self.transfers,
            self.result_before,
            legs,
            dict(self.leverages),
            dict(self.debt_pools),
            set(self.filled_for),
            dict(self.assets),
            self.carried,
            set(self.opened_in),
        )


@dataclass(slots=True)
class Order:
    """A resting order; ``sequence`` counts the placements."""

    order_id: str
    unit_id: str
    market_id: str
    side: str
    lots: int
    price: int
    sequence: int

    @property
    def leg_id(self) -> str:
        """Return the id of the leg that the order changes."""
        return leg_id_of(self.market_id, self.side)


@dataclass(slots=True)
class World:
    """Everything that must balance together."""

    markets: dict[str, Market] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    backstops: dict[str, Programme] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    pots: dict[str, int] = field(default_factory=lambda: dict.fromkeys(POTS, 0))
    pools: dict[str, FundPool] = field(default_factory=lambda: {"common": FundPool()})
    residual: int = 0
    net_deposits: int = 0
    claims: dict[str, int] = field(default_factory=dict)
    paid_by_group: dict[str, int] = field(default_factory=dict)
    halted: bool = False
    halts: dict[str, str] = field(default_factory=dict)
    envelopes: dict[tuple[str, str], Any] = field(default_factory=dict)  # market and side
    auctions: dict[str, Any] = field(default_factory=dict)  # by unit
    waiting: bool = False
    time_ns: int = 0
    steps: int = 0
    placed: int = 0

    @property
    def is_halted(self) -> bool:
        """Return whether the domain is halted: a residual was named, or an operator has done it."""
        return self.halted or "" in self.halts

    def all_markets(self) -> list[Market]:
        """Return the markets by id."""
        return [self.markets[key] for key in sorted(self.markets)]

    def all_units(self) -> list[Unit]:
        """Return the units by id."""
        return [self.units[key] for key in sorted(self.units)]

    def role(self, unit: Unit) -> str:
        """Return the role of a unit's account."""
        return self.accounts[unit.account_id].role

    def fund_unit(self) -> Unit | None:
        """Return the cross unit of the account of role fund, if there is one."""
        for account in self.accounts.values():
            if account.role == "fund":
                return self.units[account.account_id]
        return None


def fill(unit: Unit, market: Market, lots: int, amount: int, leg_id: str = "") -> None:
    """Change a leg by signed lots for an amount received (paid: negative), funding excluded.

    Without an id it is the leg that such lots close: whatever is forced on a unit in hedge mode only ever closes.
    """
    if lots == 0:
        assert amount == 0, "money for no lots"
        return
    unit.filled_for.add(market.pool)
    funding = market.funding
    unit.quote += amount + lots * funding
    pledge(unit, amount + lots * market.lot_value)
    leg_id = leg_id or unit.leg_on(market.market_id, -sign(lots))
    leg = unit.legs.setdefault(leg_id, Leg())
    if sign(leg.lots) == -sign(lots):
        side = sign(leg.lots)
        held = abs(leg.lots)
        closed = min(abs(lots), held)
        closing_amount = signed_share(amount, closed, abs(lots))
        cost = signed_share(leg.cost, closed, held)
        entry_funding = signed_share(leg.entry_funding, closed, held)
        haircut = signed_share(leg.haircut, closed, held)
        unit.realised += closing_amount - cost - (side * closed * funding - entry_funding)
        leg.lots -= side * closed
        leg.cost -= cost
        leg.entry_funding -= entry_funding
        leg.haircut -= haircut
        lots += side * closed
        amount -= closing_amount
    if lots != 0:
        unit.opened_in.add(market.market_id)
        leg.lots += lots
        leg.cost -= amount
        leg.entry_funding += lots * funding
    if leg.lots == 0:
        del unit.legs[leg_id]


def tell_fills(world: World, time_ns: int) -> None:
    """End a fact with fills: whoever is flat after it remembers the pools of the markets that made it so.

    And whoever has opened lots in a market whose grace runs is not spared there any more.
    """
    for unit in world.units.values():
        if unit.filled_for:
            unit.debt_pools = {} if unit.legs else dict.fromkeys(unit.filled_for, 1)
            unit.filled_for = set()
        for market_id in unit.opened_in:
            market = world.markets[market_id]
            if time_ns < market.grace_until:
                market.grace_lost |= {unit.unit_id}
        unit.opened_in = set()


def pay(unit: Unit, amount: int) -> None:
    """Put money into a unit (negative: take it out) that is not the price of lots."""
    unit.quote += amount
    unit.transfers += amount
    pledge(unit, amount)


def pledge(unit: Unit, amount: int) -> None:
    """Let the assets of a bankrupt answer for what others pay for it; what it gives up itself lowers that."""
    if unit.bankrupt and unit.assets:
        unit.carried = max(0, unit.carried + amount)


def move_grains(unit: Unit, asset_id: str, grains: int) -> None:
    """Put grains of an asset into a unit (negative: take them out); nobody holds 0 of one."""
    unit.assets[asset_id] = unit.assets.get(asset_id, 0) + grains
    if unit.assets[asset_id] == 0:
        del unit.assets[asset_id]


def units_with_opening_orders(world: World) -> set[str]:
    """Return the units with an open order that could give them a leg."""
    return {order.unit_id for order in world.orders.values() if not can_only_close(order.leg_id, order.lots)}


def move(source: Unit, target: Unit, amount: int, profit: int) -> None:
    """Move money between two units, deposits with it, and so much of the source's period profit."""
    source.result_before += profit
    target.result_before -= profit
    source.quote -= amount
    source.deposits -= amount
    target.quote += amount
    target.deposits += amount


def plain(world: World) -> dict[str, Any]:
    """Return the whole state in plain dictionaries, to be compared; zero claims and zero groups are left out."""
    return {
        "units": {
            unit.unit_id: {
                "account": unit.account_id,
                "isolated": unit.isolated,
                "side": unit.side,
                "quote": unit.quote,
                "bankrupt": unit.bankrupt,
                "deposits": unit.deposits,
                "realised": unit.realised,
                "transfers": unit.transfers,
                "result_before": unit.result_before,
                "legs": {
                    key: {
                        "lots": leg.lots,
                        "cost": leg.cost,
                        "entry_funding": leg.entry_funding,
                        "haircut": leg.haircut,
                    }
                    for key, leg in unit.legs.items()
                },
                "leverages": dict(unit.leverages),
                "debt_pools": dict(unit.debt_pools),
                "assets": dict(unit.assets),
                "carried": unit.carried,
            }
            for unit in world.units.values()
        },
        "accounts": {
            account.account_id: {
                "owner_group": account.owner_group,
                "role": account.role,
                "capacity": account.capacity,
                "hedge": account.hedge,
                "neutral": account.neutral,
            }
            for account in world.accounts.values()
        },
        "backstops": {key: asdict(programme) for key, programme in world.backstops.items()},
        "markets": {
            market.market_id: {
                "mark": market.mark,
                "previous": market.previous,
                "mark_time": market.mark_time,
                "guard": market.guard,
                "funding": market.funding,
                "carry": int(market.carry * 10**9),
                "reduce_only": market.reduce_only,
                "grace_until": market.grace_until,
                "grace_lost": sorted(market.grace_lost),
                "reference": market.reference,
                "reference_time": market.reference_time,
                "paused_until": market.paused_until,
                "settled": market.settled,
                "contract": market.contract,
                "factor": market.factor,
                "measured": market.measured,
                "announced": list(market.announced),
                "pool": market.pool,
            }
            for market in world.markets.values()
        },
        "assets": {
            asset.asset_id: {
                "price": asset.price,
                "price_time": asset.price_time,
                "guard": asset.guard,
                "net_deposits": asset.net_deposits,
            }
            for asset in world.assets.values()
        },
        "orders": [
            {
                "id": order.order_id,
                "unit": order.unit_id,
                "market": order.market_id,
                "leg_side": order.side,
                "lots": order.lots,
                "price": order.price,
            }
            for order in sorted(world.orders.values(), key=lambda order: order.sequence)
        ],
        "pots": dict(world.pots),
        "pools": {
            key: {"floor": pool.floor, "samples": [list(sample) for sample in pool.samples], "paused": pool.paused}
            for key, pool in world.pools.items()
        },
        "residual": world.residual,
        "net_deposits": world.net_deposits,
        "claims": {key: claim for key, claim in world.claims.items() if claim},
        "fund_paid_by_group": {key: paid for key, paid in world.paid_by_group.items() if paid},
        "halted": world.halted,
        "halts": dict(world.halts),
        "envelopes": {"/".join(place): envelope.plain() for place, envelope in world.envelopes.items()},
        "auctions": {key: asdict(auction) for key, auction in world.auctions.items()},
        "waiting": world.waiting,
        "time_ns": world.time_ns,
        "steps": world.steps,
    }
