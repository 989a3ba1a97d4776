"""Every path with the name of its operation, its body, and the reasons for which it may be refused."""

from typing import NamedTuple

from deleverage.service.problems import Code

ANY = frozenset({Code.BAD_PARAMETER, Code.FOREIGN_ORIGIN, Code.WRONG_MEDIA_TYPE, Code.DEFECT})
"""What may come of every request."""

SIGNED = ANY | {
    Code.UNSIGNED,
    Code.OUT_OF_TIME,
    Code.REPLAYED,
    Code.FORBIDDEN,
    Code.TOO_LARGE,
    Code.TOO_MANY,
}
"""What may come of every request that is signed: its body is read for that."""

ASKED = SIGNED | {Code.BUSY, Code.READ_ONLY, Code.NOT_READY, Code.UNKNOWN_OUTCOME}
"""What may come of whatever needs the domain."""

FOUND = ASKED | {Code.NOT_FOUND}
BODY = FOUND | {Code.BAD_BODY}
ROUND = BODY | {Code.CONFLICT, Code.NO_FRESH_MARK}


class Operation(NamedTuple):
    """What is known of a path and a method. ``body``: the name of the schema of what is sent; empty: nothing is."""

    name: str
    tag: str
    codes: frozenset[Code]
    body: str = ""


OPERATIONS: dict[str, Operation] = {
    "POST /v1/commands": Operation("submitCommands", "commands", BODY | {Code.NO_FRESH_MARK}, "Batch"),
    "GET /v1/commands/{key}": Operation("getCommand", "commands", FOUND),
    "GET /v1/health": Operation("getHealth", "operations", ANY),
    "GET /v1/ready": Operation("getReadiness", "operations", ANY | {Code.READ_ONLY, Code.NOT_READY}),
    "GET /v1/asyncapi.json": Operation("getStreamsDescription", "streams", ANY),
    "GET /v1/metrics": Operation("getMetrics", "operations", SIGNED | {Code.NOT_READY}),
    "GET /v1/markets": Operation("listMarkets", "markets", ASKED),
    "GET /v1/accounts": Operation("listAccounts", "accounts", ASKED),
    "GET /v1/accounts/{account}": Operation("getAccount", "accounts", FOUND),
    "GET /v1/accounts/{account}/buckets": Operation("getBuckets", "queues", FOUND),
    "GET /v1/accounts/{account}/buckets/ccxt": Operation("getBucketsCcxt", "queues", FOUND),
    "GET /v1/accounts/{account}/facts": Operation("listAccountFacts", "history", FOUND),
    "GET /v1/accounts/{account}/places": Operation("getPlaces", "queues", FOUND),
    "GET /v1/accounts/{account}/places/ccxt": Operation("getPlacesCcxt", "queues", FOUND),
    "GET /v1/accounts/{account}/steps/{seq}": Operation("getAccountStep", "history", FOUND),
    "POST /v1/accounts/{account}/what-if": Operation("tryForAccount", "what-if", BODY, "OwnWhatIf"),
    "GET /v1/facts": Operation("listFacts", "history", ASKED),
    "GET /v1/funds": Operation("getPublishedFunds", "funds", ASKED),
    "GET /v1/funds/now": Operation("getFunds", "funds", ASKED),
    "GET /v1/plan": Operation("getPlan", "what-if", ASKED),
    "GET /v1/queues/{market}/{side}": Operation("getQueue", "queues", FOUND),
    "GET /v1/reserves": Operation("getReserves", "funds", ASKED),
    "GET /v1/steps": Operation("listSteps", "history", ASKED),
    "GET /v1/steps/{seq}": Operation("getStep", "history", FOUND),
    "GET /v1/tape": Operation("getTape", "history", ASKED),
    "GET /v1/tape/steps": Operation("listPublicSteps", "history", ASKED),
    "POST /v1/tickets": Operation("createTicket", "streams", SIGNED),
    "POST /v1/what-if": Operation("tryForAll", "what-if", BODY, "WhatIf"),
    "POST /v1/marks": Operation("submitMarks", "marks", BODY | {Code.STALE}, "HandInMarks"),
    "GET /v1/proposals": Operation("listProposals", "proposals", ASKED),
    "POST /v1/proposals": Operation("propose", "proposals", BODY, "Propose"),
    "GET /v1/proposals/{proposal}": Operation("getProposal", "proposals", FOUND),
    "DELETE /v1/proposals/{proposal}": Operation("withdrawProposal", "proposals", FOUND | {Code.CONFLICT}),
    "POST /v1/proposals/{proposal}/approval": Operation(
        "approveProposal", "proposals", ROUND | {Code.SAME_PERSON}, "Approve"
    ),
    "GET /v1/rounds/state": Operation("getRoundsState", "rounds", ASKED),
    "GET /v1/rounds/approvals": Operation("listApprovals", "rounds", ASKED),
    "POST /v1/rounds/step": Operation("runStep", "rounds", ROUND, "StepNow"),
    "GET /v1/rounds/prepared": Operation("waitForRounds", "rounds", ASKED),
    "GET /v1/rounds/prepared/{round_id}": Operation("getPreparedRound", "rounds", FOUND),
    "POST /v1/rounds/prepared/{round_id}/acknowledgement": Operation(
        "acknowledgeRound", "rounds", ROUND, "Acknowledge"
    ),
    "POST /v1/rounds/prepared/{round_id}/refusal": Operation("refuseRound", "rounds", ROUND, "Refuse"),
}

TAGS = {
    "commands": "Commands of the law, in batches, each under its idempotency key.",
    "marks": "Prices from their sources.",
    "rounds": "When steps run, and plans for an outside matching engine.",
    "proposals": "What takes two persons.",
    "accounts": "Accounts, their units and legs.",
    "queues": "Who is next: buckets for owners, places for who runs the risk.",
    "markets": "Markets and their marks.",
    "funds": "The fund and the reserve.",
    "history": "What has happened, from a cursor.",
    "what-if": "What would happen.",
    "streams": "Tickets for the handshake of a stream.",
    "operations": "Whether the service lives, serves, and how it fares.",
}
