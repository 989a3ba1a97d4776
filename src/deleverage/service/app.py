"""The application put together: paths, who is let in, problems, and the description of it all."""

from collections.abc import Callable
from typing import Any

from litestar import Litestar, Request, Response
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.types import Scope

from deleverage import __version__
from deleverage.service.counter import Counter
from deleverage.service.description import Description
from deleverage.service.doorman import Doorman
from deleverage.service.gate import gate_of, principal_of, put_headers
from deleverage.service.meters import Meters
from deleverage.service.outcomes import problem_of
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.routes.accounts import account, accounts
from deleverage.service.routes.asyncapi import asyncapi
from deleverage.service.routes.commands import hand_in, look_up
from deleverage.service.routes.funds import funds, published_funds, reserves
from deleverage.service.routes.health import health, ready
from deleverage.service.routes.history import facts, own_facts, own_step, public_steps, step, steps, tape
from deleverage.service.routes.markets import markets
from deleverage.service.routes.marks import MARKS
from deleverage.service.routes.metrics import metrics
from deleverage.service.routes.proposals import PROPOSALS
from deleverage.service.routes.queues import buckets, buckets_ccxt, places, places_ccxt, queue
from deleverage.service.routes.rounds import ROUNDS
from deleverage.service.routes.streams import STREAMS, note_problem
from deleverage.service.routes.tickets import ticket
from deleverage.service.routes.what_if import own_what_if, plan, what_if
from deleverage.service.streams.streams import Streams
from deleverage.service.strict import MOST_BYTES
from deleverage.service.tickets import Tickets
from deleverage.service.traffic import counted_by

HANDLERS = [
    hand_in,
    look_up,
    health,
    ready,
    metrics,
    markets,
    accounts,
    account,
    buckets,
    buckets_ccxt,
    places,
    places_ccxt,
    queue,
    ticket,
    published_funds,
    funds,
    reserves,
    facts,
    own_facts,
    tape,
    public_steps,
    steps,
    step,
    own_step,
    own_what_if,
    what_if,
    plan,
    *MARKS,
    *PROPOSALS,
    *ROUNDS,
    *STREAMS,
    asyncapi,
]


def make_app(
    counter: Counter, doorman: Doorman, origins: frozenset[str] = frozenset(), streams: Streams | None = None
) -> Litestar:
    """Return the application over a counter; whoever made the counter's desk closes it.

    ``origins``: pages that may ask, as ``https://desk.example``; from a program, which sends none, all is taken.
    Without ``streams`` none can be opened.
    """
    tickets, meters = Tickets(), counter.meters
    return Litestar(
        route_handlers=HANDLERS,
        dependencies={
            "counter": Provide(lambda: counter, sync_to_thread=False),
            "principal": Provide(_principal, sync_to_thread=False),
            "tickets": Provide(lambda: tickets, sync_to_thread=False),
            "meters": Provide(lambda: meters, sync_to_thread=False),
            "streams": Provide(lambda: _there(streams), sync_to_thread=False),
        },
        guards=[gate_of(doorman, tickets, origins)],
        middleware=[counted_by(meters)],
        before_send=[put_headers],
        after_exception=[note_problem],
        exception_handlers={
            kind: _counted(meters, handler)
            for kind, handler in ((Problem, _on_problem), (HTTPException, _on_http), (Exception, _on_defect))
        },
        openapi_config=OpenAPIConfig(
            title="deleverage", version=__version__, path="/v1/openapi", render_plugins=[Description()]
        ),
        request_max_body_size=MOST_BYTES,
        logging_config=None,  # what is logged is the process's to say
    )


def _there(streams: Streams | None) -> Streams:
    if streams is None:
        raise Problem(Code.NOT_READY, "this service has no streams")
    return streams


def _principal(scope: Scope) -> Principal:
    return principal_of(ASGIConnection(scope))


def _counted(meters: Meters, problem_in: Callable[[Request[Any, Any, Any], Any], Problem]) -> Any:
    """Return a handler that counts why a request was refused, and says it."""

    def handler(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
        problem = problem_in(request, error)
        meters.refuse(problem.code)
        if isinstance(error, NotFoundException | MethodNotAllowedException):
            meters.lost(request.method, problem.code)
        return problem.response()

    return handler


def _on_problem(_: Request[Any, Any, Any], problem: Problem) -> Problem:
    return problem


def _on_http(request: Request[Any, Any, Any], error: HTTPException) -> Problem:
    """Say what the framework refused in the API's own words."""
    if isinstance(error, NotFoundException):
        return Problem(Code.NOT_FOUND, "there is no such path", path=request.url.path[:200])
    if isinstance(error, MethodNotAllowedException):
        return Problem(Code.WRONG_METHOD, "this path has other methods", method=request.method)
    if error.status_code == Code.TOO_LARGE.status:
        return Problem(Code.TOO_LARGE, "the body is too large", most=MOST_BYTES)
    extra: Any = error.extra
    faults = [str(one.get("message")) for one in extra if isinstance(one, dict)] if isinstance(extra, list) else []
    return Problem(Code.BAD_PARAMETER, str(error.detail)[:200], found="; ".join(faults)[:200])


def _on_defect(_: Request[Any, Any, Any], error: Exception) -> Problem:
    """Say what came out of the domain, or what nobody foresaw."""
    return problem_of(error)
