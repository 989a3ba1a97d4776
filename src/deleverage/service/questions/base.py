"""What every question and every view is."""

import msgspec

from deleverage.domain.domain import Domain
from deleverage.journal.journal import Journal


class View(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: plain fields, integers as decimal texts with their unit at the end of their name."""


class Question(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something to look up in the state; ``answer`` runs where the state is, between two batches."""

    def answer(self, domain: Domain, journal: Journal) -> View:
        """Return what the state says; Problem NOT_FOUND where it knows no such thing."""
        raise NotImplementedError
