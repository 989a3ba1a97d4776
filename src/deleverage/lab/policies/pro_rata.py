"""Pro rata: everybody pays the same share of something, up to a cap; what the capped cannot pay the others do."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from deleverage.lab.policies.fill import Fill, fill
from deleverage.lab.policies.policy import EQUITY, ONLINE, PROFIT, About, Shares, Unfit
from deleverage.lab.policies.whole import Column
from deleverage.lab.policies.winners import Winners
from deleverage.rulebook.plug import PlugFault

_NETTED = (
    "Not sybil-proof at the level of accounts: w = (10 - 6)+ = 4 in one account, 10 with its legs apart; and a profit "
    "that is realised and reopened is gone (test_pro_rata_when_legs_are_split)."
)


def shares_of(
    found: Fill, meaning: str = "share", *, scale: int | Fraction = 1, power: int = 0, note: str = ""
) -> Shares:
    """Return the shares of a fill; ``scale`` is what the weights were multiplied by to become whole."""
    level = None if found.level is None else found.level * scale
    notes = (note,) if note else ()
    return Shares(found.parts, found.rest, level, meaning, found.raised, power=power, notes=notes)


@dataclass(frozen=True, slots=True)
class WealthProRata:
    """Take the same share of everybody's gain.

    Formula: x = min(cap, h x gain) with one share h for all; without caps h = B / sum of gains.
    Who uses it: arXiv 2512.01112 eq. pro-rata; cash settlement on several on-chain venues.
    Assumes: profit is what pays; how it was made does not matter.
    """

    kind: ClassVar[str] = "wealth-pro-rata"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "arXiv 2512.01112 eq. pro-rata (as printed a factor (e)+ too many: it is x, not h); arXiv 2602.15182 Prop. 9",
        (_NETTED,),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the same share of everybody's gain, under the caps."""
        return shares_of(fill(budget, winners.gain, winners.cap, winners.order))


@dataclass(frozen=True, slots=True)
class Vmgh:
    """Haircut the gains made since the default, pro rata: variation margin gains haircutting.

    Formula: x = min(cap, f x gain), f = L / sum of gains, at most 1; ``gain`` is what was gained since the event began.
    Who uses it: recovery plans of central counterparties (ISDA 2013, CPMI-IOSCO 2014, rev. 2017).
    Assumes: only gains of the event pay, positions stay open; cash moves, no contract does.
    """

    kind: ClassVar[str] = "vmgh"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "ISDA 2013, CCP Loss Allocation at the End of the Waterfall; CPMI-IOSCO, Recovery of FMIs",
        ("Hedgers lose the gain of the hedge and keep the loss of what it hedged.",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the same share of everybody's gain since the default."""
        return shares_of(fill(budget, winners.gain, winners.cap, winners.order))


@dataclass(frozen=True, slots=True)
class EquityProRata:
    """Take by equity, of nobody more than the gain.

    Formula: x = min(cap, M x equity+), cap at most the gain and the equity; the continuous optimum of min-max.
    Who uses it: the ``eq_pr`` benchmark of arXiv 2512.01112's code; arXiv 2602.15182 (8) relaxed.
    Assumes: who has more can bear more, but collateral is protected.
    """

    kind: ClassVar[str] = "equity-pro-rata"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "arXiv 2512.01112 (code, eq_pr); arXiv 2602.15182 (8)",
        ("Idle cash raises the haircut (test_equity_pro_rata_when_idle_cash_is_added).",),
        ("equity",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the same share of everybody's equity, under caps of gain and equity."""
        equity = held(winners)
        return shares_of(fill(budget, equity, np.minimum(winners.cap, equity), winners.order))


@dataclass(frozen=True, slots=True)
class EquityUncapped:
    """Take the same share of everybody's equity, collateral included.

    Formula: x = h x equity+, h = B / sum of equities above 0, at most 1.
    Who uses it: versions 1 and 2 of arXiv 2512.01112, where the endowment is e+.
    Assumes: an account without profit pays as well as one with it.
    """

    kind: ClassVar[str] = "equity-pro-rata-uncapped"
    about: ClassVar[About] = About(
        EQUITY,
        ONLINE,
        "arXiv 2512.01112 v1, v2 (endowment e+)",
        (
            "Takes collateral of accounts that gained nothing.",
            "Idle cash raises the haircut (test_equity_pro_rata_when_idle_cash_is_added).",
        ),
        ("equity",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the same share of everybody's equity; the column ``cap`` does not bind."""
        equity = held(winners)
        return shares_of(fill(budget, equity, equity, winners.order))


@dataclass(frozen=True, slots=True)
class CappedProRata:
    """Take the same share of everybody's gain, but nobody's beyond a ceiling.

    Formula: h = min(eta, beta), x = h x gain; beta = the column ``cap`` over the gain, at most ``ceiling``, and with
    the columns ``equity`` and ``least_equity`` so small that this much equity is left. Caps are rounded down.
    Who uses it: arXiv 2512.01112 section 5 (eq. max-cap, capped-pro-rata, eta; Alg. 1).
    Assumes: a ceiling is known before the event; beyond it the venue carries the rest.
    """

    ceiling: str = "1"
    kind: ClassVar[str] = "capped-pro-rata"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "arXiv 2512.01112 section 5, Alg. 1; proposed as the only rule that is scale-invariant, monotone, sybil-proof",
        (_NETTED, "Order-preserving only where ceilings do not rise with the gain (test_capped_when_ceilings_rise)."),
    )

    def __post_init__(self) -> None:
        """Refuse a ceiling that is no share."""
        fraction_of(self, "ceiling", 0, 1)

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return one share for all who are below their ceiling."""
        most = fraction_of(self, "ceiling", 0, 1)
        caps = winners.cap
        if most < 1:
            whole = winners.gain.astype(object) * most.numerator // most.denominator
            caps = np.minimum(caps, whole if caps.dtype == object else whole.astype(np.int64))
        if "least_equity" in winners.extra:
            if winners.equity is None:
                raise Unfit("a least equity needs the column equity")
            caps = np.clip(winners.equity - winners.extra["least_equity"], 0, caps)
        return shares_of(fill(budget, winners.gain, caps, winners.order), "eta")


def held(winners: Winners) -> Column:
    """Return equities above 0."""
    assert winners.equity is not None, "checked by ask"
    return np.maximum(winners.equity, 0)


def fraction_of(policy: Any, name: str, least: int, most: int | None = None) -> Fraction:
    """Return a parameter that is written as a decimal or as a fraction; PlugFault if it is none, or out of bounds."""
    text = getattr(policy, name)
    try:
        value = Fraction(text) if type(text) is str and len(text) <= 40 and text.isascii() else None
    except (ValueError, ZeroDivisionError):
        value = None
    bounds = f"{least} to {most}" if most is not None else f"{least} and more"
    if value is None or value < least or (most is not None and value > most):
        raise PlugFault(f"{name} of {policy.kind} is {text!r}, allowed are decimals and fractions from {bounds}")
    return value
