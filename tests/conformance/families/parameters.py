"""Parameters that a source lists: those that a preset takes over have to stand there."""

from fractions import Fraction

from deleverage.rulebook.quantities import PPB, Scale
from deleverage.rulebook.reduction import Share
from deleverage.venues.catalogue import venue
from tests.conformance.cases import Values
from tests.conformance.family import Answer, family

DYDX, VEGA = "dydx-v4", "vega"
USD = Scale(1, 0)


def liquidations(values: Values) -> Answer:
    """Return the bounds of dYdX's liquidations that the preset has."""
    law = venue(DYDX).law(USD)
    fee = Fraction(law.liquidation_fee_ppb * 10**6, PPB)
    return Answer({"max_fee_ppm": fee, "max_insurance_lost_per_block_usd": law.fund_event_cap_quanta}, DYDX)


def disposal(values: Values) -> Answer:
    """Return the share of a position that Vega's network sells at a time, as the preset has it."""
    reduction = venue(VEGA).law(USD).reduction
    assert isinstance(reduction, Share)
    return Answer({"disposal_fraction": Fraction(reduction.share_ppb, PPB)}, VEGA)


FAMILIES = (
    family(
        "bounds of liquidations",
        "",
        "max_fee_ppm max_insurance_lost_per_block_usd",
        "max_fee_ppm max_insurance_lost_per_block_usd",
        liquidations,
        None,
        fixed=True,
    ),
    family(
        "share of a disposal",
        "",
        "disposal_fraction disposal_time_step_s",
        "disposal_fraction",
        disposal,
        None,
        fixed=True,
    ),
)
