"""Exact places in queues: for who runs the risk, and each look is noted."""

from deleverage.domain.domain import Domain
from deleverage.journal.journal import Journal
from deleverage.rulebook.book import market_of
from deleverage.rulebook.places import Part, Place
from deleverage.service.problems import not_found
from deleverage.service.questions.base import Question, View


class PlaceView(View, frozen=True, kw_only=True):
    """A place: rank from 1 (closed first), the tier before it, lots ahead, share of the queue's lots through itself."""

    unit: str
    market: str
    side: str
    rank: int
    tier: int
    score: str
    lots: str
    lots_ahead: str
    percentile_ppb: str
    bucket: int


class PlacesView(View, frozen=True, kw_only=True):
    """Places behind command ``seq``, at the marks of ``time_ns``."""

    seq: str
    time_ns: str
    places: list[PlaceView]


class QueueQuestion(Question, frozen=True, kw_only=True):
    """Who is in front of the queue of one side (long or short) of a market?"""

    market: str
    side: str
    limit: int

    def answer(self, domain: Domain, journal: Journal) -> PlacesView:
        """Return so many places from the front; the others are not made."""
        if self.market not in domain.book.markets or self.side not in ("long", "short"):
            raise not_found()
        places = domain.queue(self.market, self.side, Part(self.limit))
        return _view(domain, journal, [_place(self.market, self.side, place) for place in places])


class PlacesQuestion(Question, frozen=True, kw_only=True):
    """Where in the queues does an account stand?"""

    account: str

    def answer(self, domain: Domain, journal: Journal) -> PlacesView:
        """Return the place of each leg that is in a queue."""
        own = domain.own_book(self.account)
        if own is None:
            raise not_found()
        found = []
        legs = {(market_of(key), leg.lots > 0) for unit in own.units.values() for key, leg in unit.legs.items()}
        for market_id, is_long in sorted(legs):
            side = "long" if is_long else "short"
            places = domain.queue(market_id, side, Part(0, frozenset(own.units)))
            found += [_place(market_id, side, place) for place in places]
        return _view(domain, journal, found)


def _view(domain: Domain, journal: Journal, places: list[PlaceView]) -> PlacesView:
    return PlacesView(seq=str(journal.seq), time_ns=str(domain.book.time_ns), places=places)


def _place(market_id: str, side: str, place: Place) -> PlaceView:
    return PlaceView(
        unit=place.unit_id,
        market=market_id,
        side=side,
        rank=place.rank,
        tier=place.tier,
        score=place.score,
        lots=str(place.lots),
        lots_ahead=str(place.lots_ahead),
        percentile_ppb=str(place.percentile_ppb),
        bucket=place.lights - 1,
    )
