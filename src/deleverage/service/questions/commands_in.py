"""Commands as a what-if takes them: documents without a time, which is that of the state."""

from typing import Any

from deleverage.documents import BadDocument, decode, encode
from deleverage.domain.engines import Answer
from deleverage.rulebook.messages import Command, Fact, Rejection
from deleverage.service.problems import Code, Problem

Json = dict[str, Any]


def commands_of(documents: list[Json], time_ns: int, most: int) -> list[Command]:
    """Return the commands of some documents at a time; Problem BAD_BODY names the first that is none."""
    if not 1 <= len(documents) <= most:
        raise Problem(Code.BAD_BODY, "too few or too many commands to try", found=len(documents), most=most)
    commands = []
    for at, document in enumerate(documents):
        if "time_ns" in document:
            raise Problem(Code.BAD_BODY, f"commands[{at}]: no 'time_ns': what is tried is tried now")
        try:
            commands.append(decode(Command, {**document, "time_ns": str(time_ns)}))
        except BadDocument as fault:
            path = f"commands[{at}].{fault}" if fault.keys else f"commands[{at}]: {fault}"
            raise Problem(Code.BAD_BODY, path) from None
    return commands


def answer_document(answer: Answer) -> Json:
    """Return what a tried command is answered with."""
    if isinstance(answer, Rejection):
        return {"outcome": "rejected", "rejection": encode(Rejection, answer)}
    return {"outcome": "done", "facts": [encode(Fact, fact) for fact in answer]}
