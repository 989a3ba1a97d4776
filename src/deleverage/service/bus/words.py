"""Commands, outcomes and refusals as they travel: the law's own texts, and every refusal as the one that it was."""

from typing import Any

import msgspec

from deleverage.documents import BadDocument, canonical, decode, encode, parse
from deleverage.domain.outcomes import Acknowledged, KeyReused, Outcome, Unwritten
from deleverage.domain.planned import Moved
from deleverage.domain.runner import Busy
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.papers import Receipt
from deleverage.rulebook.messages import Command, Fact, Rejection
from deleverage.service.desk import Keyed
from deleverage.service.outcomes import problem_of
from deleverage.service.problems import Code, Problem


class AskedWords(msgspec.Struct, frozen=True, array_like=True):
    """A command under its key; ``plan_hash`` as in ``domain.outcomes.Asked``."""

    key: str
    command: bytes
    plan_hash: str = ""


class OutcomeWords(msgspec.Struct, frozen=True, array_like=True):
    """What became of a command: an answer with or without a receipt, or the refusal of a name with its values."""

    answer: bytes = b""
    receipt: bytes = b""
    again: bool = False
    refusal: str = ""
    values: dict[str, Any] = {}


def say_asked(asked: Keyed, plan_hash: str = "") -> AskedWords:
    """Return a command in words; Problem BAD_BODY where it has none."""
    key, command = asked
    try:
        return AskedWords(key, canonical(encode(Command, command)).encode("ascii"), plan_hash)
    except BadDocument as fault:
        raise Problem(Code.BAD_BODY, f"a command that no document holds: {fault}") from None


def read_asked(words: AskedWords) -> Keyed:
    """Return the command; BadDocument where the words are none of the law's."""
    command: Command = decode(Command, parse(words.command))
    return words.key, command


def say_outcome(outcome: Outcome | Exception) -> OutcomeWords:
    """Return an outcome in words."""
    if isinstance(outcome, Exception):
        return _say_refusal(outcome)
    answer = outcome.answer
    try:
        if isinstance(answer, Rejection):
            said = canonical({"rejection": encode(Rejection, answer)})
        else:
            said = canonical({"facts": [encode(Fact, fact) for fact in answer]})
    except BadDocument as fault:  # of a refusal that has no text: whoever asked is told by the service, not by the law
        return _say_refusal(Problem(Code.BAD_BODY, f"refused, and no document holds why: {fault}"))
    if isinstance(outcome, Unwritten):
        return OutcomeWords(said.encode("ascii"))
    receipt = canonical(encode(Receipt, outcome.receipt)).encode("ascii")
    return OutcomeWords(said.encode("ascii"), receipt, outcome.again)


def read_outcome(words: OutcomeWords) -> Outcome | Exception:
    """Return the outcome again."""
    if words.refusal:
        return _read_refusal(words.refusal, words.values)
    document: Any = parse(words.answer)
    answer: Any
    if "rejection" in document:
        answer = decode(Rejection, document["rejection"])
    else:
        answer = tuple(decode(Fact, fact) for fact in document["facts"])
    if not words.receipt:
        return Unwritten(answer)
    receipt = decode(Receipt, parse(words.receipt))
    return Acknowledged(receipt.seq, answer, receipt, words.again)


def _say_refusal(error: Exception) -> OutcomeWords:
    told: dict[str, Any]
    match error:
        case KeyReused():
            return OutcomeWords(refusal="key-reused", values={"key": error.key, "seq": error.seq})
        case Busy():
            return OutcomeWords(refusal="busy", values={"waiting": error.waiting})
        case Moved():
            return OutcomeWords(refusal="moved", values={"found": error.found, "expected": error.expected})
        case JournalFault():
            told = {"sentence": error.sentence, "found": error.found, "expected": error.expected}
            return OutcomeWords(refusal="journal", values={"why": error.why.name, **told})
    problem = problem_of(error)
    told = {"sentence": problem.sentence, "retry_s": problem.retry_s, "compared": problem.compared}
    return OutcomeWords(refusal="problem", values={"code": problem.code.name, **told})


def _read_refusal(refusal: str, values: dict[str, Any]) -> Exception:
    match refusal:
        case "key-reused":
            return KeyReused(values["key"], values["seq"])
        case "busy":
            return Busy(values["waiting"])
        case "moved":
            return Moved(values["found"], values["expected"])
        case "journal":
            return JournalFault(Why[values["why"]], values["sentence"], values["found"], values["expected"])
        case "problem":
            problem = Problem(Code[values["code"]], values["sentence"], retry_s=values["retry_s"])
            problem.compared = values["compared"]
            return problem
    raise ValueError(f"no refusal of the name {refusal!a:.80}")
