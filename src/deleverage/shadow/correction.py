"""A step that was alike in part: the difference between their closes and ours, written as one movement."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from deleverage.domain.domain import Domain
from deleverage.rulebook.messages import Fill, Movement, Payment, PotChange
from deleverage.shadow.obstacles import Leg, Unfollowed, of_legs, unknown
from deleverage.shadow.pen import fill_of, write
from deleverage.shadow.shape import Close, Side


def correct(domain: Domain, closes: Sequence[Close], ours: Iterable[Movement]) -> Unfollowed | None:
    """Bring a domain in which our step has run to what they closed: the difference of both, as one movement.

    A leg that only we had closed is opened again for the same money; what it once cost is not known any more.
    """
    mine, others = _Moved(), _Moved()
    for fact in ours:
        mine.add(fact.fills, fact.payments, fact.pots)
    told = tuple(side for close in closes for side in close.fills)
    whole = Close(
        time_ns=domain.book.time_ns,
        kind="corrected",
        fills=told,
        payments=tuple(payment for close in closes for payment in close.payments),
        pots=tuple(change for close in closes for change in close.pots),
    )
    for why in (*unknown(domain.book, whole), *of_legs(domain.book, whole, mine.lots)):
        return why
    others.add([fill_of(domain.book, side) for side in told], whole.payments, whole.pots)
    return write(domain, others.less(mine, whole))


class _Moved:
    """What movements come to: lots and money per leg, money per unit, money per pot."""

    def __init__(self) -> None:
        self.lots: Counter[Leg] = Counter()
        self.money: Counter[Leg] = Counter()
        self.rest: Counter[str] = Counter()
        self.pots: Counter[str] = Counter()

    def add(self, fills: Iterable[Fill], payments: Iterable[Payment], pots: Iterable[PotChange]) -> None:
        """Add what one movement moves."""
        for fill in fills:
            leg = fill.unit_id, fill.market_id, fill.leg_side
            self.lots[leg] += fill.lots
            self.money[leg] += fill.amount_quanta
        for payment in payments:
            self.rest[payment.unit_id] += payment.amount_quanta
        for change in pots:
            self.pots[change.pot] += change.amount_quanta

    def less(self, other: "_Moved", like: Close) -> Close:
        """Return what has to be moved where the other was and this one should have been."""
        for own, taken in ((self.lots, other.lots), (self.money, other.money)):
            own.subtract(taken)
        self.rest.subtract(other.rest)
        self.pots.subtract(other.pots)
        fills = [
            Side(*leg[:2], lots, "corrected", leg[2], None, self.money[leg]) for leg, lots in self.lots.items() if lots
        ]
        for leg, lots in self.lots.items():
            self.rest[leg[0]] += 0 if lots else self.money[leg]
        payments = tuple(Payment(unit_id, amount) for unit_id, amount in self.rest.items() if amount)
        pots = tuple(PotChange(pot, amount) for pot, amount in self.pots.items() if amount)
        return replace(like, fills=tuple(fills), payments=payments, pots=pots)
