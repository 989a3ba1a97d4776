"""Why a request is refused: a published code, its HTTP status, a sentence, and the values that were compared.

Sent as problem details (RFC 9457). What the law refuses is no problem of the request: that is an answer, with the law's
own code, and it stands in the journal.
"""

from enum import Enum
from typing import Any

from litestar import Response

MEDIA_TYPE = "application/problem+json"


class Code(Enum):
    """Every reason, with its status and title; a program branches on the name."""

    BAD_BODY = 400, "the body is not what it should be"
    BAD_PARAMETER = 400, "a parameter is not what it should be"
    UNSIGNED = 401, "the request is not signed by a known key"
    OUT_OF_TIME = 401, "the time of the request lies outside the window"
    REPLAYED = 401, "the request was made before"
    FORBIDDEN = 403, "no role of this key may do that"
    FOREIGN_ORIGIN = 403, "a page of another origin asks"
    NOT_FOUND = 404, "there is nothing of this name for this key"
    WRONG_METHOD = 405, "this path has other methods"
    KEY_REUSED = 409, "the idempotency key stands for another command"
    CONFLICT = 409, "the state of things does not allow it"
    SAME_PERSON = 409, "the second person is the first one"
    TOO_LARGE = 413, "the body is too large"
    WRONG_MEDIA_TYPE = 415, "the body is no JSON"
    STALE = 422, "what it says is too old to act on"
    TOO_MANY = 429, "this key asks more than its share"
    BUSY = 503, "the line is full, nothing was done"
    READ_ONLY = 503, "the domain takes no more commands"
    UNKNOWN_OUTCOME = 503, "nobody knows yet whether it was done; ask again under the same key"
    NO_FRESH_MARK = 503, "no forced act and nothing measured by a price before fresh marks are heard"
    NOT_READY = 503, "the service is starting or stopping"
    DEFECT = 500, "a defect of the service"

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[0]

    @property
    def title(self) -> str:
        """The code in words."""
        return self.value[1]


class Problem(Exception):
    """A refusal: what is wrong in this case, and what was compared."""

    def __init__(self, code: Code, sentence: str, *, retry_s: int | None = None, **compared: object) -> None:
        """Keep the parts; ``retry_s``: how long to wait before the same may be asked again."""
        super().__init__(f"{code.name}: {sentence}")
        self.code, self.sentence, self.retry_s = code, sentence, retry_s
        self.compared = {name: str(value) for name, value in compared.items()}

    def document(self) -> dict[str, Any]:
        """Return the problem details."""
        return {
            "type": f"urn:deleverage:problem:{self.code.name}",
            "title": self.code.title,
            "status": self.code.status,
            "code": self.code.name,
            "detail": self.sentence,
            "compared": self.compared,
        }

    def response(self) -> Response[dict[str, Any]]:
        """Return the problem as an answer."""
        headers = {} if self.retry_s is None else {"retry-after": str(self.retry_s)}
        return Response(self.document(), status_code=self.code.status, media_type=MEDIA_TYPE, headers=headers)


def not_found() -> Problem:
    """Return the problem of an object that is not there, or not the asker's: the same words for both."""
    return Problem(Code.NOT_FOUND, "there is nothing of this name for this key")
