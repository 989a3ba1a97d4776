"""Marks in."""

from typing import Any

from litestar import Request, post

from deleverage.service.acts import HandInMarks
from deleverage.service.rounds.intake import MarksView
from deleverage.service.routes.bodies import read_act
from deleverage.service.routes.commands import Given, Who


@post("/v1/marks", status_code=200, summary="Hand in the prices of a source")
async def marks_in(request: Request[Any, Any, Any], counter: Given, principal: Who) -> MarksView:
    """Return what became of them, once that is durable."""
    return await counter.act(principal, await read_act(request, HandInMarks))  # type: ignore[return-value]


MARKS = [marks_in]
