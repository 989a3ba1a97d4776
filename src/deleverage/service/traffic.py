"""Requests as they pass: by the template of their path, their status, and how long they took."""

import re
from collections.abc import Callable
from time import perf_counter

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from deleverage.service.meters import Meters

_KIND = re.compile(r":\w+\}")


def counted_by(meters: Meters) -> Callable[[ASGIApp], ASGIApp]:
    """Return what makes an application one whose requests are counted."""

    def around(app: ASGIApp) -> ASGIApp:
        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            started, status = perf_counter(), [500]

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status[0] = message["status"]
                await send(message)

            try:
                await app(scope, receive, noted)
            finally:
                path = _KIND.sub("}", str(scope.get("path_template", "")))
                meters.answered(str(scope.get("method", "")), path, status[0], perf_counter() - started)

        return counted

    return around
