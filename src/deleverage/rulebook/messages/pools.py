"""The fund's pools: what an operator asks for, and what happens to them outside a payment.

Deposits are among the commands of money, payments among the facts of the waterfall.
"""

from dataclasses import dataclass
from typing import NamedTuple

from deleverage.rulebook.messages.commands import Command
from deleverage.rulebook.messages.facts import Fact
from deleverage.rulebook.pools import COMMON, PoolTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawFromFund(Command):
    """Take money out of a pool of the fund, never below its floor and never while somebody is owed anything."""

    amount_quanta: int
    pool_id: str = COMMON


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPool(Command):
    """Open a pool of the fund under these terms, or restate the terms of one; its memory begins anew."""

    terms: PoolTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Regroup(Command):
    """Let a pool stand for a market from now on; no money moves."""

    market_id: str
    pool_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePool(Command):
    """Move money from one pool of the fund to another: an operator's act."""

    from_pool_id: str
    to_pool_id: str
    amount_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundWithdrawn(Fact):
    """Money left a pool of the fund for good."""

    pool_id: str
    amount_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSet(Fact):
    """A pool of the fund is there under these terms; ``opened``: it was not there before."""

    terms: PoolTerms
    opened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRegrouped(Fact):
    """Another pool stands for a market."""

    market_id: str
    from_pool_id: str
    to_pool_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMoved(Fact):
    """Money moved between two pools of the fund."""

    from_pool_id: str
    to_pool_id: str
    amount_quanta: int


class PoolSwitch(NamedTuple):
    """A pool that stops or goes on paying: its cash, and its base as the exact fraction ``total / samples``."""

    pool_id: str
    paused: bool
    cash_quanta: int
    base_total_quanta: int
    base_samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolsSwitched(Fact):
    """Stage 0: these pools have fallen and stop paying, or have recovered and pay again."""

    rules_hash: str
    switches: tuple[PoolSwitch, ...]
