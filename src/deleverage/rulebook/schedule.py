"""How a market's requirements follow its risk: the schedule a venue publishes, and the factor that comes out of it.

Volatility and concentration are estimates that the venue brings in; open interest is the book's own. What the law owns
is what may be made of them: one factor for all requirements of a market, within bounds, in steps, with notice.

Rules of this module: a factor is in ppb, 10^9 leaves the published table as it is; inputs are shares in ppb; whatever
is divided is rounded up, towards the higher requirement. Deliberately absent: estimators, markets, units.

Precedents: dYdX (the initial rate follows open interest between two bounds), OKX and Deribit (add-ons for large
positions), clearing houses (volatility-scaled margin with a floor, announced before it takes effect).
"""

from dataclasses import dataclass

from deleverage.rulebook.quantities import PPB, div_ceil, ratio_ceil


@dataclass(frozen=True, slots=True)
class Driver:
    """What one input does: above ``from_ppb``, each whole (10^9 ppb) of it raises the factor by ``slope_ppb``."""

    from_ppb: int = 0
    slope_ppb: int = 0

    def rise_ppb(self, input_ppb: int) -> int:
        """Return how far an input in ppb raises the factor; ppb >= 0, rounded up."""
        return div_ceil(self.slope_ppb * max(0, input_ppb - self.from_ppb), PPB)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A market's published schedule; the default never moves.

    The factor lies from ``floor_ppb`` (nothing drives) to ``cap_ppb``; one announcement moves it by at most
    ``max_step_ppb`` (0: any distance) and takes effect ``min_notice_ns`` later or after. ``volatility``,
    ``open_interest`` (as a share of the market's bound) and ``concentration`` drive the market's factor;
    ``unit_share`` raises it for a leg by its share of the open interest that was measured with the announcement.
    """

    floor_ppb: int = PPB
    cap_ppb: int = PPB
    max_step_ppb: int = 0
    min_notice_ns: int = 0
    volatility: Driver = Driver()
    open_interest: Driver = Driver()
    concentration: Driver = Driver()
    unit_share: Driver = Driver()

    def target_ppb(self, volatility_ppb: int, open_interest_ppb: int, concentration_ppb: int) -> int:
        """Return the factor that the inputs ask for, within the bounds; ppb."""
        risen = self.volatility.rise_ppb(volatility_ppb)
        risen += self.open_interest.rise_ppb(open_interest_ppb)
        risen += self.concentration.rise_ppb(concentration_ppb)
        return min(self.cap_ppb, self.floor_ppb + risen)

    def stepped_ppb(self, factor_ppb: int, target_ppb: int) -> int:
        """Return how near to the target one announcement may bring a factor; ppb."""
        if self.max_step_ppb == 0:
            return target_ppb
        return max(factor_ppb - self.max_step_ppb, min(factor_ppb + self.max_step_ppb, target_ppb))

    def leg_factor_ppb(self, factor_ppb: int, lots: int, measured_lots: int) -> int:
        """Return the factor of a leg: the market's, raised by the leg's share of the measured open interest (0: none).

        The share is rounded up to a ppb; the result never exceeds the cap. Lots are magnitudes.
        """
        if measured_lots == 0:
            return factor_ppb
        return min(self.cap_ppb, factor_ppb + self.unit_share.rise_ppb(ratio_ceil(lots, measured_lots)))


@dataclass(frozen=True, slots=True)
class Announced:
    """What waits to take effect: the factor, the open interest measured for it, and the first instant it may."""

    factor_ppb: int
    measured_lots: int
    effective_ns: int


def announced_before(announced: tuple[Announced, ...], effective_ns: int) -> tuple[Announced, ...]:
    """Return what waits and takes effect before a time: an announcement for that time replaces the others."""
    return tuple(one for one in announced if one.effective_ns < effective_ns)


def factor_before_ppb(factor_ppb: int, announced: tuple[Announced, ...], effective_ns: int) -> int:
    """Return the factor from which an announcement for a time takes its step: the one that is then in force."""
    earlier = announced_before(announced, effective_ns)
    return earlier[-1].factor_ppb if earlier else factor_ppb
