"""A body read as an act: strictly, with the first thing that is wrong."""

from typing import Any, TypeVar

import msgspec
from litestar import Request

from deleverage.service import strict
from deleverage.service.acts import Act
from deleverage.service.problems import Code, Problem

Kind = TypeVar("Kind", bound=Act)


async def read_act(request: Request[Any, Any, Any], kind: type[Kind], **of_path: str) -> Kind:
    """Return the act in a request's body; what stands in the path is no part of the body. Problem BAD_BODY."""
    body = await request.body()
    document = strict.read(body) if body else {}
    if not isinstance(document, dict) or document.keys() & of_path.keys():
        raise Problem(Code.BAD_BODY, "an object is expected, without what the path says", path=" ".join(of_path))
    try:
        return msgspec.convert({**document, **of_path}, kind)
    except msgspec.ValidationError as fault:
        raise Problem(Code.BAD_BODY, str(fault)) from None
