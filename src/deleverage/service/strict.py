"""Bytes from anywhere into JSON, or a problem: bounded in size and depth before anything is built.

Numbers, lone surrogates and keys that stand twice are refused where a text would be read one way by one program and
another way by the next; so are the constants that Python's reader accepts and JSON does not have.
"""

import re

from deleverage.documents import BadDocument, Json, parse
from deleverage.service.problems import Code, Problem

MOST_BYTES = 1 << 20
DEEPEST = 64

_OUTSIDE_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read(body: bytes, most_bytes: int = MOST_BYTES) -> Json:
    """Return the document in a body; Problem BAD_BODY or TOO_LARGE with what was found."""
    if len(body) > most_bytes:
        raise Problem(Code.TOO_LARGE, "the body is too large", bytes=len(body), most=most_bytes)
    depth = _depth_of(body)
    if depth > DEEPEST:
        raise Problem(Code.BAD_BODY, "the body is nested too deeply", depth=depth, most=DEEPEST)
    try:
        document = parse(body)
    except BadDocument as fault:
        raise Problem(Code.BAD_BODY, str(fault)) from None
    _require_texts(document, "")
    return document


def _depth_of(body: bytes) -> int:
    """Return how deep brackets nest, those in texts aside."""
    depth = deepest = 0
    for byte in _OUTSIDE_TEXTS.sub(b"", body):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _require_texts(part: Json, path: str) -> None:
    """Raise BAD_BODY at the first number, and at the first text that is none."""
    if isinstance(part, dict):
        for key, inner in part.items():
            _require_text(key, f"{path}.{ascii(key)[1:-1][:80]}")
            _require_texts(inner, f"{path}.{ascii(key)[1:-1][:80]}")
    elif isinstance(part, list):
        for at, inner in enumerate(part):
            _require_texts(inner, f"{path}[{at}]")
    elif isinstance(part, str):
        _require_text(part, path)
    elif part is not None and type(part) is not bool:
        raise Problem(Code.BAD_BODY, f"{path.lstrip('.') or 'the body'}: a number; write it as a text of digits")


def _require_text(text: str, path: str) -> None:
    if _LONE_SURROGATE.search(text):
        raise Problem(Code.BAD_BODY, f"{path.lstrip('.') or 'the body'}: half of a surrogate pair")
