"""Names on the bus: a domain has a subject for requests, one for its blocks, and the stream that keeps those."""

import re

from deleverage.service.bus.faults import BusFault

_DOMAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def require_domain(domain: str) -> str:
    """Return a domain's name; BusFault where it could not be a part of a subject: dots and stars have a meaning there.

    >>> require_domain("venue-1")
    'venue-1'
    """
    if _DOMAIN.fullmatch(domain) is None:
        raise BusFault(f"on a bus a domain's name is 1 to 64 letters, digits, _ or -, found {domain!a:.80}")
    return domain


def requests_of(domain: str) -> str:
    """Return where fronts ask."""
    return f"deleverage.{domain}.requests"


def replies_of(domain: str, front: str, run: str) -> str:
    """Return where one run of a front is answered."""
    return f"deleverage.{domain}.replies.{front}.{run}"


def blocks_of(domain: str) -> str:
    """Return where blocks are told."""
    return f"deleverage.{domain}.blocks"


def stream_of(domain: str) -> str:
    """Return the stream that keeps blocks."""
    return f"deleverage-{domain}-blocks"
