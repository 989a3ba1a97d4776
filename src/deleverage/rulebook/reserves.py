"""What a fund's reserve is worth in a crash, and what a venue holds against what it owes: two published indicators.

Both are pure functions with integers in and out; neither moves money nor belongs to a conservation sum. A pool pays
from its cash and from nothing else: assets are worth something here, and pay nothing before they are sold.

Deliberately absent: holdings in the book. They are handed in as records, and so is what the venue really holds.
"""

from collections.abc import Iterable
from typing import NamedTuple

from deleverage.rulebook.book import Book
from deleverage.rulebook.margin import equity
from deleverage.rulebook.quantities import PPB, share_floor


class Holding(NamedTuple):
    """An asset of a reserve: whole units of it, what one is worth in quanta, and what a crash does to it.

    ``haircut_ppb`` is what selling it costs, ``wrong_way_ppb`` what it loses because it falls together with the
    positions that the fund stands for (0: independent, 10^9: worthless just then), ``liquidation_ns`` how long it takes
    to sell. Cash is a holding at 1 quantum with none of them.
    """

    asset_id: str
    amount_units: int
    price_quanta: int
    haircut_ppb: int = 0
    wrong_way_ppb: int = 0
    liquidation_ns: int = 0


class ReserveValue(NamedTuple):
    """What a reserve can pay within a horizon, per asset and in sum; ``face_quanta``: at the prices, uncut."""

    value_quanta: int
    face_quanta: int
    assets: tuple[tuple[str, int], ...]
    too_slow: tuple[str, ...]  # assets that cannot be sold in time: they count 0


class ReserveRatio(NamedTuple):
    """Assets over liabilities of one currency as of fact ``seq``; ``ratio_ppb`` rounded down, None: nothing is owed."""

    currency: str
    assets_quanta: int
    liabilities_quanta: int
    ratio_ppb: int | None
    seq: int


def reserve_value_floor(holdings: Iterable[Holding], available_ns: int) -> ReserveValue:
    """Return what a reserve can pay within ``available_ns``, in quanta; every asset rounded down once.

    value = floor(units x price x (10^9 - haircut) x (10^9 - wrong way) / 10^18), 0 if ``liquidation_ns`` is longer than
    there is time. Raises ValueError for a negative number or a share above 10^9.
    """
    face, assets, too_slow = 0, [], []
    for holding in sorted(holdings):
        shares = (holding.haircut_ppb, holding.wrong_way_ppb)
        if min(holding[1:]) < 0 or max(shares) > PPB:
            raise ValueError(f"{holding} has a negative number, or a share above {PPB} ppb")
        worth = holding.amount_units * holding.price_quanta
        face += worth
        if holding.liquidation_ns > available_ns:
            too_slow.append(holding.asset_id)
            continue
        left = (PPB - holding.haircut_ppb) * (PPB - holding.wrong_way_ppb)
        assets.append((holding.asset_id, share_floor(worth, left, PPB * PPB)))
    return ReserveValue(sum(value for _, value in assets), face, tuple(assets), tuple(too_slow))


def reserve_ratio_floor(book: Book, currency: str, assets_quanta: int) -> ReserveRatio:
    """Return assets over customer liabilities as of the book's last fact; ``assets_quanta`` is what is really held.

    Liabilities are what customers could ask for: the positive equities of every unit but the fund's, and the claims. A
    negative equity is nobody's asset. The book says what should be held, ``net_deposits_quanta``; what is held it
    cannot know. Raises ValueError where assets are negative.
    """
    customers = (unit for unit in book.units.values() if book.role(unit) != "fund")
    liabilities = sum(max(0, equity(book, unit)) for unit in customers) + sum(book.claims.values())
    return ratio_floor(currency, assets_quanta, liabilities, book.seq)


def ratio_floor(currency: str, assets_quanta: int, liabilities_quanta: int, seq: int) -> ReserveRatio:
    """Return assets over liabilities that somebody has added up; ValueError where assets are negative."""
    if assets_quanta < 0:
        raise ValueError(f"assets of {assets_quanta} quanta")
    ratio = share_floor(assets_quanta, PPB, liabilities_quanta) if liabilities_quanta else None
    return ReserveRatio(currency, assets_quanta, liabilities_quanta, ratio, seq)
