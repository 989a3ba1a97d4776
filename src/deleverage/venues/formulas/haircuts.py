"""Losses that are cut from gains or from withdrawals: Injective, Paradex, Vertex.

Sources: InjectiveFoundation/injective-core (c7b042e2), keeper/markets_settlement.go; tradeparadex/paradex-docs
(9b82a75a), risk; vertex-protocol/vertex-contracts (e1381815), PerpEngine.sol.
"""

from fractions import Fraction

from deleverage.rulebook.apportion import Share, apportion
from deleverage.venues.formulas.exact import Refused

FEE_OF_TABLE, FEE_OF_TEXT = Fraction(50, 100), Fraction(70, 100)
"""Paradex: the liquidation fee that its table is computed with, and the one that its text states."""
STEP = Fraction(20, 100)
LIQUIDATED_BELOW = Fraction(90, 100)


def injective_entries(
    deficit: Fraction, entries: list[Fraction], sizes: list[Fraction], settle: Fraction
) -> list[Fraction]:
    """Return the entry prices that cut every profit by the same share.

    ``deficit x (settle - entry) / profits + entry``. Sizes are signed, longs +. Exact; who is in loss keeps the entry.
    Refused where the profits do not reach.
    """
    gains = [max(Fraction(0), size * (settle - entry)) for entry, size in zip(entries, sizes, strict=True)]
    if deficit > sum(gains):
        raise Refused("profits are less than the deficit: the next level cuts payouts")
    moved = [
        deficit * (settle - entry) / sum(gains) if gain else Fraction(0)
        for entry, gain in zip(entries, gains, strict=True)
    ]
    return [entry + move for entry, move in zip(entries, moved, strict=True)]


def injective_haircuts(deficit: int, gains: list[int]) -> list[int]:
    """Return what each profit gives up in whole units of money: largest remainders (the law's split)."""
    shares = [Share(f"{place:09d}", max(0, gain), max(0, gain)) for place, gain in enumerate(gains)]
    return [part for _, part in sorted(apportion(deficit, shares).parts.items())]


def withdrawal_share(bad_debt: Fraction, deposits: Fraction, text: str = "formula") -> Fraction:
    """Return the share that every withdrawal pays (Paradex), exact.

    ``bad debt / (deposits + bad debt)`` by the formula: assets of 4,000 against claims of 5,000 then last exactly. By
    the page's own example ``bad debt / deposits``, which takes too much: switch ``text`` "formula" or "example".
    """
    return bad_debt / (deposits + bad_debt if text == "formula" else deposits)


def after_share(
    value: Fraction, margin: Fraction, share: Fraction, rate: Fraction = FEE_OF_TABLE
) -> tuple[Fraction, Fraction]:
    """Return account value and maintenance after a share of an account was liquidated (Paradex), exact.

    The fee is ``margin x share x rate``; the rate is 50 % in the page's table and 70 % in its text.
    """
    return value - margin * share * rate, margin * (1 - share)


def least_share(value: Fraction, margin: Fraction, rate: Fraction = FEE_OF_TABLE) -> Fraction:
    """Return the least multiple of 20 % after which maintenance lies below 90 % of the account value; else 1."""
    for steps in range(1, 5):
        left, required = after_share(value, margin, steps * STEP, rate)
        if required < LIQUIDATED_BELOW * left:
            return steps * STEP
    return Fraction(1)


def charge_per_lot(loss: Fraction, open_interest_one_side: Fraction) -> Fraction:
    """Return what every lot of both sides is charged (Vertex): ``loss / open interest / 2``, exact.

    Refused without open interest: there the venue's division fails and the bankruptcy cannot be ended.
    """
    if open_interest_one_side == 0:
        raise Refused("there is no open interest to charge")
    return loss / open_interest_one_side / 2
