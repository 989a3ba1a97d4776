"""What became of a command, as the API says it."""

import logging
from typing import Any

from deleverage.documents import encode
from deleverage.domain.outcomes import Acknowledged, KeyReused, Outcome
from deleverage.domain.runner import Busy
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.papers import Receipt
from deleverage.rulebook.messages import Fact, Rejection
from deleverage.service.problems import Code, Problem

Json = dict[str, Any]

_LOG = logging.getLogger("deleverage.service")


def document_of(key: str, outcome: Outcome | Exception) -> Json:
    """Return one result of a batch.

    ``outcome`` is *done* (facts and receipt), *rejected* (the law's reason; with a receipt where it stands in the
    journal), or *refused* (a problem of the service: nothing was done, or for UNKNOWN_OUTCOME nobody knows).
    """
    if isinstance(outcome, Exception):
        return {"key": key, "outcome": "refused", "problem": problem_of(outcome).document()}
    answer = outcome.answer
    said: Json = {"key": key, "outcome": "rejected" if isinstance(answer, Rejection) else "done"}
    if isinstance(outcome, Acknowledged):
        said |= {"again": outcome.again, "seq": str(outcome.seq), "receipt": encode(Receipt, outcome.receipt)}
    if isinstance(answer, Rejection):
        return said | {"rejection": encode(Rejection, answer)}
    return said | {"facts": [encode(Fact, fact) for fact in answer]}


def problem_of(error: Exception) -> Problem:
    """Return why there is no outcome."""
    match error:
        case Problem():
            return error
        case Busy():
            return Problem(Code.BUSY, str(error), retry_s=1, waiting=error.waiting)
        case KeyReused():
            return Problem(Code.KEY_REUSED, "the idempotency key stands for another command", seq=error.seq)
        case JournalFault() if error.why in (Why.SHUT, Why.FULL, Why.UNLAWFUL):
            return Problem(Code.READ_ONLY, str(error))
        case JournalFault():
            return Problem(Code.UNKNOWN_OUTCOME, str(error))
        case _:
            # What it says may hold anything: that is for whoever runs the service, not for whoever asks.
            _LOG.error("a defect: %s", type(error).__name__, exc_info=error)
            return Problem(Code.DEFECT, f"{type(error).__name__}: the service's own log says more")
