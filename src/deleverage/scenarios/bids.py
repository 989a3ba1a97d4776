"""Bids of a scenario's frames, turned into the law's commands."""

from typing import Any

from deleverage.rulebook.messages import Bid
from deleverage.rulebook.quantities import PPB
from deleverage.scenarios.faults import Path
from deleverage.scenarios.names import Names
from deleverage.scenarios.plugs import RATE


def read_bids(names: Names, path: Path, tables: list[Any], time_ns: int) -> list[Bid]:
    """Return the bids of a list, between cross units; in hedge mode a bidder opens the side that it takes."""
    reader, bids = names.reader, []
    for at, table in enumerate(tables):
        here = (*path, at)
        known = [names.account((*here, key), table[key]) for key in ("account", "of")]
        terms = names.market((*here, "market"), table["market"])
        least_ppb = reader.units((*here, "least_discount"), table.get("least_discount", 0), RATE, 0)
        if least_ppb > PPB:
            reader.fault((*here, "least_discount"), f"is {table['least_discount']}, a share is at most 1")
        side = table.get("side", "")
        hedged = [table[key] in names.hedgers for key in ("account", "of")]
        if any(hedged) != bool(side):
            reader.fault((*here, "side"), "is needed where one of the two is in hedge mode, and only there")
        if terms is None:
            reader.number((*here, "size"), table["size"])
            continue
        lots = names.size((*here, "size"), table["size"], terms, 1)
        if not all(known):
            continue
        bids.append(
            Bid(
                time_ns=time_ns,
                unit_id=table["of"],
                bidder_unit_id=table["account"],
                market_id=terms.market_id,
                lots=lots,
                least_discount_ppb=least_ppb,
                leg_side=side if hedged[1] else "",
                bidder_side=side if hedged[0] else "",
            )
        )
    return bids
