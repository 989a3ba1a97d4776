"""Why a journal is not opened, or does not go on: a typed reason with what was found and what it had to be.

* ``JournalFault``: nothing was acknowledged that is not there; whoever asked learns the code and the compared values.
  After a fault on writing, the journal stays shut: what became of the last block is told by opening it again.
"""

from enum import Enum


class Why(Enum):
    """The codes, in the order in which a journal is looked at when it is opened."""

    NO_LIBRARY = "a library that the journal needs is not installed"
    NO_SERVER = "there is no connection to the server that keeps the journal"
    NO_RIGHT = "the login has no right to do this"
    NO_JOURNAL = "there is no journal of this name"
    EXISTS = "there is something of this name already"
    LOCKED = "another writer holds the journal"
    OLD_LIBRARY = "the library can corrupt what it holds"
    UNSAFE_SETTINGS = "a setting would lose acknowledged commands"
    EXPOSED_KEY = "the signing key may be read by others"
    BAD_FORMAT = "these are not the bytes of a journal"
    OTHER_HEAD = "the head is not that of this domain"
    NO_POLICY = "what decided is a policy from somebody's own file"
    NO_ANCHOR = "the file that names the last acknowledged block is missing or unreadable"
    LOST_TAIL = "acknowledged blocks are missing at the end"
    OTHER_PAST = "the block that was acknowledged is not the one that is there"
    BROKEN_CHAIN = "a block does not follow from the one before"
    BAD_SIGNATURE = "a signature is not that of the journal's key"
    OTHER_STATE = "executing it again gives something else"
    UNLAWFUL = "what was asked has no place in a journal"
    FENCED = "a later writer has taken over"
    FULL = "the device is full: nothing more is written"
    FAILED = "writing failed: what became of the last block is unknown until the journal is opened again"
    SHUT = "the journal was shut by an earlier fault"


class JournalFault(Exception):
    """A typed reason: ``why``, a sentence on this case, and the compared values as texts."""

    def __init__(self, why: Why, sentence: str, found: object = "", expected: object = "") -> None:
        """Keep the parts; the text of the exception is one line."""
        parts = [f"{name} {value}" for name, value in (("found", found), ("expected", expected)) if f"{value}"]
        compared = f" ({', '.join(parts)})" if parts else ""
        super().__init__(f"{why.name}: {sentence}{compared}")
        self.why, self.sentence, self.found, self.expected = why, sentence, str(found), str(expected)
