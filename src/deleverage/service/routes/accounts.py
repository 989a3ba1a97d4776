"""Accounts, one by one or as a list."""

from litestar import get
from litestar.params import FromPath, FromQuery

from deleverage.service.questions import AccountQuestion, AccountsQuestion
from deleverage.service.questions.accounts import AccountsView, AccountView
from deleverage.service.routes.commands import Given, Limit, Who


@get("/v1/accounts", summary="Accounts, a page at a time")
async def accounts(counter: Given, principal: Who, after: FromQuery[str] = "", limit: Limit = 100) -> AccountsView:
    """Return the accounts behind an id, by id."""
    return await counter.ask(principal, AccountsQuestion(after=after, limit=limit))  # type: ignore[return-value]


@get("/v1/accounts/{account:str}", summary="An account: units, legs, margins, orders, gates")
async def account(account: FromPath[str], counter: Given, principal: Who) -> AccountView:
    """Return an account as it stands."""
    return await counter.ask(principal, AccountQuestion(account=account))  # type: ignore[return-value]
