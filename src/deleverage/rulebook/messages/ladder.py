"""What facts tell of the liquidation ladder: sales into the book, and backstops that left lots to others."""

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
