"""Commands in, outcomes back."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, SkipValidation

from deleverage.service import strict
from deleverage.service.counter import Counter
from deleverage.service.principals import Principal
from deleverage.service.questions.commands import CommandView

Given = NamedDependency[SkipValidation[Counter]]
Who = NamedDependency[SkipValidation[Principal]]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="the most that come at once")]
"""How long a page may be."""


@post("/v1/commands", status_code=200, summary="Hand in a batch of commands, each under its idempotency key")
async def hand_in(request: Request[Any, Any, Any], counter: Given, principal: Who) -> dict[str, Any]:
    """Return what became of each command, once it is durable."""
    document = strict.read(await request.body())
    return {"results": await counter.submit(principal, document)}


@get("/v1/commands/{key:str}", summary="What became of a command that this key handed in")
async def look_up(key: FromPath[str], counter: Given, principal: Who) -> CommandView:
    """Return what whoever handed it in was told, but for ``again``; what was refused by the service left no trace."""
    return await counter.look_up(principal, key)  # type: ignore[return-value]
