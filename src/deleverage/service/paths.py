"""Whose a path is, by method and path as the description of the API has them; a stream's method is STREAM.

What stands here is looked at before anything of a request is read; what it asks for is decided upon by ``access``.
"""

from deleverage.service import acts
from deleverage.service import questions as q
from deleverage.service.access import ACTS, COMMANDS, EVERYBODY, QUESTIONS, STAFF, forbidden
from deleverage.service.principals import Principal, Role
from deleverage.service.questions.previews import ApprovalsQuestion

OPEN = frozenset[Role]()
"""Nobody has to say who asks."""

PATHS: dict[str, frozenset[Role]] = {
    "GET /v1/health": OPEN,
    "GET /v1/ready": OPEN,
    "GET /v1/metrics": STAFF,
    "GET /v1/openapi": OPEN,
    "GET /v1/openapi/openapi.json": OPEN,
    "GET /v1/asyncapi.json": OPEN,
    "POST /v1/tickets": EVERYBODY,
    "POST /v1/commands": frozenset({Role.TRADER}).union(*COMMANDS.values()),
    "GET /v1/commands/{key}": QUESTIONS[q.CommandQuestion],
    "GET /v1/markets": QUESTIONS[q.MarketsQuestion],
    "GET /v1/accounts": QUESTIONS[q.AccountsQuestion],
    "GET /v1/accounts/{account}": QUESTIONS[q.AccountQuestion],
    "GET /v1/accounts/{account}/buckets": QUESTIONS[q.BucketsQuestion],
    "GET /v1/accounts/{account}/buckets/ccxt": QUESTIONS[q.BucketsQuestion],
    "GET /v1/accounts/{account}/facts": QUESTIONS[q.OwnFactsQuestion],
    "GET /v1/accounts/{account}/places": QUESTIONS[q.PlacesQuestion],
    "GET /v1/accounts/{account}/places/ccxt": QUESTIONS[q.PlacesQuestion],
    "GET /v1/accounts/{account}/steps/{seq}": QUESTIONS[q.OwnStepQuestion],
    "POST /v1/accounts/{account}/what-if": QUESTIONS[q.OwnWhatIfQuestion],
    "GET /v1/facts": QUESTIONS[q.FactsQuestion],
    "GET /v1/funds": QUESTIONS[q.PublishedFundsQuestion],
    "GET /v1/funds/now": QUESTIONS[q.FundsQuestion],
    "GET /v1/plan": QUESTIONS[q.PlanQuestion],
    "GET /v1/queues/{market}/{side}": QUESTIONS[q.QueueQuestion],
    "GET /v1/reserves": QUESTIONS[q.ReservesQuestion],
    "GET /v1/steps": QUESTIONS[q.StepsQuestion],
    "GET /v1/steps/{seq}": QUESTIONS[q.StepQuestion],
    "GET /v1/tape": QUESTIONS[q.TapeQuestion],
    "GET /v1/tape/steps": QUESTIONS[q.PublicStepsQuestion],
    "POST /v1/what-if": QUESTIONS[q.WhatIfQuestion],
    "POST /v1/marks": ACTS[acts.HandInMarks],
    "GET /v1/proposals": ACTS[acts.ListProposals],
    "POST /v1/proposals": ACTS[acts.Propose],
    "GET /v1/proposals/{proposal}": ACTS[acts.LookAtProposal],
    "DELETE /v1/proposals/{proposal}": ACTS[acts.Withdraw],
    "POST /v1/proposals/{proposal}/approval": ACTS[acts.Approve],
    "GET /v1/rounds/state": ACTS[acts.LookAtRounds],
    "GET /v1/rounds/approvals": QUESTIONS[ApprovalsQuestion],
    "POST /v1/rounds/step": ACTS[acts.StepNow],
    "GET /v1/rounds/prepared": ACTS[acts.WaitForRounds],
    "GET /v1/rounds/prepared/{round_id}": ACTS[acts.LookAtRound],
    "POST /v1/rounds/prepared/{round_id}/acknowledgement": ACTS[acts.Acknowledge],
    "POST /v1/rounds/prepared/{round_id}/refusal": ACTS[acts.Refuse],
    "STREAM /v1/streams/tape": QUESTIONS[q.TapeQuestion],
    "STREAM /v1/streams/facts": QUESTIONS[q.FactsQuestion],
    "STREAM /v1/streams/accounts/{account}/facts": QUESTIONS[q.OwnFactsQuestion],
    "STREAM /v1/streams/accounts/{account}/buckets": QUESTIONS[q.BucketsQuestion],
    "STREAM /v1/streams/rounds": ACTS[acts.WaitForRounds],
}
"""The roles that have any business at a path."""


def require_path(principal: Principal, endpoint: str) -> None:
    """Raise FORBIDDEN unless a role of the key has any business at a path."""
    if not principal.has(*PATHS.get(endpoint, ())):
        raise forbidden(principal, "no role of this key may ask that", endpoint=endpoint)
