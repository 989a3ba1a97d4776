"""The address of a journal in PostgreSQL as people type it: ``postgresql://USER@HOST:PORT/DATABASE?domain=NAME``.

``domain`` and ``folder`` are ours: whose journal, and where its anchor and its key lie on this machine. All else is
what ``libpq`` takes. An address that is read here may be shown, because no password is taken in one: a command line is
seen by every process. One that is refused is never quoted: a slip in writing it puts a password anywhere.
"""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from deleverage.journal.faults import JournalFault, Why

FORM = "postgresql://USER@HOST:PORT/DATABASE?domain=NAME&folder=DIR"
PASSWORDS = "a password has no place in an address, others see it there: ~/.pgpass, PGPASSFILE or PGPASSWORD keep it"
DOMAINS = "a domain is 1 to 64 letters, digits, _ . : or -"

_ADDRESS = re.compile(r"postgres\w*:|[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HOST = r"(?:[\w.-]*|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?"
_PLACE = re.compile(rf"(?:[^:@]+@)?{_HOST}(?:,{_HOST})*", re.ASCII)
_DOMAIN = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SECRET = ("password", "sslpassword")
_OURS = ("domain", "folder")
_KNOWN = (
    *(*_OURS, "host", "port", "user", "dbname", "database", "passfile", "service", "target_session_attrs"),
    *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslnegotiation", "ssl_min_protocol_version"),
    *("ssl_max_protocol_version", "krbsrvname", "gsslib"),
)


class Address(NamedTuple):
    """A database, as asyncpg takes it; whose journal in it, None where it is not said; the folder of its files."""

    url: str
    domain: str | None
    folder: str

    def of(self, domain: str) -> str:
        """Return the address of a domain in this database, as people type it."""
        named = {"domain": domain} | ({} if self.folder == "." else {"folder": self.folder})
        ours = urlencode(named, safe="/:", quote_via=quote)
        return f"{self.url}{'&' if '?' in self.url else '?'}{ours}"


def is_address(text: str) -> bool:
    """Return whether a text is meant for an address; all else is a file."""
    return _ADDRESS.match(text) is not None


def is_domain(name: str) -> bool:
    """Return whether a name is one of a domain: a plain word, for it names files, too."""
    return _DOMAIN.fullmatch(name) is not None


def require_domain(domain: str) -> None:
    """Raise UNLAWFUL unless a name is one of a domain."""
    if not is_domain(domain):
        raise JournalFault(Why.UNLAWFUL, DOMAINS, ascii(domain)[:80])


def read_address(text: str) -> Address:
    """Return what an address says; UNLAWFUL with all that is wrong with it, and nothing of it."""
    try:
        parts = urlsplit(text)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise JournalFault(Why.UNLAWFUL, f"an address that cannot be read: {FORM}") from None
    faults = _faults(text, parts, options)
    if faults:
        raise JournalFault(Why.UNLAWFUL, "; ".join(dict.fromkeys(faults)))
    given = dict(options)
    theirs = urlencode([pair for pair in options if pair[0] not in _OURS], safe="/:,", quote_via=quote)
    url = f"postgresql://{parts.netloc}{parts.path}{'?' if theirs else ''}{theirs}"
    return Address(url, given.get("domain"), given.get("folder", "."))


def names_several(text: str) -> bool:
    """Return whether a text names all journals of a folder, or of a database; one that is wrong names none."""
    if not is_address(text):
        return os.path.isdir(text)
    try:
        return read_address(text).domain is None
    except JournalFault:
        return False


def shown(text: str) -> str:
    """Return a text that names a journal, as it may be shown: of an address that is refused, nothing."""
    if not is_address(text):
        return str(Path(text))
    try:
        read_address(text)
    except JournalFault:
        return "the address"
    return text


def _faults(text: str, parts: SplitResult, options: list[tuple[str, str]]) -> list[str]:
    names = [name.lower() for name, _ in options]
    if parts.password is not None or any(name in _SECRET for name in names):
        return [PASSWORDS]
    if parts.scheme not in ("postgresql", "postgres") or not text.isascii() or not text.isprintable() or " " in text:
        return [f"an address that cannot be read: {FORM}"]
    if "@" in f"{parts.path}{parts.query}" or "#" in text or _PLACE.fullmatch(parts.netloc) is None:
        return [f"an address that cannot be read: {FORM}, with other signs written as %40"]
    faults = [f"{name} is given twice" for name in _KNOWN if names.count(name) > 1]
    faults += [f"{name} is empty" for name, value in options if name in _KNOWN and not value]
    faults += [DOMAINS for name, value in options if name == "domain" and value and not is_domain(value)]
    for name, _ in options:
        if name not in _KNOWN:
            near = get_close_matches(name, _KNOWN, 1)
            told = f"nearest is {near[0]}" if near else f"known are {', '.join(_KNOWN)}"
            faults.append(f"the address has an option that nobody knows, {told}")
    return faults
