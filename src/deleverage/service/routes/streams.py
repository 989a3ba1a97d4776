"""Streams: WebSockets that are told what becomes durable. A refused handshake is answered as a request would be."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import websocket
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.params import FromPath, SkipValidation
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from deleverage.service.acts import WaitForRounds
from deleverage.service.outcomes import problem_of
from deleverage.service.problems import MEDIA_TYPE, Code, Problem
from deleverage.service.questions import BucketsQuestion, FactsQuestion, OwnFactsQuestion, TapeQuestion
from deleverage.service.routes.commands import Given, Who
from deleverage.service.streams.channels import Channel
from deleverage.service.streams.client import Client
from deleverage.service.streams.follow import follow
from deleverage.service.streams.past import Past
from deleverage.service.streams.rounds import tell_rounds
from deleverage.service.streams.streams import GONE, Streams
from deleverage.service.streams.wire import Socket

Open = NamedDependency[SkipValidation[Streams]]
LATEST = (1 << 63) - 1
_WHY, _DENIAL = "deleverage.problem", "websocket.http.response"
_NUMBER = re.compile("[1-9][0-9]{0,18}")


async def note_problem(error: Exception, scope: Scope) -> None:
    """Keep why a handshake is refused: the framework itself would only say that it is."""
    if scope["type"] == ScopeType.WEBSOCKET and not isinstance(error, GONE):
        scope["state"][_WHY] = problem_of(error)


def denying(app: ASGIApp) -> ASGIApp:
    """Return an application that answers a refused handshake with its problem."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        accepted = _DENIAL not in (scope.get("extensions") or {})

        async def answered(message: Message) -> None:
            nonlocal accepted
            accepted = accepted or message["type"] == "websocket.accept"
            problem = scope["state"].get(_WHY)
            if message["type"] == "websocket.close" and problem and not accepted:
                for part in _denial(problem):
                    await send(part)
            else:
                await send(message)

        await app(scope, receive, answered)

    return answering


def _denial(problem: Problem) -> list[Any]:
    headers = [(b"content-type", MEDIA_TYPE.encode("ascii"))]
    if problem.retry_s is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_s))
    return [
        {"type": f"{_DENIAL}.start", "status": problem.code.status, "headers": headers},
        {"type": f"{_DENIAL}.body", "body": msgspec.json.encode(problem.document())},
    ]


@websocket("/v1/streams/tape", middleware=[denying])
async def tape_stream(socket: Socket, counter: Given, principal: Who, streams: Open) -> None:
    """Tell what is public, with the delay of the tape."""
    first = await first_of(socket, streams)
    await counter.require(principal, TapeQuestion(from_seq=1, limit=1))
    await streams.hub.tape.find()
    past = Past(streams.hub, counter, principal, TapeQuestion, "")
    await streams.run(socket, principal, _following(streams, streams.hub.tape.channel, past, first))


@websocket("/v1/streams/facts", middleware=[denying])
async def facts_stream(socket: Socket, counter: Given, principal: Who, streams: Open) -> None:
    """Tell the journal, names and all."""
    first = await first_of(socket, streams)
    await counter.require(principal, FactsQuestion(from_seq=1, limit=1))
    past = Past(streams.hub, counter, principal, FactsQuestion, "")
    await streams.run(socket, principal, _following(streams, streams.hub.whole, past, first))


@websocket("/v1/streams/accounts/{account:str}/facts", middleware=[denying])
async def own_stream(socket: Socket, account: FromPath[str], counter: Given, principal: Who, streams: Open) -> None:
    """Tell the parts of the journal that are the account's own."""
    first = await first_of(socket, streams)
    await counter.ask(principal, OwnFactsQuestion(account=account, from_seq=LATEST, limit=1))  # is there one?
    past = Past(streams.hub, counter, principal, OwnFactsQuestion, account)
    await streams.run(socket, principal, _following(streams, streams.hub.own(account), past, first))


@websocket("/v1/streams/accounts/{account:str}/buckets", middleware=[denying])
async def buckets_stream(socket: Socket, account: FromPath[str], counter: Given, principal: Who, streams: Open) -> None:
    """Tell the buckets of an account at each tick of the grid."""
    await counter.ask(principal, BucketsQuestion(account=account))

    async def tell(client: Client) -> None:
        await streams.ticks.join(account, client)
        try:
            await client.live()
        finally:
            streams.ticks.leave(account, client)

    await streams.run(socket, principal, tell)


@websocket("/v1/streams/rounds", middleware=[denying])
async def rounds_stream(socket: Socket, counter: Given, principal: Who, streams: Open) -> None:
    """Tell the plans that wait for an outside engine, and what becomes of them."""
    await counter.act(principal, WaitForRounds())
    assert counter.office is not None  # or there was no act
    outside = counter.office.outside
    if outside is None:
        raise Problem(Code.NOT_READY, "plans lie on another machine: GET /v1/rounds/prepared waits for them")
    await streams.run(socket, principal, lambda client: tell_rounds(client, counter, outside))


async def first_of(socket: Socket, streams: Streams) -> int:
    """Return the first command that a client wants, 0: the next one; BAD_PARAMETER where there is none such yet."""
    given = socket.query_params.getall("from", [])
    if not given:
        return 0
    if len(given) > 1 or _NUMBER.fullmatch(given[0]) is None or int(given[0]) > LATEST:
        raise Problem(Code.BAD_PARAMETER, "from: the number of a command", found=ascii(given[0])[:80])
    first = int(given[0])
    if not await streams.hub.feed.reaches(first - 1):
        last = streams.hub.feed.last_seq
        raise Problem(Code.BAD_PARAMETER, "from: behind the end of the journal", found=first, end=last)
    return first


def _following(streams: Streams, channel: Channel, past: Past, first: int) -> Callable[[Client], Awaitable[None]]:
    async def tell(client: Client) -> None:
        try:
            await follow(client, streams.hub, channel, past, first)
        finally:
            streams.hub.leave(channel, client)

    return tell


STREAMS = [tape_stream, facts_stream, own_stream, buckets_stream, rounds_stream]
