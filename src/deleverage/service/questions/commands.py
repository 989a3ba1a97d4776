"""What became of a command that was handed in before."""

from typing import Any

from deleverage.domain.domain import Domain
from deleverage.domain.outcomes import Acknowledged
from deleverage.journal.journal import Journal
from deleverage.service.outcomes import document_of
from deleverage.service.problems import not_found
from deleverage.service.questions.base import Question, View


class CommandView(View, frozen=True, kw_only=True):
    """``result`` is what whoever handed the command in was told, but for ``again``, which is true now."""

    command: str
    result: dict[str, Any]


class CommandQuestion(Question, frozen=True, kw_only=True):
    """What became of the command under a key? ``key`` is the client's, ``journal_key`` as it stands in the journal."""

    key: str
    journal_key: str

    def answer(self, domain: Domain, journal: Journal) -> CommandView:
        """Return its result; Problem NOT_FOUND where nothing was made durable under the key."""
        seq = journal.known([self.journal_key]).get(self.journal_key)
        if seq is None:
            raise not_found()
        entry = journal.entry(seq)
        outcome = Acknowledged(seq, entry.answer, journal.receipt(seq), True)
        return CommandView(command=type(entry.command).__name__, result=document_of(self.key, outcome))
