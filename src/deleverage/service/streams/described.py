"""The streams as they are described: where each is, what its messages are, what it tells."""

from typing import Any, NamedTuple

from deleverage.service.questions.base import View
from deleverage.service.questions.buckets import BucketsView
from deleverage.service.questions.facts import OwnEntryView
from deleverage.service.questions.tape import TapeRow
from deleverage.service.rounds.prepared import PreparedView


class Elsewhere(View, frozen=True, kw_only=True):
    """Stands for what is too long for a message: where it is read."""

    seq: str
    elsewhere: str


class TapeMessage(View, frozen=True, kw_only=True):
    """What became public; ``next_from``: where to go on once this was read."""

    next_from: str
    rows: list[TapeRow]


class FactsMessage(View, frozen=True, kw_only=True):
    """Whole entries, as at `/v1/facts`; there may be none up to ``next_from``."""

    next_from: str
    entries: list[dict[str, Any]]


class OwnFactsMessage(View, frozen=True, kw_only=True):
    """An account's own parts of entries, as at `/v1/accounts/{account}/facts`."""

    account: str
    next_from: str
    entries: list[OwnEntryView]


class Described(NamedTuple):
    """One stream. ``resumes``: it takes ``from``; ``may_be_elsewhere``: the array some of whose items may be so."""

    name: str
    path: str
    message: type[View]
    summary: str
    resumes: bool = True
    may_be_elsewhere: str = ""


DESCRIBED = (
    Described(
        "tape",
        "/v1/streams/tape",
        TapeMessage,
        "What is public: trades, marks, deleveragings; without names, and a tick of the grid late",
        may_be_elsewhere="rows",
    ),
    Described(
        "facts",
        "/v1/streams/facts",
        FactsMessage,
        "The journal: commands with what they were answered with",
        may_be_elsewhere="entries",
    ),
    Described(
        "ownFacts",
        "/v1/streams/accounts/{account}/facts",
        OwnFactsMessage,
        "What the journal says about an account; who was deleveraged hears it here before anybody else",
        may_be_elsewhere="entries",
    ),
    Described(
        "buckets",
        "/v1/streams/accounts/{account}/buckets",
        BucketsView,
        "How near an account's legs are to being deleveraged: now, and at each tick of the grid",
        resumes=False,
    ),
    Described(
        "rounds",
        "/v1/streams/rounds",
        PreparedView,
        "Plans that wait for an outside matching engine, and what became of them; each look is noted",
        resumes=False,
    ),
)
