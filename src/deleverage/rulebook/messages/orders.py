"""Resting orders: placed, taken back, cancelled. What is left of one changes in the facts that fill it."""

from dataclasses import dataclass

from deleverage.rulebook.messages.commands import Command
from deleverage.rulebook.messages.facts import Fact, Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder(Command):
    """Rest an order (lots + buys, - sells); resting orders are the depth that liquidations sell into."""

    order_id: str
    unit_id: str
    market_id: str
    lots: int
    price_ticks: int
    leg_side: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder(Command):
    """Take a resting order back."""

    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(Fact):
    """An order rests."""

    order_id: str
    unit_id: str
    market_id: str
    lots: int
    price_ticks: int
    leg_side: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersCancelled(Movement):
    """Orders left the book: by their owner, or in stage 1 to relieve the margin they held."""

    reason: str
