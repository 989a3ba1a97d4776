"""dYdX v4: when an account may be offset, at which amount, and what an offset leaves on both sides.

Source: github.com/dydxprotocol/v4-chain (84d4664b), protocol/x/clob/keeper/liquidations.go and deleveraging.go. Money
is in quote quantums, sizes in base quantums (long +); NNV is the net notional value (floor), MMR the maintenance
requirement (ceil), TNC the cash plus all NNV, TMMR the sum of all MMR.
"""

from fractions import Fraction
from typing import NamedTuple

from deleverage.rulebook.quantities import sign
from deleverage.venues.formulas.exact import Refused, ceil, floor

PPM = 1_000_000


class Terms(NamedTuple):
    """A market: quote quantums per base quantum, and the two requirements in parts per million of the notional."""

    price: Fraction
    initial_ppm: int
    maintenance_ppm: int


class Account(NamedTuple):
    """A subaccount: cash in quote quantums, signed; base quantums by market, signed."""

    cash: int
    positions: dict[str, int]


Markets = dict[str, Terms]


def collateral(account: Account, markets: Markets) -> int:
    """Return TNC in quote quantums: cash plus the notional of each position, each rounded down."""
    return account.cash + sum(floor(size * markets[name].price) for name, size in account.positions.items())


def maintenance(account: Account, markets: Markets) -> int:
    """Return TMMR in quote quantums: each position's requirement, rounded up."""
    return sum(
        _required(size, markets[name], markets[name].maintenance_ppm) for name, size in account.positions.items()
    )


def initial(account: Account, markets: Markets) -> int:
    """Return the initial requirement in quote quantums: each position's, rounded up."""
    return sum(_required(size, markets[name], markets[name].initial_ppm) for name, size in account.positions.items())


def _required(size: int, terms: Terms, rate_ppm: int) -> int:
    return ceil(Fraction(abs(floor(size * terms.price)) * rate_ppm, PPM))


def fund_delta_is_valid(balance: int, delta: int) -> bool:
    """Return whether the insurance fund can book a change (quote quantums, paid out: negative): all of it or nothing.

    ``delta >= 0 or balance + delta >= 0``: the fund may reach exactly 0.
    """
    return delta >= 0 or balance + delta >= 0


def can_deleverage(collateral_quantums: int, in_final_settlement: bool) -> tuple[bool, bool]:
    """Return whether the account may be offset at its bankruptcy price, and whether at the oracle price.

    The first iff TNC < 0, strictly; the second iff TNC >= 0 and the market is in final settlement.
    """
    return collateral_quantums < 0, collateral_quantums >= 0 and in_final_settlement


def bankruptcy_amount(account: Account, markets: Markets, name: str, delta: int) -> int:
    """Return the quote quantums that the account receives (pays: negative) for a change of its position to be neutral.

    ``-dNNV - floor(TNC x |dMMR| / TMMR)``: its collateral is shared over the positions by maintenance. The floor leaves
    the last quantum with the liquidated account; the law leaves it with nobody, because it splits the debt once.
    Refused: a change that is 0, does not reduce, or is larger than the position.
    """
    held = account.positions.get(name, 0)
    if delta == 0 or sign(delta) != -sign(held) or abs(delta) > abs(held):
        raise Refused(f"{delta} does not reduce a position of {held}")
    terms = markets[name]
    notional = floor((held + delta) * terms.price) - floor(held * terms.price)
    margin = abs(_required(held + delta, terms, terms.maintenance_ppm) - _required(held, terms, terms.maintenance_ppm))
    return -notional - floor(Fraction(collateral(account, markets) * margin, maintenance(account, markets)))


def fillable_price(account: Account, markets: Markets, name: str, adjustment_ppm: int, spread_ppm: int) -> Fraction:
    """Return the price at which a liquidation order is placed, in quote quantums per base quantum, exact.

    ``(NNV - ABR x SMMR x MMR) / size`` of the position, with ``ABR = min(1, max(0, adjustment x (1 - TNC / TMMR)))``.
    """
    size = account.positions[name]
    health = 1 - Fraction(collateral(account, markets), maintenance(account, markets))
    bankruptcy_share = min(Fraction(1), max(Fraction(0), Fraction(adjustment_ppm, PPM) * health))
    margin = _required(size, markets[name], markets[name].maintenance_ppm)
    spread = bankruptcy_share * Fraction(spread_ppm, PPM) * margin
    return (floor(size * markets[name].price) - spread) / size


def booked(account: Account, name: str, delta: int, amount: int) -> Account:
    """Return an account after a change of its position for an amount received; a position of 0 is gone."""
    size = account.positions.get(name, 0) + delta
    rest = {key: held for key, held in account.positions.items() if key != name}
    return Account(account.cash + amount, rest | ({name: size} if size else {}))


def may_become(before: Account, after: Account, markets: Markets) -> bool:
    """Return whether a change of an account's state is allowed: it meets its initial requirement, or gets no worse.

    No worse: its maintenance does not rise, and TNC over TMMR does not fall (compared crosswise, no rounding).
    """
    if collateral(after, markets) >= initial(after, markets):
        return True
    old, new = maintenance(before, markets), maintenance(after, markets)
    return new <= old and collateral(after, markets) * old >= collateral(before, markets) * new


class Offset(NamedTuple):
    """What a walk over counterparties leaves; a maker that was passed over is None, ``remaining`` is signed."""

    liquidated: Account
    makers: tuple[Account | None, ...]
    remaining: int


def offset(liquidated: Account, makers: tuple[Account, ...], markets: Markets, name: str, size: int) -> Offset:
    """Return the state after up to ``size`` base quantums (magnitude) were offset against makers in their order.

    Each gives what it has on the other side, at the bankruptcy amount; whoever may not get into the state that would
    follow is passed over.
    """
    left = min(size, abs(liquidated.positions[name]))
    side = sign(liquidated.positions[name])
    found: list[Account | None] = []
    for maker in makers:
        lots = min(left, max(0, -side * maker.positions.get(name, 0)))
        if lots == 0:
            found.append(None)
            continue
        amount = bankruptcy_amount(liquidated, markets, name, -side * lots)
        theirs, ours = booked(maker, name, side * lots, -amount), booked(liquidated, name, -side * lots, amount)
        if not (may_become(maker, theirs, markets) and may_become(liquidated, ours, markets)):
            found.append(None)
            continue
        found.append(theirs)
        liquidated, left = ours, left - lots
    return Offset(liquidated, tuple(found), side * left)
