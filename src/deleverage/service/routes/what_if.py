"""What would happen: for one account on its own book, for who runs the risk on a fork of everything."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from deleverage.service import strict
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import OwnWhatIfQuestion, PlanQuestion, WhatIfQuestion
from deleverage.service.questions.own_what_if import OwnWhatIfView
from deleverage.service.questions.what_if import PlanView, WhatIfView
from deleverage.service.routes.commands import Given, Who


@post("/v1/accounts/{account:str}/what-if", status_code=200, summary="How an account would stand if ...")
async def own_what_if(
    account: FromPath[str], request: Request[Any, Any, Any], counter: Given, principal: Who
) -> OwnWhatIfView:
    """Return what own acts and other marks would come to; nothing in it hangs on another account."""
    document = _read(await request.body(), {"commands"})
    question = OwnWhatIfQuestion(account=account, commands=_documents(document["commands"]))
    return await counter.ask(principal, question)  # type: ignore[return-value]


@post("/v1/what-if", status_code=200, summary="What commands would do to everybody; the look is noted")
async def what_if(request: Request[Any, Any, Any], counter: Given, principal: Who) -> WhatIfView:
    """Return answers and health behind them, from a fork of the state."""
    document = _read(await request.body(), {"commands", "accounts"})
    accounts = document["accounts"]
    if not isinstance(accounts, list) or not all(isinstance(name, str) for name in accounts):
        raise Problem(Code.BAD_BODY, "accounts: an array of names is expected")
    question = WhatIfQuestion(commands=_documents(document["commands"]), accounts=accounts)
    return await counter.ask(principal, question)  # type: ignore[return-value]


@get("/v1/plan", summary="What the next step of the waterfall would do; the look is noted")
async def plan(counter: Given, principal: Who) -> PlanView:
    """Return the facts of a step now."""
    return await counter.ask(principal, PlanQuestion())  # type: ignore[return-value]


def _read(body: bytes, keys: set[str]) -> dict[str, Any]:
    """Return an object with exactly these keys."""
    document = strict.read(body)
    if not isinstance(document, dict) or set(document) != keys:
        raise Problem(Code.BAD_BODY, f"an object with {' and '.join(sorted(keys))} is expected")
    return document


def _documents(commands: Any) -> list[dict[str, Any]]:
    if not isinstance(commands, list) or not all(isinstance(one, dict) for one in commands):
        raise Problem(Code.BAD_BODY, "commands: an array of commands is expected")
    return commands
