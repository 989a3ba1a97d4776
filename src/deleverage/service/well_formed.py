"""One spelling for a request: what a path, a query and the headers of a body may look like, before anything is read.

Rules of this module:

* A path is what it looks like: no encoded slash, no control characters, no empty part, no ending slash. A proxy that
  decodes what we do not, or the other way round, would otherwise let through what it should not.
* A query names each parameter of its path at most once and nothing else: a misspelt ``limit`` is no wish for the
  default. Integers are ASCII digits without a leading zero.
* A body is JSON as it is, in no other coding: nothing is unpacked.
"""

import re
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

from litestar.connection import ASGIConnection
from litestar.handlers import WebsocketRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.params import QueryParameter

from deleverage.service.problems import Code, Problem

Connection = ASGIConnection[Any, Any, Any, Any]

_ID = "[!-.0-~]{1,64}"  # the law's: printable ASCII, the slash aside, which stands between account and unit
FORMS = {
    "account": _ID,
    "market": _ID,
    "key": "[A-Za-z0-9_.:-]{1,44}",
    "proposal": "[A-Za-z0-9_.:-]{1,64}",
    "round_id": "[A-Za-z0-9_.:-]{1,64}",
    "seq": "0|[1-9][0-9]{0,18}",
    "after": "[!-.0-~]{0,64}",
}
"""What a text in a path or a query looks like, by the name of the parameter."""

_INTEGER = re.compile(r"0|[1-9][0-9]{0,18}")
_JSON = re.compile(r"application/json(?:\s*;\s*charset=\"?utf-8\"?)?", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def require_well_formed(connection: Connection, handler: BaseRouteHandler) -> None:
    """Raise BAD_PARAMETER, NOT_FOUND or WRONG_MEDIA_TYPE where a request is not in the one spelling."""
    _require_path(connection)
    _require_query(connection, handler)
    _require_media_type(connection)


def _require_path(connection: Connection) -> None:
    raw = (connection.scope.get("raw_path") or b"").split(b"?")[0]
    if b"//" in raw or (raw.endswith(b"/") and len(raw) > 1):
        raise Problem(Code.NOT_FOUND, "there is no such path: a part of it is empty")
    parts = [_text("the path", part) for part in raw.split(b"/")]
    for part in parts:
        if "/" in part or "\\" in part or _CONTROL.search(part):
            raise Problem(Code.BAD_PARAMETER, "a part of the path has a character that none has", found=_shown(part))
    for name, value in connection.path_params.items():
        _require_form(name, value)
        if isinstance(value, int) and raw and str(value) not in parts:
            raise Problem(Code.BAD_PARAMETER, "an integer is ASCII digits, without a leading zero", parameter=name)


def _require_query(connection: Connection, handler: BaseRouteHandler) -> None:
    known = parameters_of(handler)
    seen: set[str] = set()
    for part in connection.scope.get("query_string", b"").split(b"&"):
        if not part:
            continue
        raw_name, _, raw_value = part.partition(b"=")
        name, value = (_text("the query", one.replace(b"+", b" ")) for one in (raw_name, raw_value))
        if name not in known:
            words = "this path has no such parameter"
            raise Problem(Code.BAD_PARAMETER, words, found=_shown(name), known=" ".join(sorted(known)) or "none")
        if name in seen:
            raise Problem(Code.BAD_PARAMETER, "a parameter stands twice", parameter=name)
        seen.add(name)
        if known[name] and _INTEGER.fullmatch(value) is None:
            words = "an integer is ASCII digits, without a leading zero"
            raise Problem(Code.BAD_PARAMETER, words, parameter=name, found=_shown(value))
        _require_form(name, value)


def _require_form(name: str, value: Any) -> None:
    form = FORMS.get(name)
    if form is not None and re.fullmatch(form, value) is None:
        raise Problem(Code.BAD_PARAMETER, "no name has this form", parameter=name, found=_shown(value), form=form)


@cache
def parameters_of(handler: BaseRouteHandler) -> dict[str, bool]:
    """Return the names of a path's query parameters, each with whether it is an integer."""
    if isinstance(handler, WebsocketRouteHandler):
        return {"from": True}  # read by the streams themselves, once the door is open
    found = {}
    for name, field in handler.parsed_fn_signature.parameters.items():
        if isinstance(field.kwarg_definition, QueryParameter):
            found[field.kwarg_definition.name or name] = field.annotation is int
    return found


def _require_media_type(connection: Connection) -> None:
    """Refuse what says that it is no JSON. What says nothing is read as JSON."""
    headers = connection.headers
    coding = headers.get("content-encoding", "identity")
    if coding.lower() != "identity":
        raise Problem(Code.WRONG_MEDIA_TYPE, "a body comes as it is: nothing is unpacked", found=_shown(coding))
    for kind in headers.getall("content-type", []):
        if _JSON.fullmatch(kind) is None:
            words = "a body is application/json, in UTF-8"
            raise Problem(Code.WRONG_MEDIA_TYPE, words, found=_shown(kind))


def _text(where: str, raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as fault:
        raise Problem(Code.BAD_PARAMETER, f"{where} is not UTF-8", byte=fault.start) from None


def _shown(text: str) -> str:
    return ascii(text)[1:-1][:80]
