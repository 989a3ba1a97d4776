"""A program that asks a service: what it asks again, and what it takes for an answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from deleverage.service.asking import Asker, Away, Refused
from deleverage.service.signing import HMAC, NONCE, Signer

Answer = tuple[int, Any]


@contextmanager
def answering(*answers: Answer | None) -> Iterator[tuple[str, list[Any]]]:
    """Answer one request after another so; None hangs up. Give the address, and what was asked."""
    asked: list[Any] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append((json.loads(body), self.headers[NONCE]))
            answer = left.pop(0)
            if answer is None:
                self.close_connection = True
                return
            content = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _results(**outcomes: str) -> Answer:
    results = []
    for key, said in outcomes.items():
        problem = {} if said == "done" else {"problem": {"code": said}}
        results.append({"key": key, "outcome": "done" if said == "done" else "refused", **problem})
    return 200, {"results": results}


@contextmanager
def _asker(url: str, patience_s: float = 5.0) -> Iterator[Asker]:
    asker = Asker(url, Signer("k", HMAC, bytes(32)), patience_s=patience_s)
    try:
        yield asker
    finally:
        asker.close()


def _keyed(*keys: str) -> list[dict[str, Any]]:
    return [{"key": key, "command": {"kind": "RunStep"}} for key in keys]


def test_submit_when_the_service_hangs_up_then_the_same_is_asked_again_with_another_nonce() -> None:
    """A lost answer is no answer: the same keys, signed anew."""
    with answering(None, _results(a="done")) as (url, asked), _asker(url) as asker:
        assert [result["outcome"] for result in asker.submit(_keyed("a"))] == ["done"]
    (first, nonce), (second, other) = asked
    assert first == second
    assert nonce != other


def test_submit_when_some_have_to_wait_then_only_those_are_asked_again_and_order_is_kept() -> None:
    """What is done is done; what found the line full waits."""
    with answering(_results(a="BUSY", b="done"), _results(a="done")) as (url, asked), _asker(url) as asker:
        assert [result["key"] for result in asker.submit(_keyed("a", "b"))] == ["a", "b"]
    assert [[one["key"] for one in body["commands"]] for body, _ in asked] == [["a", "b"], ["a"]]


def test_submit_when_a_command_is_refused_for_good_then_that_is_its_answer() -> None:
    """A key that stands for another command does so tomorrow, too."""
    with answering(_results(a="KEY_REUSED")) as (url, asked), _asker(url) as asker:
        assert [result["problem"]["code"] for result in asker.submit(_keyed("a"))] == ["KEY_REUSED"]
    assert len(asked) == 1


def test_post_when_it_is_too_much_then_it_waits_and_when_it_is_forbidden_then_it_does_not() -> None:
    """A problem that passes is waited for; one that does not is raised with its document."""
    with (
        answering((429, {"code": "TOO_MANY"}), (200, {"x": 1}), (403, {"code": "FORBIDDEN"})) as (url, _),
        _asker(url) as asker,
    ):
        assert asker.post("/v1/x", {}) == {"x": 1}
        assert asker.waited == 1
        with pytest.raises(Refused) as caught:
            asker.post("/v1/x", {})
    assert caught.value.problem == {"code": "FORBIDDEN"}


def test_post_when_nobody_answers_for_too_long_then_it_gives_up() -> None:
    """Patience ends."""
    with answering() as (url, _):
        pass
    with _asker(url, patience_s=0.1) as asker, pytest.raises(Away):
        asker.post("/v1/x", {})
