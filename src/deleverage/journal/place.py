"""Where a journal lies, by the text that names it: a file, or a domain in a PostgreSQL database; opened alike."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from deleverage.journal import local, remote
from deleverage.journal.address import FORM, Address, is_address, read_address
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.journal.local import QUANTA, Money
from deleverage.journal.store import Store
from deleverage.rulebook.book import Book
from deleverage.rulebook.file_policy import FilePolicy
from deleverage.rulebook.rules import Rules


class Place(ABC):
    """Where a journal lies, or will."""

    __slots__ = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it: it may be shown, and names the same place again."""

    @property
    @abstractmethod
    def short(self) -> str:
        """What tells it from others beside it."""

    @property
    @abstractmethod
    def path(self) -> str:
        """What the names of its files on this machine begin with."""

    @property
    def anchor(self) -> str:
        """The file of its anchor."""
        return local.anchor_of(self.path)

    @property
    def key(self) -> str:
        """The file of its signing key."""
        return local.key_of(self.path)

    @property
    def files(self) -> tuple[str, ...]:
        """All its files on this machine."""
        return self.anchor, self.key

    @abstractmethod
    def store(self) -> Store:
        """Return its bytes to look at; its writer may go on."""

    @abstractmethod
    def create(self, domain: str, rules: Rules, book: Book | None = None, money: Money = QUANTA) -> Journal:
        """Return a new journal, of this domain where the place does not name one."""

    @abstractmethod
    def open(self, policy: FilePolicy | None = None) -> Journal:
        """Return the journal to write to; ``policy`` is that of ``local.open_journal``."""


@dataclass(frozen=True, slots=True)
class FilePlace(Place):
    """A file, with anchor and key beside it."""

    path: str

    @property
    def name(self) -> str:
        """The path."""
        return self.path

    @property
    def short(self) -> str:
        """The file's own name."""
        return Path(self.path).name

    @property
    def files(self) -> tuple[str, ...]:
        """The three."""
        return self.path, self.anchor, self.key

    def store(self) -> Store:
        """Return the file's bytes."""
        return local.open_store(self.path)

    def create(self, domain: str, rules: Rules, book: Book | None = None, money: Money = QUANTA) -> Journal:
        """Return a new journal in the file."""
        return local.create(self.path, domain, rules, book, money=money)

    def open(self, policy: FilePolicy | None = None) -> Journal:
        """Return the journal in the file."""
        return local.open_journal(self.path, policy=policy)


@dataclass(frozen=True, slots=True)
class ServerPlace(Place):
    """A domain in a database, with anchor and key in a folder of this machine."""

    address: Address
    domain: str

    @property
    def name(self) -> str:
        """The address, which has no password in it."""
        return self.address.of(self.domain)

    @property
    def short(self) -> str:
        """The domain."""
        return self.domain

    @property
    def path(self) -> str:
        """The domain's name in the folder."""
        return remote.path_of(self.address.folder, self.domain)

    def store(self) -> Store:
        """Return the domain's rows."""
        return remote.open_store(self.address.url, self.domain)

    def create(self, domain: str, rules: Rules, book: Book | None = None, money: Money = QUANTA) -> Journal:
        """Return a new journal of the address's domain."""
        return remote.create(self.address.url, self.address.folder, self.domain, rules, book, money=money)

    def open(self, policy: FilePolicy | None = None) -> Journal:
        """Return the domain's journal."""
        return remote.open_journal(self.address.url, self.address.folder, self.domain, policy=policy)


def place_of(text: str) -> Place:
    """Return the place that a text names; UNLAWFUL where it is an address, and not a whole one."""
    if not is_address(text):
        return FilePlace(str(Path(text)))
    address = read_address(text)
    if address.domain is None:
        raise JournalFault(Why.UNLAWFUL, f"which domain? {FORM}")
    return ServerPlace(address, address.domain)


def within(text: str, name: str) -> Place:
    """Return the place of one journal of several that a text names together: in a folder, or DOMAIN:NAME."""
    place = place_of(text)
    if isinstance(place, ServerPlace):
        return ServerPlace(place.address, f"{place.domain}:{name}")
    return FilePlace(str(Path(text) / f"{name}.db"))
