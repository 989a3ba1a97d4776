"""What takes two persons."""

from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromPath

from deleverage.service.acts import Approve, ListProposals, LookAtProposal, Propose, Withdraw
from deleverage.service.rounds.proposal import ProposalsView, ProposalView
from deleverage.service.routes.bodies import read_act
from deleverage.service.routes.commands import Given, Who


@post("/v1/proposals", status_code=201, summary="Propose a command that takes two persons")
async def propose(request: Request[Any, Any, Any], counter: Given, principal: Who) -> ProposalView:
    """Return the proposal with the hash that is approved, and what it would do now."""
    return await counter.act(principal, await read_act(request, Propose))  # type: ignore[return-value]


@get("/v1/proposals", summary="The proposals since the start")
async def listed(counter: Given, principal: Who) -> ProposalsView:
    """Return them, newest first."""
    return await counter.act(principal, ListProposals())  # type: ignore[return-value]


@get("/v1/proposals/{proposal:str}", summary="A proposal, and what it would do now")
async def proposal_of(proposal: FromPath[str], counter: Given, principal: Who) -> ProposalView:
    """Return it."""
    return await counter.act(principal, LookAtProposal(proposal=proposal))  # type: ignore[return-value]


@post("/v1/proposals/{proposal:str}/approval", status_code=200, summary="Approve what has this hash, and do it")
async def approve(
    proposal: FromPath[str], request: Request[Any, Any, Any], counter: Given, principal: Who
) -> ProposalView:
    """Return the proposal with what became of it, once that is durable."""
    act = await read_act(request, Approve, proposal=proposal)
    return await counter.act(principal, act)  # type: ignore[return-value]


@delete("/v1/proposals/{proposal:str}", status_code=200, summary="Take a proposal back")
async def withdraw(proposal: FromPath[str], counter: Given, principal: Who) -> ProposalView:
    """Return it, withdrawn."""
    return await counter.act(principal, Withdraw(proposal=proposal))  # type: ignore[return-value]


PROPOSALS = [propose, listed, proposal_of, approve, withdraw]
