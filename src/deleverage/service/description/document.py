"""The description put together, and served.

What the framework reads off the handlers - paths, parameters, the types that are answered - is kept; added is what it
cannot know: names of operations, bodies, who signs, and for each status the reasons it may stand for.
"""

import json
from typing import Any

from litestar import Request, Router
from litestar.openapi.plugins import JsonRenderPlugin

from deleverage.service import paths
from deleverage.service.description.operations import FOUND, OPERATIONS, TAGS, Operation
from deleverage.service.description.schemas import schemas
from deleverage.service.problems import MEDIA_TYPE, Code
from deleverage.service.signing import KEY, NONCE, SIGNATURE, TIME
from deleverage.service.well_formed import FORMS

Json = dict[str, Any]

ABOUT = """A clearing domain behind HTTP. Money, lots, prices, ids and numbers of commands are texts of decimal digits,
the unit at the end of the key; a JSON number is refused. Refusals of the service are problem details (RFC 9457) with a
code; what the law refuses is an answer (outcome "rejected") and stands in the journal. An answer of 5xx, or none, to
what was handed in says nothing about what became of it: ask again under the same key, or look it up."""

HEADERS = {
    KEY: "The id of the key.",
    TIME: "Milliseconds since 1970: at most 5 s ago, at most 1 s to come.",
    NONCE: "8 to 64 letters, digits, _ or -; good once.",
    SIGNATURE: "Ed25519 or HMAC-SHA256, in hexadecimal, over method, path and query, time, nonce and the body's hash.",
}
RETRIED = (Code.OUT_OF_TIME.status, Code.TOO_MANY.status, Code.BUSY.status)
"""Statuses that may say when to come back."""


class Description(JsonRenderPlugin):
    """Serves the whole description."""

    def __init__(self) -> None:
        """Make it at the first look."""
        super().__init__()
        self._content = b""

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        """Return the description."""
        self._content = self._content or json.dumps(whole(openapi_schema)).encode()
        return self._content

    def receive_router(self, router: Router) -> None:
        """Leave out the page that the framework shows where there is nothing."""
        router.routes[:] = [route for route in router.routes if not route.path.endswith("/{path:str}")]


def whole(read: Json) -> Json:
    """Return the description from what the framework has read off the handlers."""
    views = read["components"].get("schemas", {})
    added = schemas()
    if views.keys() & added.keys():
        raise ValueError(f"two schemas have one name: {' '.join(sorted(views.keys() & added.keys()))}")
    return {
        **read,
        "info": {**read["info"], "description": ABOUT.replace("\n", " ")},
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": {
            path: {method: _operation(f"{method.upper()} {path}", one) for method, one in methods.items()}
            for path, methods in read["paths"].items()
        },
        "components": {
            "schemas": {**views, **added},
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header", "name": name, "description": words}
                for name, words in HEADERS.items()
            },
        },
    }


def _operation(endpoint: str, read: Json) -> Json:
    known = OPERATIONS.get(endpoint) or Operation(read["operationId"], "operations", FOUND)
    is_open = paths.PATHS.get(endpoint) == paths.OPEN
    found = {
        **read,
        "operationId": known.name,
        "tags": [known.tag],
        "parameters": [_parameter(one) for one in read.get("parameters", [])],
        "responses": _responses(endpoint, known, read["responses"]),
        "security": [] if is_open else [{name: [] for name in HEADERS}],
    }
    if known.body:
        schema = {"$ref": f"#/components/schemas/{known.body}"}
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _parameter(read: Json) -> Json:
    pattern = FORMS.get(read["name"]) if read["schema"].get("type") == "string" else None
    return {**read, "schema": {**read["schema"], "pattern": f"^{pattern}$"}} if pattern else read


def _responses(endpoint: str, known: Operation, read: Json) -> Json:
    answers = {status: dict(one) for status, one in read.items() if status.startswith("2")}
    if endpoint == "POST /v1/commands":
        (answers["200"]["content"]["application/json"],) = ({"schema": {"$ref": "#/components/schemas/Results"}},)
    if endpoint == "GET /v1/metrics":
        answers["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    for status in sorted({code.status for code in known.codes}):
        answers[str(status)] = _refusal(status, sorted(code.name for code in known.codes if code.status == status))
    return answers


def _refusal(status: int, codes: list[str]) -> Json:
    one_of = {"properties": {"code": {"enum": codes}, "status": {"const": status}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, one_of]}
    said: Json = {"description": "; ".join(f"{name}: {Code[name].title}" for name in codes)}
    if status in RETRIED:
        words = "After how many seconds the same may be asked again."
        said |= {"headers": {"retry-after": {"description": words, "schema": {"type": "integer"}}}}
    return {**said, "content": {MEDIA_TYPE: {"schema": schema}}}
