"""Places in queues in the shape that users of ccxt know (``fetch_positions_adl_rank``)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from deleverage.rulebook.quantities import Scale, format_units
from deleverage.service.questions.base import View
from deleverage.service.questions.buckets import RATINGS, BucketsView, BucketView
from deleverage.service.questions.places import PlacesView, PlaceView

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CcxtRank(View, frozen=True, kw_only=True):
    """ccxt's structure: ``timestamp`` in ms, ``datetime`` in ISO 8601; ``percentage`` is a decimal text."""

    symbol: str
    rank: int | None
    rating: str | None
    percentage: str | None
    timestamp: int
    datetime: str


class CcxtBucket(CcxtRank, frozen=True, kw_only=True):
    """The rank is the bucket 0 to 4 (4 is next, as Binance's quantile), the rating its word."""

    info: BucketView


class CcxtPlace(CcxtRank, frozen=True, kw_only=True):
    """The rank counts from 1 (closed first), the percentage is of the queue's lots up to and including its own."""

    info: PlaceView


def of_buckets(view: BucketsView) -> list[CcxtBucket]:
    """Return buckets in ccxt's shape."""
    found = []
    for leg in view.legs:
        rating = None if leg.bucket is None else RATINGS[leg.bucket]
        told: dict[str, Any] = {"symbol": leg.market, "rank": leg.bucket, "rating": rating, "percentage": None}
        found.append(CcxtBucket(info=leg, **told, **_moment(int(view.tick_ns))))
    return found


def of_places(view: PlacesView) -> list[CcxtPlace]:
    """Return exact places in ccxt's shape."""
    found = []
    for place in view.places:
        percentage = format_units(int(place.percentile_ppb), Scale(1, 7))
        rating = RATINGS[place.bucket]
        told: dict[str, Any] = {"symbol": place.market, "rank": place.rank, "rating": rating, "percentage": percentage}
        found.append(CcxtPlace(info=place, **told, **_moment(int(view.time_ns))))
    return found


def _moment(time_ns: int) -> dict[str, Any]:
    milliseconds = time_ns // 1_000_000
    moment = (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")
    return {"timestamp": milliseconds, "datetime": moment.replace("+00:00", "Z")}
