"""The description of the streams, AsyncAPI 3.0: made of the same table, records and roles by which they are served."""

from typing import Any

import msgspec
from litestar import get

from deleverage import __version__
from deleverage.service.paths import PATHS
from deleverage.service.streams.described import DESCRIBED, Described, Elsewhere
from deleverage.service.streams.limits import Close, Limits
from deleverage.service.tickets import PREFIX, SUBPROTOCOL

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/{name}"
_FROM = {"type": "string", "pattern": "^[1-9][0-9]{0,18}$", "description": "the first command to tell of"}
_HOW = (
    "WebSockets that only tell. A handshake is signed as a GET without a body, or offers the subprotocols "
    f"{SUBPROTOCOL} and {PREFIX}TICKET with a ticket of POST /v1/tickets, which is good once. A message says from "
    "where to go on (next_from): connect again with it as the parameter 'from', and nothing is missing and nothing "
    "comes twice. Whoever sends anything is closed; whoever does not read is closed and told from where to go on."
)
CLOSES = {
    Close.GOING_AWAY: "the service is ending",
    Close.REFUSED: "the client sent something, or its key is no longer good",
    Close.TOO_BIG: "what the client sent was too long to be looked at",
    Close.DEFECT: "a defect of the service",
    Close.TOO_SLOW: "the client did not read, or answer a ping, in time; the reason says from where to go on",
}


@get("/v1/asyncapi.json", sync_to_thread=False, summary="The description of the streams, AsyncAPI 3.0")
def asyncapi() -> Json:
    """Return the document."""
    return document()


def document() -> Json:
    """Return the description of all streams."""
    _, schemas = msgspec.json.schema_components([Elsewhere, *(one.message for one in DESCRIBED)], ref_template=_SCHEMAS)
    for one in DESCRIBED:
        if one.may_be_elsewhere:
            array = schemas[one.message.__name__]["properties"][one.may_be_elsewhere]
            array["items"] = {"anyOf": [array["items"], {"$ref": _SCHEMAS.format(name=Elsewhere.__name__)}]}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "deleverage", "version": __version__, "description": _HOW},
        "defaultContentType": "application/json",
        "channels": {one.name: _channel(one) for one in DESCRIBED},
        "operations": {f"tell{one.name[0].upper()}{one.name[1:]}": _operation(one) for one in DESCRIBED},
        "components": {
            "messages": {one.message.__name__: _message(one) for one in DESCRIBED},
            "schemas": schemas,
        },
        "x-closes": {str(int(close)): why for close, why in CLOSES.items()},
        "x-limits": {name: str(value) for name, value in Limits()._asdict().items()},
    }


def _channel(one: Described) -> Json:
    name = one.message.__name__
    query = {"type": "object", "properties": {"from": _FROM}} if one.resumes else {"type": "object"}
    channel: Json = {
        "address": one.path,
        "summary": one.summary,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"ws": {"method": "GET", "query": query, "bindingVersion": "0.1.0"}},
        "x-roles": sorted(role.value for role in PATHS[f"STREAM {one.path}"]),
    }
    if "{account}" in one.path:
        channel["parameters"] = {"account": {"description": "the account; of a trader, an own one"}}
    return channel


def _operation(one: Described) -> Json:
    channel = f"#/channels/{one.name}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "summary": one.summary,
        "messages": [{"$ref": f"{channel}/messages/{one.message.__name__}"}],
    }


def _message(one: Described) -> Json:
    name = one.message.__name__
    return {"name": name, "title": one.summary, "payload": {"$ref": _SCHEMAS.format(name=name)}}
