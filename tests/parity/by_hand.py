"""Books small enough to be worked out by hand, in the exact model and in the rulebook side by side."""

from typing import Any

from deleverage.rulebook import book as rulebook
from deleverage.rulebook.apply import apply
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import Invariants
from tests.commands import to_rules
from tests.model import Model
from tests.model.faults import faults
from tests.model.state import STILL
from tests.parity.compare import plain_book
from tests.parity.run import compare, submit

TIER = {
    "from_notional_quanta": 0,
    "close_out_rate_ppb": 0,
    "maintenance_rate_ppb": 10**8,
    "initial_rate_ppb": 2 * 10**8,
    "close_out_deduction_quanta": 0,
    "maintenance_deduction_quanta": 0,
    "initial_deduction_quanta": 0,
}
"""A tenth of the notional to keep a leg, a fifth to open it; takeover of bankrupts only."""

TERMS = {
    "market_id": "M",
    "quanta_per_tick_lot": 1,
    "tiers": [TIER],
    "max_lots": 1000,
    "max_price_ticks": 1000,
    "max_open_interest_lots": 1000,
    "schedule": STILL,
}

RULES = {
    "max_mark_age_ns": 0,
    "mark_band_ppb": 0,
    "min_sources": 1,
    "conversion_band_ppb": 0,
    "reduction": {"name": "share", "share_ppb": 10**9},
    "auction": {"name": "none"},
    "surplus_to_taker_ppb": 0,
    "grace_ns": 0,
    "trade_band_ppb": 0,
    "breaker_ppb": 0,
    "breaker_window_ns": 0,
    "pause_ns": 0,
    "order_band_ppb": 0,
    "liquidation_fee_ppb": 0,
    "surplus_to_fund_ppb": 0,
    "fund_inventory_cap_lots": 0,
    "shortfall_split": "maintenance",
    "funding_source": {"name": "fund-first"},
    "fund_event_cap_quanta": None,
    "fund_group_cap_quanta": None,
    "fund_market_cap_quanta": None,
    "fund_notional_cap_ppb": None,
    "policy": {"name": "queue", "ranking": "profit", "seed": 0},
    "rerank": "once",
    "trigger": {"name": "bankrupt-lots"},
    "price": {"name": "bankruptcy"},
    "may_bankrupt": False,
    "removed": [],
    "neutral_within_ppb": 0,
    "neutral_boundary": "strict",
    "haircut_claims": False,
    "loss_rule": {"name": "winners-pro-rata", "base": "unit"},
    "pace": {"name": "rounds", "most": 32},
    "reduce_throttle": [],
    "close_throttle": [],
    "manual": False,
}


class Book:
    """A domain with market M at 100; accounts with a name from h on are in hedge mode. ``switches`` replace rules."""

    def __init__(self, switches: dict[str, Any] | None = None, terms: dict[str, Any] = TERMS, **deposits: int) -> None:
        rules = RULES | (switches or {})
        self.book, self.law = rulebook.Book(), to_rules(rules)
        self.model = Model(rules | {"hash": self.law.hash()})
        self.watcher = Invariants(self.book, self.law)
        self.do("ListMarket", terms=terms)
        self.mark(100)
        for name, quanta in deposits.items():
            self.open(name, quanta)

    def open(self, name: str, quanta: int, role: str = "trader") -> None:
        """Open an account with a deposit."""
        account = {"account_id": name, "owner_group": "", "role": role, "backstop_capacity_lots": 0}
        self.do("OpenAccount", **account, hedge=role == "trader" and name >= "h")
        self.do("Deposit", unit_id=name, amount_quanta=quanta)

    def tried(self, kind: str, **fields: Any) -> str | None:
        """Return the code of a refusal; after either answer the books balance, and the rulebook has given the same.

        Where no time is given it is the book's.
        """
        command = {"kind": kind, "time_ns": self.book.time_ns} | fields
        code = self.model.submit(command)
        assert faults(self.model) == []
        told = submit(self.book, command, self.law, decide, apply, self.watcher)
        place = compare(command, code, told, plain_book(self.book), self.model.state(), self.model)
        assert place is None
        return code

    def do(self, kind: str, **fields: Any) -> None:
        """Carry out what must be accepted."""
        assert self.tried(kind, **fields) is None

    def mark(self, price: int, market_id: str = "M", sources: int = 1) -> None:
        """Propose a mark; without sources it is guarded."""
        mark = {"market_id": market_id, "price_ticks": price, "sources": sources}
        self.do("SetMarks", marks=[mark], confirmed=False)

    def trade(self, buyer: str, seller: str, lots: int, price: int = 100, market_id: str = "M") -> str | None:
        """Try a trade between ``unit`` or ``unit:side`` and return the code of a refusal."""
        (buyer_id, _, buyer_side), (seller_id, _, seller_side) = buyer.partition(":"), seller.partition(":")
        units = {"buyer_unit_id": buyer_id, "seller_unit_id": seller_id}
        sides = {"buyer_side": buyer_side, "seller_side": seller_side}
        return self.tried("Trade", market_id=market_id, lots=lots, price_ticks=price, **units, **sides)

    def order(self, order_id: str, unit: str, lots: int, price: int) -> str | None:
        """Try to rest an order of ``unit`` or ``unit:side`` and return the code of a refusal."""
        unit_id, _, side = unit.partition(":")
        fields = {"order_id": order_id, "unit_id": unit_id, "leg_side": side, "lots": lots, "price_ticks": price}
        return self.tried("PlaceOrder", market_id="M", **fields)

    def lots(self, unit_id: str) -> dict[str, int]:
        """Return the signed lots of a unit's legs."""
        legs = self.model.state()["units"][unit_id]["legs"]
        return {key: leg["lots"] for key, leg in legs.items()}

    def resting(self) -> dict[str, int]:
        """Return the lots left of each order."""
        return {order["id"]: order["lots"] for order in self.model.state()["orders"]}
