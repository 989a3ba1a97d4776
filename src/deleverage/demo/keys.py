"""Keys of the demo: made once, in the demo's folder, each for what its holder does and no more."""

from pathlib import Path
from typing import NamedTuple

from deleverage.service.asking import Asker
from deleverage.service.key_files import NewKey, make, read_signer
from deleverage.service.signing import Signer

KEYS = "keys.toml"
VENUE, FEED, LISTER, SECOND, LOOKER = "venue", "feed", "lister", "second", "looker"
HOLDERS = (
    NewKey(VENUE, "venue", ("clearing",)),
    NewKey(LOOKER, "venue", ("clearing",)),
    NewKey(FEED, "feed", ("oracle",)),
    NewKey(LISTER, "lister", ("admin",)),
    NewKey(SECOND, "second", ("approver",)),
    NewKey("ann", "ann", ("risk-operator",)),
    NewKey("bob", "bob", ("approver",)),
    NewKey("eve", "eve", ("auditor",)),
    NewKey("guest", "guest", ("viewer",)),
)
"""The venue's own keys, and some for whoever tries the demo."""


class Askers(NamedTuple):
    """The venue's connections; looking has a budget of its own."""

    clearing: Asker
    looker: Asker
    oracle: Asker
    proposer: Asker
    approver: Asker


def make_keys(folder: Path, account: str) -> Path:
    """Return the service's file of keys, with a file of mode 0600 for each holder; those that are there are kept.

    ``account`` is the trader's whose key is for trying.
    """
    keys = folder / KEYS
    for new in (*HOLDERS, NewKey("tom", "tom", ("trader",), (account,))):
        holder = folder / f"{new.key_id}.key"
        if not holder.exists():
            make(new, str(keys), str(holder))
    return keys


def signer(folder: Path, key_id: str) -> Signer:
    """Return the signer of a key."""
    return read_signer(str(folder / f"{key_id}.key"))
