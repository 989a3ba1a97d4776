"""What everybody may see of the markets."""

from litestar import get

from deleverage.service.questions import MarketsQuestion
from deleverage.service.questions.markets import MarketsView
from deleverage.service.routes.commands import Given, Who


@get("/v1/markets", summary="The markets, with their marks")
async def markets(counter: Given, principal: Who) -> MarketsView:
    """Return all markets, by id."""
    return await counter.ask(principal, MarketsQuestion())  # type: ignore[return-value]
