"""How near to being deleveraged an account is, as its owner may know it: five buckets, of the last tick of the grid.

A bucket is the fifth of the queue's lots in which a leg stood at the tick (``lights`` less 1). Neither rank nor score,
nor how long the queue is, nor when it moved within the grid, is told.
"""

from deleverage.rulebook.book import market_of
from deleverage.service.questions.base import View
from deleverage.service.questions.table import GRID_NS, Table, TableQuestion

RATINGS = ("lowest", "low", "medium", "high", "highest")


class BucketView(View, frozen=True, kw_only=True):
    """A leg's bucket: 0 is last, 4 is next; null: it was in no queue (a bankrupt's)."""

    unit: str
    leg: str
    market: str
    bucket: int | None


class BucketsView(View, frozen=True, kw_only=True):
    """The buckets of an account's legs as they were at the tick, in ns; the next one is ``grid_ns`` later."""

    account: str
    tick_ns: str
    grid_ns: str
    legs: list[BucketView]


class BucketsQuestion(TableQuestion, frozen=True, kw_only=True):
    """In which bucket is each leg of an account?"""

    account: str

    def read(self, table: Table) -> BucketsView:
        """Return what was noted at the tick. An account without legs then has none, whether there is one or not."""
        legs = [
            BucketView(unit=unit_id, leg=leg_id, market=market_of(leg_id), bucket=(None, 0, 1, 2, 3, 4)[lights])
            for unit_id, leg_id, lights in table.standings.lights_of(self.account)
        ]
        return BucketsView(account=self.account, tick_ns=str(table.tick_ns), grid_ns=str(GRID_NS), legs=legs)
