"""Schemas of what is sent and answered that no handler's types tell: the law's records, bodies, problems."""

from typing import Any

import msgspec

from deleverage.documents.codec import form_of
from deleverage.journal.papers import Receipt
from deleverage.rulebook.messages import Command, Fact, Rejection
from deleverage.service import acts
from deleverage.service.acts.base import Act
from deleverage.service.acts.proposals import LONGEST_REASON
from deleverage.service.counter import MOST_COMMANDS
from deleverage.service.problems import Code

Json = dict[str, Any]

BODIES: dict[type[Act], tuple[str, ...]] = {
    acts.HandInMarks: (),
    acts.Propose: (),
    acts.Approve: ("proposal",),
    acts.Acknowledge: ("round",),
    acts.Refuse: ("round",),
    acts.StepNow: (),
}
"""Acts that are sent, each with what stands in the path instead of the body."""

TEXT = {"type": "string"}
KEY = {"type": "string", "pattern": r"^[A-Za-z0-9_.:-]{1,44}$"}
REASON = {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON}


def schemas() -> Json:
    """Return all of them by name."""
    known: Json = {}
    for record in (Receipt, Rejection):
        form_of(record).schema(known)
    for family in (Command, Fact):
        known[family.__name__] = form_of(family).schema(known)
    for reference in known["Command"]["oneOf"]:
        _without(known[reference["$ref"].rpartition("/")[2]], "time_ns")
    known["Command"]["description"] = "A command of the law. Its time is the service's to say."
    known["Fact"]["description"] = "Something that has happened."
    moved: Json = _moved({**known, **_bodies(), **_answers(), "Problem": _problem()})
    return moved


def _without(record: Json, key: str) -> None:
    """Take a key out of a record."""
    record["properties"] = {name: part for name, part in record["properties"].items() if name != key}
    record["required"] = [name for name in record["required"] if name != key]


def _bodies() -> Json:
    _, known = msgspec.json.schema_components(BODIES, ref_template="#/components/schemas/{name}")
    for kind, of_path in BODIES.items():
        record = known[kind.__name__]
        record["required"] = [name for name in record.get("required", []) if name not in of_path]
        record["properties"] = {name: part for name, part in record["properties"].items() if name not in of_path}
        if "reason" in record["properties"]:
            record["properties"]["reason"] = REASON
    known["Propose"]["properties"]["command"] = _ref("Command")
    commands = {"type": "array", "items": _ref("Command"), "minItems": 1}
    keyed = _record("A command under its idempotency key.", key=KEY, command=_ref("Command"))
    batch = {"type": "array", "items": _ref("Keyed"), "minItems": 1, "maxItems": MOST_COMMANDS}
    return {
        **known,
        "Keyed": keyed,
        "Batch": _record("Commands that are handed in together; each is done or refused for itself.", commands=batch),
        "OwnWhatIf": _record("What to try for one account.", commands=commands),
        "WhatIf": _record(
            "What to try, and whose standing to tell.", commands=commands, accounts={"type": "array", "items": TEXT}
        ),
    }


def _answers() -> Json:
    seen = {
        "description": "A fact that names others, too: what of it is the asker's own.",
        "type": "object",
        "properties": {"kind": TEXT},
        "required": ["kind"],
    }
    durable = {"again": {"type": "boolean"}, "seq": TEXT, "receipt": _ref("Receipt")}
    facts = {"type": "array", "items": {"anyOf": [_ref("Fact"), _ref("SeenFact")]}}
    done = _record(
        "It was done; the receipt signs for it.", key=TEXT, outcome={"const": "done"}, facts=facts, **durable
    )
    rejected = _record(
        "The law refused it; with a receipt where that stands in the journal.",
        key=TEXT,
        outcome={"const": "rejected"},
        rejection=_ref("Rejection"),
        **durable,
    )
    rejected["required"] = ["key", "outcome", "rejection"]
    refused = _record(
        "The service refused it: nothing was done, or for UNKNOWN_OUTCOME nobody knows.",
        key=TEXT,
        outcome={"const": "refused"},
        problem=_ref("Problem"),
    )
    return {
        "SeenFact": seen,
        "Done": done,
        "Rejected": rejected,
        "Refused": refused,
        "Result": {
            "description": "What became of a command.",
            "oneOf": [_ref("Done"), _ref("Rejected"), _ref("Refused")],
        },
        "Results": _record("What became of each, in order.", results={"type": "array", "items": _ref("Result")}),
    }


def _problem() -> Json:
    return _record(
        "Why a request was refused (RFC 9457); a program branches on the code.",
        type=TEXT,
        title=TEXT,
        status={"type": "integer"},
        code={"enum": [code.name for code in Code]},
        detail=TEXT,
        compared={
            "description": "The values that were compared.",
            "type": "object",
            "additionalProperties": TEXT,
        },
    )


def _record(description: str, **properties: Json) -> Json:
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _moved(part: Any) -> Any:
    """Return schemas with their references into the description, and patterns as every program reads them."""
    if isinstance(part, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/")
            if key == "$ref"
            else value.replace(r"\Z", "$")
            if key == "pattern" and isinstance(value, str)
            else _moved(value)
            for key, value in part.items()
        }
    return [_moved(one) for one in part] if isinstance(part, list) else part
