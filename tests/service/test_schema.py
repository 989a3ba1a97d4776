"""The description of the API is whole, and every answer is one that it describes."""

from pathlib import Path
from typing import Any

import pytest

from deleverage.service import paths
from deleverage.service.description import operations
from deleverage.service.description.operations import OPERATIONS, TAGS
from tests.service import schema
from tests.service.whole import whole

METHODS = {"get", "post", "put", "patch", "delete"}


def document(folder: Path) -> Any:
    """Return the description."""
    with whole(folder) as made:
        return made.client.get(schema.OPERATIONS).json()


def test_requests_when_drawn_from_the_description_then_no_answer_is_beside_it() -> None:
    """Good and bad ones: no 5xx, no status, code or shape that is not described, nothing done where it was refused."""
    found = schema.drawn(examples=6)
    assert found["positive 200"] > 50
    assert found["negative 400"] > 100
    assert [name for name in found if " 5" in name] == []


def test_description_when_read_then_every_operation_is_whole(tmp_path: Path) -> None:
    """A name that people would call, a tag, a body where one is sent, who signs, and problems for every refusal."""
    described = document(tmp_path)
    names = []
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            endpoint = f"{method.upper()} {path}"
            assert endpoint in OPERATIONS, endpoint
            names.append(one["operationId"])
            assert one["summary"]
            assert set(one["tags"]) <= set(TAGS)
            assert (one["security"] == []) == (paths.PATHS[endpoint] == paths.OPEN)
            refusals = {status: answer for status, answer in one["responses"].items() if status >= "4"}
            assert {"400", "403", "415", "500"} <= set(refusals)
            assert all(set(answer["content"]) == {"application/problem+json"} for answer in refusals.values())
    assert len(names) == len(set(names))
    assert {name for name in names if not name[0].islower() or "_" in name} == set()
    assert len(described["components"]["securitySchemes"]) == 4


def test_description_when_references_are_followed_then_each_leads_somewhere(tmp_path: Path) -> None:
    """No schema is named and missing."""
    described = document(tmp_path)
    known, found = described["components"]["schemas"], set[str]()

    def follow(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                found.add(part["$ref"].removeprefix("#/components/schemas/"))
            for inner in part.values():
                follow(inner)
        elif isinstance(part, list):
            for inner in part:
                follow(inner)

    follow(described)
    assert found - set(known) == set()
    assert {"Batch", "Fact", "Receipt", "Problem"} <= found


def test_drawn_requests_when_a_code_is_left_out_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the description says that there is no account that is not there."""
    endpoint = "GET /v1/accounts/{account}"
    planted = OPERATIONS[endpoint]._replace(codes=operations.ASKED)
    monkeypatch.setitem(OPERATIONS, endpoint, planted)
    with pytest.raises(BaseException, match="404"):
        schema.drawn(examples=10, only=f"{endpoint[:4]}{endpoint[4:]}")
