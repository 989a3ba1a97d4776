"""A program that asks a service: one connection, signed requests, asked again where nothing was said against that.

Rules of this module: a request is signed anew each time it is sent; whatever it hands in is under idempotency keys, so
that asking again does nothing twice. Deliberately absent: threads. Who wants to ask at the same time has two of these.
"""

import http.client
import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from deleverage.service.signing import Signer

Json = dict[str, Any]
AGAIN = frozenset(("BUSY", "TOO_MANY", "OUT_OF_TIME", "NO_FRESH_MARK", "NOT_READY", "UNKNOWN_OUTCOME", "READ_ONLY"))
"""Problems that may be gone when the same is asked a little later."""

WAIT_S = 30.0


class Refused(Exception):
    """A service said no, and will say so again; ``problem`` is its document."""

    def __init__(self, problem: Json) -> None:
        """Keep the problem."""
        super().__init__(f"{problem.get('code', '?')}: {problem.get('detail', '')} {problem.get('compared', '')}")
        self.problem = problem


class Away(Exception):
    """The service does not answer, or says for too long that it cannot."""


class Asker:
    """Asks under one key; ``waited`` counts how often it was told to come back."""

    def __init__(
        self, url: str, signer: Signer | None, *, patience_s: float = 60.0, goes_on: Callable[[], bool] = lambda: True
    ) -> None:
        """Ask a service at ``http://host:port``; without a signer nothing is signed.

        ``patience_s``: how long one request is asked again; no longer than ``goes_on`` says.
        """
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._signer, self._patience_s, self._goes_on = signer, patience_s, goes_on
        self._connection: http.client.HTTPConnection | None = None
        self.waited = 0

    def get(self, target: str) -> Json:
        """Return the document at a path with its query."""
        return self._ask("GET", target, b"")

    def post(self, target: str, document: Json) -> Json:
        """Return the answer to a document."""
        return self._ask("POST", target, json.dumps(document, separators=(",", ":")).encode())

    def submit(self, keyed: Sequence[Json]) -> list[Json]:
        """Return what became of commands (``{"key": ..., "command": ...}``); those that only had to wait wait."""
        found: dict[str, Json] = {}
        left, until = list(keyed), time.monotonic() + self._patience_s
        while left:
            results = self.post("/v1/commands", {"commands": left})["results"]
            found |= {result["key"]: result for result in results}
            left = [one for one in left if _waits(found[one["key"]])]
            if left:
                self._wait(until, 0.2, str(found[left[0]["key"]]["problem"]))
        return [found[one["key"]] for one in keyed]

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, target: str, body: bytes) -> Json:
        until = time.monotonic() + self._patience_s
        while True:
            try:
                status, content = self._send(method, target, body)
                document: Json = json.loads(content)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.close()
                self._wait(until, 0.2, f"{type(error).__name__}: {error}")
                continue
            if status < 400:
                return document
            if document.get("code") not in AGAIN:
                raise Refused(document)
            self._wait(until, 0.5, str(document))

    def _send(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=WAIT_S)
        headers = dict(self._signer.headers(method, target, body)) if self._signer is not None else {}
        if body:
            headers["content-type"] = "application/json"
        self._connection.request(method, target, body or None, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def _wait(self, until: float, pause_s: float, why: str) -> None:
        self.waited += 1
        if time.monotonic() >= until or not self._goes_on():
            raise Away(why)
        time.sleep(pause_s)


def _waits(result: Json) -> bool:
    return result["outcome"] == "refused" and result["problem"]["code"] in AGAIN
