"""Places in queues: buckets for owners, exact ones for who runs the risk; both in ccxt's shape, too."""

from typing import Literal

from litestar import get
from litestar.params import FromPath

from deleverage.service.questions import BucketsQuestion, PlacesQuestion, QueueQuestion
from deleverage.service.questions.buckets import BucketsView
from deleverage.service.questions.ccxt import CcxtBucket, CcxtPlace, of_buckets, of_places
from deleverage.service.questions.places import PlacesView
from deleverage.service.routes.commands import Given, Limit, Who


@get("/v1/accounts/{account:str}/buckets", summary="How near to being deleveraged: a bucket 0-4 of the last tick")
async def buckets(account: FromPath[str], counter: Given, principal: Who) -> BucketsView:
    """Return the buckets of an account's legs."""
    return await counter.ask(principal, BucketsQuestion(account=account))  # type: ignore[return-value]


@get("/v1/accounts/{account:str}/buckets/ccxt", summary="The buckets in ccxt's shape")
async def buckets_ccxt(account: FromPath[str], counter: Given, principal: Who) -> list[CcxtBucket]:
    """Return the buckets of an account's legs, the rank being the bucket."""
    return of_buckets(await counter.ask(principal, BucketsQuestion(account=account)))  # type: ignore[arg-type]


@get("/v1/accounts/{account:str}/places", summary="Exact places of an account in the queues; the look is noted")
async def places(account: FromPath[str], counter: Given, principal: Who) -> PlacesView:
    """Return the place of each leg of an account."""
    return await counter.ask(principal, PlacesQuestion(account=account))  # type: ignore[return-value]


@get("/v1/accounts/{account:str}/places/ccxt", summary="Exact places in ccxt's shape; the look is noted")
async def places_ccxt(account: FromPath[str], counter: Given, principal: Who) -> list[CcxtPlace]:
    """Return the place of each leg of an account."""
    return of_places(await counter.ask(principal, PlacesQuestion(account=account)))  # type: ignore[arg-type]


@get("/v1/queues/{market:str}/{side:str}", summary="Who is next on one side of a market; the look is noted")
async def queue(
    market: FromPath[str], side: FromPath[Literal["long", "short"]], counter: Given, principal: Who, limit: Limit = 100
) -> PlacesView:
    """Return the front of a queue, the next one first."""
    return await counter.ask(principal, QueueQuestion(market=market, side=side, limit=limit))  # type: ignore[return-value]
