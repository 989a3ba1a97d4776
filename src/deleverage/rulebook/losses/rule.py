"""What a loss rule is: asked about a loss that no lots carry, it says who may bear it - and nothing else.

A rule is a frozen record that sees a ``Loss`` and no book. It answers with one ``Share`` per unit: a weight, and the
quanta it can bear at most. The one splitting function does the rest, so that a rule can neither lose a quantum nor
take more than a unit has. ``a | b`` asks ``b`` about what ``a`` leaves; what the last one leaves is stage 7's.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, NamedTuple

from deleverage.rulebook.apportion import Share
from deleverage.rulebook.plug import name_of, require_parts


class Bearer(NamedTuple):
    """A solvent unit as stage 6 finds it; money in quanta, lots >= 0. Units wholly behind guarded marks are no bearers.

    Gains are those of the legs when the step began, gains at guarded marks left out and losses there counted;
    ``taken_quanta`` is what stages 5 and 6 of this step have taken since. ``long_lots`` and ``short_lots`` are held in
    the market of the loss, 0 where the loss has none.
    """

    unit_id: str
    role: str  # trader, fund, backstop
    flat: bool
    equity_quanta: int  # now, signed
    certain_quanta: int  # the equity without gains at guarded marks, signed
    net_gain_quanta: int  # of all legs together, signed
    leg_gains_quanta: int  # of the winning legs only, >= 0
    variation_quanta: int  # gain since the mark before, of all legs together, signed
    period_profit_quanta: int  # now, since the period began, without open gains at guarded marks, signed
    taken_quanta: int
    long_lots: int
    short_lots: int


class Loss(NamedTuple):
    """A debt without lots, quanta > 0, and the units there are; ``market_id`` and ``side`` name the pool that left it.

    They are empty where a rule is asked about all debts together. ``side`` is that of the bankrupts: long or short.
    """

    debt_quanta: int
    market_id: str
    side: str
    bearers: tuple[Bearer, ...]


class LossRule(ABC):
    """Who bears a loss that no lots carry any more."""

    __slots__ = ()
    kind: ClassVar[str]
    per_pool: ClassVar[bool] = False  # asked pool by pool (market and side of the bankrupts), not about all together
    touches_flat: ClassVar[bool] = False  # may name units without any leg: whoever holds nothing, pays

    @abstractmethod
    def shares(self, loss: Loss) -> list[Share]:
        """Return who bears the loss, each with a weight and a cap: quanta from 0 to its equity."""

    def in_order(self) -> "Iterator[LossRule]":
        """Yield the rules that are asked, one after the other."""
        yield self

    def __or__(self, other: "LossRule") -> "LossRule":
        """Return the rule that asks ``other`` about what this one leaves."""
        return InOrder((*self.in_order(), *other.in_order()))


@dataclass(frozen=True, slots=True)
class InOrder(LossRule):
    """Ask several rules, each about what those before it have left; written ``a | b``.

    Formula: the debts of the next rule are what the one before could not carry; the rest of the last one is residual.
    Who uses it: Injective (profits, then payouts), MCDEX v3 (positions, then flat accounts).
    Assumes: whoever stands first is meant to be exhausted before the next one pays anything.
    """

    of: tuple[LossRule, ...]
    kind: ClassVar[str] = "in-order"

    def __post_init__(self) -> None:
        """Refuse anything but loss rules."""
        require_parts(self, self.of, LossRule)

    def in_order(self) -> Iterator[LossRule]:
        """Yield the parts, those of a combination within it in its place."""
        for part in self.of:
            yield from part.in_order()

    def shares(self, loss: Loss) -> list[Share]:
        """Return the shares of the first part: the others are asked about what it leaves."""
        return next(self.in_order()).shares(loss)


class LossFault(Exception):
    """A loss rule gave back unlawful shares; nothing was changed."""


def ask(rule: LossRule, loss: Loss) -> list[Share]:
    """Return a rule's shares of weight > 0 if they are lawful; whatever else it answers is a LossFault.

    Its code is never trusted: the answer is read no further than there are bearers, and only exact types are let in.
    """
    most = len(loss.bearers)
    try:
        shares = [Share(*share) for share in islice(iter(rule.shares(loss)), most + 1)]
    except Exception as error:
        raise LossFault(f"{name_of(rule)} failed: {type(error).__name__}: {error}") from error
    if len(shares) > most:
        raise LossFault(f"{name_of(rule)} names more than {most} units, so many can bear something")
    bearers = {bearer.unit_id: bearer for bearer in loss.bearers}
    for unit_id, weight, cap in shares:
        bearer = bearers.pop(unit_id, None) if type(unit_id) is str else None
        if bearer is None:
            raise LossFault(f"{name_of(rule)} charges {unit_id!a}, who cannot bear anything or was named twice")
        if bearer.flat and not rule.touches_flat:
            raise LossFault(f"{name_of(rule)} charges {unit_id}, who holds nothing, and does not say so")
        if type(weight) is not int or weight < 0:
            raise LossFault(f"{name_of(rule)} gives {unit_id} a weight of {weight!a}, no whole number from 0")
        own = max(0, bearer.equity_quanta)
        if type(cap) is not int or not 0 <= cap <= own:
            raise LossFault(f"{name_of(rule)} lets {unit_id} bear {cap!a} quanta, it has {own}")
    return [share for share in shares if share.weight]
