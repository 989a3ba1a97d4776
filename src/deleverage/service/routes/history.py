"""What has happened, from a cursor: the journal, an account's own part of it, steps with their stages, the tape."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, PathParameter, QueryParameter

from deleverage.service.questions import (
    FactsQuestion,
    OwnFactsQuestion,
    OwnStepQuestion,
    PublicStepsQuestion,
    StepQuestion,
    StepsQuestion,
    TapeQuestion,
)
from deleverage.service.questions.facts import FactsView, OwnFactsView
from deleverage.service.questions.steps import OwnStepView, StepsView, WholeStepView
from deleverage.service.questions.tape import TapeView
from deleverage.service.routes.commands import Given, Limit, Who

LATEST = (1 << 63) - 1
From = Annotated[int, QueryParameter(name="from", ge=1, le=LATEST, description="the first command to look at")]
Seq = Annotated[int, PathParameter(ge=1, le=LATEST, description="the command of a step")]
Before = Annotated[int, QueryParameter(name="before", ge=1, le=LATEST, description="the command to look before")]


@get("/v1/facts", summary="The journal: commands with what they were answered with")
async def facts(counter: Given, principal: Who, first: From = 1, limit: Limit = 100) -> FactsView:
    """Return whole entries, names and all."""
    return await counter.ask(principal, FactsQuestion(from_seq=first, limit=limit))  # type: ignore[return-value]


@get("/v1/accounts/{account:str}/facts", summary="What the journal says about an account")
async def own_facts(
    account: FromPath[str], counter: Given, principal: Who, first: From = 1, limit: Limit = 100
) -> OwnFactsView:
    """Return the parts of entries that are the account's own."""
    question = OwnFactsQuestion(account=account, from_seq=first, limit=limit)
    return await counter.ask(principal, question)  # type: ignore[return-value]


@get("/v1/tape", summary="What is public: trades, marks, deleveragings; without names, and with a delay")
async def tape(counter: Given, principal: Who, first: From = 1, limit: Limit = 100) -> TapeView:
    """Return the public tape."""
    return await counter.ask(principal, TapeQuestion(from_seq=first, limit=limit))  # type: ignore[return-value]


@get("/v1/tape/steps", summary="Steps of the waterfall with their stages, without names, and with a delay")
async def public_steps(counter: Given, principal: Who, before: Before = LATEST, limit: Limit = 20) -> StepsView:
    """Return the newest that are old enough first."""
    question = PublicStepsQuestion(before_seq=before, limit=limit)
    return await counter.ask(principal, question)  # type: ignore[return-value]


@get("/v1/steps", summary="Steps of the waterfall that did something: rounds and stages")
async def steps(counter: Given, principal: Who, before: Before = LATEST, limit: Limit = 20) -> StepsView:
    """Return the newest first."""
    return await counter.ask(principal, StepsQuestion(before_seq=before, limit=limit))  # type: ignore[return-value]


@get("/v1/steps/{seq:str}", summary="A step by the number of its command, with all its facts")
async def step(seq: Seq, counter: Given, principal: Who) -> WholeStepView:
    """Return the step."""
    return await counter.ask(principal, StepQuestion(seq=seq))  # type: ignore[return-value]


@get("/v1/accounts/{account:str}/steps/{seq:str}", summary="What a step was to an account")
async def own_step(account: FromPath[str], seq: Seq, counter: Given, principal: Who) -> OwnStepView:
    """Return the account's own parts of the step."""
    return await counter.ask(principal, OwnStepQuestion(account=account, seq=seq))  # type: ignore[return-value]
