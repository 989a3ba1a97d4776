"""A request as bytes that no client library has mended, handed to the application as a server would."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from tests.service.whole import Whole

Headers = tuple[tuple[bytes, bytes], ...]
JSON: Headers = ((b"content-type", b"application/json"),)


class Case(NamedTuple):
    """A bad request. ``reason``: the code of its problem, or of the law's rejection as ``rejected:CODE``."""

    name: str
    method: str
    target: str
    reason: str
    body: bytes = b""
    headers: Headers = JSON
    chunks: int = 1


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """Why it was refused: by the service, or by the law; empty: it was not."""
        if self.status >= 400:
            return str(self.document["code"])
        (result,) = self.document.get("results", [{}])
        if result.get("outcome") == "rejected":
            return f"rejected:{result['rejection']['code']}"
        return str(result["problem"]["code"]) if "problem" in result else ""


def ask(made: Whole, case: Case) -> Answer:
    """Return the answer to a case."""

    async def play() -> Answer:
        sent: list[Any] = []
        parts = _parts(case)

        async def receive() -> Any:
            if not parts:
                return {"type": "http.disconnect"}
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Any) -> None:
            sent.append(message)

        await made.client.app(_scope(case), receive, send)
        start = sent[0]
        headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(one.get("body", b"") for one in sent[1:]))

    answer: Answer = made.call(play)
    return answer


def _parts(case: Case) -> list[bytes]:
    size = max(1, -(-len(case.body) // case.chunks))
    return [case.body[at : at + size] for at in range(0, len(case.body), size)] or [b""]


def _scope(case: Case) -> Any:
    raw, _, query = case.target.encode("latin-1").partition(b"?")
    length: Sequence[tuple[bytes, bytes]] = ((b"content-length", b"%d" % len(case.body)),) if case.chunks == 1 else ()
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": case.method,
        "path": unquote(raw.decode("latin-1")),
        "raw_path": raw,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"venue"), *case.headers, *(length if case.body else ())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
