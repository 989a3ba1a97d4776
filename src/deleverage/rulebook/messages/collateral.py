"""Collateral beside the settlement currency: its commands and its facts.

A conversion is a fact with two legs: grains of an asset one way, quanta the other, at a named price. Both sum to zero.
"""

from dataclasses import dataclass
from typing import NamedTuple

from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.messages.commands import Command
from deleverage.rulebook.messages.facts import Fact, Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAsset(Command):
    """Accept an asset as collateral under these terms."""

    terms: AssetTerms


class AssetPriceUpdate(NamedTuple):
    """A proposed index price: the quanta that ``price_grains`` grains are worth, and how many sources say so."""

    asset_id: str
    price_quanta: int
    sources: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAssetPrices(Command):
    """Propose index prices as one set; ``confirmed``: an operator vouches for them, guards do not apply."""

    prices: tuple[AssetPriceUpdate, ...]
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositAsset(Command):
    """Bring an asset in from outside; grains > 0."""

    unit_id: str
    asset_id: str
    amount_grains: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawAsset(Command):
    """Take an asset out that the unit's requirement does not need."""

    unit_id: str
    asset_id: str
    amount_grains: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Convert(Command):
    """Sell grains of a unit to a taker at a price both agreed upon, within the band around the index."""

    unit_id: str
    asset_id: str
    amount_grains: int
    taker_unit_id: str
    price_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetListed(Fact):
    """An asset is accepted as collateral."""

    terms: AssetTerms


class AssetPriceSet(NamedTuple):
    """One accepted (``guard`` empty) or guarded index price, with the price before it."""

    asset_id: str
    price_quanta: int
    before_quanta: int
    guard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetPricesSet(Fact):
    """One set of index prices, accepted and guarded ones together; no equity hangs on them."""

    prices: tuple[AssetPriceSet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetIn(Fact):
    """Grains came in from outside."""

    unit_id: str
    asset_id: str
    amount_grains: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetOut(Fact):
    """Grains left."""

    unit_id: str
    asset_id: str
    amount_grains: int


class AssetFill(NamedTuple):
    """One side of a conversion: grains received (given: negative); the money stands in the fact's payments and pots."""

    unit_id: str
    grains: int
    part: str  # seller, taker, fund (its unit receives, its pool pays)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion(Movement):
    """The common anatomy of conversions: one asset at one price, its grains sum to zero like the money."""

    asset_id: str
    price_quanta: int
    assets: tuple[AssetFill, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted(Conversion):
    """A voluntary conversion between two units."""


class CollateralSeller(NamedTuple):
    """Why a unit had to sell and what became of it; ``repaid_quanta`` of the money went to the fund's pool."""

    unit_id: str
    equity_before_quanta: int
    carried_before_quanta: int
    sold_grains: int
    money_quanta: int
    repaid_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralSold(Conversion):
    """A forced conversion at the index price less the discount, before anybody is declared bankrupt."""

    rules_hash: str
    discount_ppb: int
    sellers: tuple[CollateralSeller, ...]
