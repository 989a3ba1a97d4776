"""What common facts tell of the families: small records, below them."""

from typing import NamedTuple


class Sale(NamedTuple):
    """What became of one unhealthy unit's leg in stage 2: lots held, wanted by the rule, and sold.

    ``why`` says why no more was sold: the rule's word (``share``, ``tiers``, ``target``, ``slice``), ``empty_book`` (no
    order of the other side), ``band`` (none near enough), ``depth`` (what rests near enough is used up, or its share
    is), ``throttle`` (the step may sell no more), ``equity`` (it does not pay for more slippage); empty where the
    whole leg was sold.
    """

    unit_id: str
    market_id: str
    leg_side: str
    held_lots: int
    wanted_lots: int
    sold_lots: int
    why: str


class Passed(NamedTuple):
    """A backstop that took nothing of the lots that were left on a market and side, and why.

    ``distressed`` (bankrupt or for sale itself), ``cool_down``, ``capacity``, ``position`` (the market's bound),
    ``window``, ``edge``, ``margin``; without a unit ``no_backstop``: the domain has none.
    """

    market_id: str
    side: str
    unit_id: str
    why: str


class Breaker(NamedTuple):
    """A market's breaker after an accepted mark: what it compares with, since when, and until when nothing opens."""

    market_id: str
    reference_ticks: int
    reference_time_ns: int
    paused_until_ns: int


class Spared(NamedTuple):
    """An unhealthy unit whose leg in one market is not liquidated before ``until_ns``: the grace after a halt."""

    unit_id: str
    market_id: str
    until_ns: int


class Throttled(NamedTuple):
    """The throttle of stage 2 or 5 in one step: the stress it was asked at, its limit, and the notional done.

    ``binds``: lots are left, and what is left of the limit holds no lot of one of them.
    """

    stage: int
    stress_ppb: int
    most_quanta: int
    done_quanta: int
    binds: bool
