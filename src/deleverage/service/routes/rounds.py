"""Rounds: how they stand, what waits for an approval, and plans for an outside engine."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, QueryParameter

from deleverage.service.acts import Acknowledge, LookAtRound, LookAtRounds, Refuse, StepNow, WaitForRounds
from deleverage.service.acts.rounds import MOST_WAIT_S, PreparedRoundsView, SteppedView
from deleverage.service.questions.previews import ApprovalsQuestion, ApprovalsView
from deleverage.service.rounds.office import RoundsView
from deleverage.service.rounds.prepared import PreparedView
from deleverage.service.routes.bodies import read_act
from deleverage.service.routes.commands import Given, Who

Seconds = Annotated[int, QueryParameter(ge=0, le=MOST_WAIT_S, description="how long to wait for one")]


@get("/v1/rounds/state", summary="Whether steps are run, and what hinders them")
async def state(counter: Given, principal: Who) -> RoundsView:
    """Return how things stand."""
    return await counter.act(principal, LookAtRounds())  # type: ignore[return-value]


@get("/v1/rounds/approvals", summary="Bankrupt lots that wait for an approval, and under which rules")
async def approvals(counter: Given, principal: Who) -> ApprovalsView:
    """Return them by market and side."""
    return await counter.ask(principal, ApprovalsQuestion())  # type: ignore[return-value]


@post("/v1/rounds/step", status_code=200, summary="Run a step now")
async def step(request: Request[Any, Any, Any], counter: Given, principal: Who) -> SteppedView:
    """Return what became of it, once that is durable."""
    return await counter.act(principal, await read_act(request, StepNow))  # type: ignore[return-value]


@get("/v1/rounds/prepared", summary="The plans that wait for an outside matching engine")
async def prepared(counter: Given, principal: Who, wait_s: Seconds = 0) -> PreparedRoundsView:
    """Return them, once there is one."""
    return await counter.act(principal, WaitForRounds(wait_s=wait_s))  # type: ignore[return-value]


@get("/v1/rounds/prepared/{round_id:str}", summary="What became of a plan")
async def prepared_one(round_id: FromPath[str], counter: Given, principal: Who) -> PreparedView:
    """Return it as it stands, also after a restart."""
    return await counter.act(principal, LookAtRound(round=round_id))  # type: ignore[return-value]


@post("/v1/rounds/prepared/{round_id:str}/acknowledgement", status_code=200, summary="The engine has locked the plan")
async def acknowledge(
    round_id: FromPath[str], request: Request[Any, Any, Any], counter: Given, principal: Who
) -> PreparedView:
    """Return what became of it: committed, or called off."""
    return await counter.act(principal, await read_act(request, Acknowledge, round=round_id))  # type: ignore[return-value]


@post(
    "/v1/rounds/prepared/{round_id:str}/refusal", status_code=200, summary="The engine does not take part in the plan"
)
async def refuse(
    round_id: FromPath[str], request: Request[Any, Any, Any], counter: Given, principal: Who
) -> PreparedView:
    """Return it, called off."""
    return await counter.act(principal, await read_act(request, Refuse, round=round_id))  # type: ignore[return-value]


ROUNDS = [state, approvals, step, prepared, prepared_one, acknowledge, refuse]
