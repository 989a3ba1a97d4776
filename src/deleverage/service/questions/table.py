"""The table of a tick: what is noted of everybody every 30 seconds, and all that is told of ranks until the next."""

from typing import NamedTuple

from deleverage.domain.domain import Domain
from deleverage.domain.standings import Standings
from deleverage.journal.journal import Journal
from deleverage.service.questions.base import Question, View
from deleverage.service.questions.funds import FundsView, funds_view

GRID_NS = 30_000_000_000


class Table(NamedTuple):
    """What was noted at a tick, behind command ``seq``. It never changes."""

    tick_ns: int
    seq: int
    standings: Standings
    funds: FundsView


def table_of(tick_ns: int, domain: Domain, journal: Journal) -> Table:
    """Return the table of a tick: one look at all, in the thread of who writes."""
    return Table(tick_ns, journal.seq, domain.standings(), funds_view(domain, journal))


class TableQuestion(Question, frozen=True, kw_only=True):
    """Something that is read from the table of the last tick, never from the state."""

    def read(self, table: Table) -> View:
        """Return what the table says; the same lines run whatever the state is."""
        raise NotImplementedError
