"""Requests drawn from the description of the API, good and bad; every answer has to be one that it describes.

``python -m tests.service.schema --examples N --seed S`` draws N for each operation.
"""

import argparse
import contextlib
import tempfile
from collections import Counter as Tally
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deleverage.service.problems import MEDIA_TYPE
from tests.service.whole import Whole, whole

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
"""``positive_data_acceptance`` is none of them: what the law refuses no schema can say."""

BASE = "http://testserver.local"
OPERATIONS = "/v1/openapi/openapi.json"


def described(made: Whole) -> Any:
    """Return the description, loaded; who signs is left out, because this door lets everybody in."""
    document = made.client.get(OPERATIONS).json()
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["security"] = []
    return schemathesis.openapi.from_dict(document)


def drawn(examples: int, seed_of: int = 1, only: str = "") -> Tally[str]:
    """Draw so many requests for each operation and each mode; return how many had which status. Raises at a fault."""
    found: Tally[str] = Tally()
    with tempfile.TemporaryDirectory() as folder, whole(Path(folder)) as made:
        made.call(_wait_for_nothing(made))
        for operation in _operations(described(made)):
            if only in operation.label:
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    _draw(made, operation, mode, examples, seed_of, found)
        digest, seq = made.standing()
        assert made.runner.read_only is None, made.runner.read_only
        found["commands in the journal"] = seq
        found["digits of the digest"] = len(digest)
    return found


def _wait_for_nothing(made: Whole) -> Any:
    async def end() -> None:
        made.office.outside.end()

    return end


def _operations(schema: Any) -> Iterator[Any]:
    for one in schema.get_all_operations():
        yield one.ok()


def _draw(made: Whole, operation: Any, mode: GenerationMode, examples: int, seed_of: int, found: Tally[str]) -> None:
    @seed(seed_of)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        before = made.standing()
        sent = case.as_transport_kwargs(base_url=BASE)
        answer = made.client.request(**_readable(sent))
        found[f"{mode.value} {answer.status_code}"] += 1
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
            assert before == made.standing(), f"refused, and something was done: {answer.text}"

    with contextlib.suppress(Unsatisfiable):  # without parameters and body there is nothing to get wrong
        ask()


def _readable(sent: dict[str, Any]) -> dict[str, Any]:
    """Return what a transport of another library is told, as ours takes it."""
    names = ("method", "url", "headers", "params", "json", "data")
    known = {name: sent[name] for name in names if sent.get(name) is not None}
    if "data" in known:
        known["content"] = known.pop("data")
    if "headers" in known:
        known["headers"] = {name: value for name, value in known["headers"].items() if value.isascii()}
    return known


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="operations whose method and path have this in them")
    given_options = parser.parse_args()
    for name, count in sorted(drawn(given_options.examples, given_options.seed, given_options.only).items()):
        print(f"{count:>8} {name}")
