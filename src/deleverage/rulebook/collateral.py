"""What a unit must sell of its collateral, in which order, and when it may wait for a price.

A unit below zero owes money now, whatever it owns: its assets are turned into money before anybody else is asked. What
others paid for it while nobody bought (``carried``) stays owed out of the assets, which are pledged until then.

Deliberately absent: who buys, and margin (that is ``margin.margin_value``).
"""

from collections.abc import Container

from deleverage.rulebook.assets import Asset
from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.margin import equity, initial_numerator, maintenance_numerator
from deleverage.rulebook.quantities import MARGIN_SCALE, div_ceil


def needed_quanta(book: Book, unit: Unit, from_pool: bool) -> int:
    """Return the quanta that a unit's assets must bring: its shortfall, and what others carried for it; >= 0.

    Of the fund's pool (``from_pool``) only the shortfall is asked: what others carried goes to the pool itself.
    """
    return max(0, -equity(book, unit)) + (0 if from_pool else unit.carried)


def selling_order(book: Book) -> list[Asset]:
    """Return the assets in the order in which they are sold: the smallest haircut first, then by id."""
    return sorted(book.assets.values(), key=lambda asset: (asset.terms.haircut_ppb, asset.terms.asset_id))


def wanted_grains(book: Book, unit: Unit, asset: Asset, from_pool: bool) -> int:
    """Return the grains of one asset that a unit must sell at a forced conversion: what it needs, or all it has."""
    held = unit.assets.get(asset.terms.asset_id, 0)
    needed = needed_quanta(book, unit, from_pool) if held else 0
    return min(held, asset.grains_for(needed)) if needed else 0


def repaid_quanta(book: Book, unit: Unit, proceeds_quanta: int) -> int:
    """Return how much of a unit's proceeds repays what others carried: what its own shortfall leaves of them."""
    own = min(proceeds_quanta, max(0, -equity(book, unit)))
    return min(unit.carried, proceeds_quanta - own)


def awaits_price(book: Book, unit: Unit, guarded: Container[str]) -> bool:
    """Return whether a unit below zero owns assets with a guarded price that would cover it at the last one.

    It is not declared bankrupt then: a price that nobody vouches for must not cost it its positions. An asset that
    would not cover protects from nothing.
    """
    own = equity(book, unit)
    if own >= 0 or unit.bankrupt:
        return False
    waiting = (book.assets[key].proceeds(grains) for key, grains in unit.assets.items() if key in guarded)
    return own + sum(waiting) >= 0


def free_cash_quanta(book: Book, unit: Unit) -> int:
    """Return the money that is free without any collateral: equity above initial and maintenance, at least 0.

    A taker pays for collateral out of this, or what it buys would lend it the money for more. (From one tier to the
    next a requirement may fall, so the initial one of lots and open orders may lie below the maintenance of the lots.)
    """
    required = max(initial_numerator(book, unit), maintenance_numerator(book, unit))
    return max(0, equity(book, unit) - div_ceil(required, MARGIN_SCALE))
