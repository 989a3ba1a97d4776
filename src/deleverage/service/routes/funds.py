"""The fund and the reserve: as they were at the last tick for everybody, as they are for who runs the venue."""

from litestar import get

from deleverage.service.questions import FundsQuestion, PublishedFundsQuestion, ReservesQuestion
from deleverage.service.questions.funds import FundsView
from deleverage.service.questions.published import PublishedFundsView, ReservesView
from deleverage.service.routes.commands import Given, Who


@get("/v1/funds", summary="The fund at the last tick, and whether money may leave")
async def published_funds(counter: Given, principal: Who) -> PublishedFundsView:
    """Return what was noted at the tick."""
    return await counter.ask(principal, PublishedFundsQuestion())  # type: ignore[return-value]


@get("/v1/funds/now", summary="The fund as it is")
async def funds(counter: Given, principal: Who) -> FundsView:
    """Return its pools."""
    return await counter.ask(principal, FundsQuestion())  # type: ignore[return-value]


@get("/v1/reserves", summary="What the venue holds against what customers could ask for, at the last tick")
async def reserves(counter: Given, principal: Who) -> ReservesView:
    """Return the reserve ratio, and what the reserve is worth in a crash."""
    return await counter.ask(principal, ReservesQuestion(held=counter.held))  # type: ignore[return-value]
