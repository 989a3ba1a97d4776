"""Collateral beside the settlement currency: what is fixed about an asset, and its price.

Rules of this module:

* Amounts of an asset are whole **grains**, its smallest unit (``_grains``); they are quantities, never money.
* A price is the quanta that ``price_grains`` grains are worth: a fixed number, so that fine grains need no fractions.
* What counts as margin is rounded down, what a taker pays is rounded up: no grain is given for nothing.

Deliberately absent: who holds what (that is the unit), tiers of haircut by amount, and any conversion.
"""

from dataclasses import dataclass

from deleverage.rulebook.quantities import PPB, Scale, div_ceil, div_floor


@dataclass(frozen=True, slots=True)
class AssetTerms:
    """What is fixed about a collateral asset; ``grain`` only serves printing.

    ``haircut_ppb`` is the share that does not count as margin (Binance multi-assets: 1 - collateral rate; OKX: 1 -
    discount rate), ``cap_grains`` the most that counts for one unit, ``discount_ppb`` what a forced conversion gives
    off the index price - never more than the haircut, so that no conversion costs margin - and ``fund_cap_grains`` the
    most that the fund's unit may hold after buying (0: the fund does not buy).
    """

    asset_id: str
    price_grains: int
    haircut_ppb: int
    discount_ppb: int
    cap_grains: int
    max_price_quanta: int
    fund_cap_grains: int = 0
    grain: Scale = Scale(1, 0)


@dataclass(slots=True)
class Asset:
    """An asset's moving part. ``price_quanta`` 0: no price yet; ``guard``: why the last price was not accepted."""

    terms: AssetTerms
    price_quanta: int = 0
    price_time_ns: int = 0
    guard: str = ""
    net_deposits_grains: int = 0

    def margin_value(self, grains: int) -> int:
        """Return the quanta that grains of one unit count as margin: up to the cap, less the haircut, rounded down."""
        counted = min(grains, self.terms.cap_grains)
        return worth_floor(counted, self.price_quanta, self.terms.price_grains, PPB - self.terms.haircut_ppb)

    def proceeds(self, grains: int) -> int:
        """Return the quanta that a forced conversion of grains brings, rounded up: the takers pay the last quantum."""
        return worth_ceil(grains, self.price_quanta, self.terms.price_grains, PPB - self.terms.discount_ppb)

    def grains_for(self, quanta: int) -> int:
        """Return the least grains that are worth ``quanta`` after the discount: the last grain is sold whole."""
        kept_ppb = PPB - self.terms.discount_ppb
        return grains_worth_ceil(quanta, self.price_quanta, self.terms.price_grains, kept_ppb)

    def affordable(self, quanta: int) -> int:
        """Return the most grains whose worth after the discount is no more than ``quanta``."""
        kept_ppb = PPB - self.terms.discount_ppb
        return grains_worth_floor(quanta, self.price_quanta, self.terms.price_grains, kept_ppb)


def worth_floor(grains: int, price_quanta: int, price_grains: int, share_ppb: int) -> int:
    """Return a share of what grains are worth, in quanta, rounded down; the price is for ``price_grains`` grains."""
    return div_floor(grains * price_quanta * share_ppb, price_grains * PPB)


def worth_ceil(grains: int, price_quanta: int, price_grains: int, share_ppb: int) -> int:
    """Return a share of what grains are worth, in quanta, rounded up: whoever takes them pays the last quantum."""
    return div_ceil(grains * price_quanta * share_ppb, price_grains * PPB)


def grains_worth_ceil(quanta: int, price_quanta: int, price_grains: int, share_ppb: int) -> int:
    """Return the least grains of which a share is worth ``quanta`` or more; price and share are > 0."""
    return div_ceil(quanta * price_grains * PPB, price_quanta * share_ppb)


def grains_worth_floor(quanta: int, price_quanta: int, price_grains: int, share_ppb: int) -> int:
    """Return the most grains of which a share is worth ``quanta`` or less; price and share are > 0."""
    return div_floor(quanta * price_grains * PPB, price_quanta * share_ppb)
