"""Who may speak on the bus: names, what each is there for, and public keys; and the one private key of one's own.

Whoever can log in at the bus can write anything on it: nothing there is believed but what a party of the ring signed.
"""

import json
import os
import re
import tomllib
from typing import NamedTuple

from deleverage.journal.faults import JournalFault
from deleverage.journal.signing import SEED_BYTES, Signer, read_key
from deleverage.scenarios.faults import Fault, ScenarioError
from deleverage.service.private_files import Exposed, append_private, read_private, write_private

FRONT, WORKER = PARTS = ("front", "worker")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_PUBLIC = re.compile(r"[0-9a-f]{64}")
_FIELDS = ["name", "part", "public_key"]


class Ring(NamedTuple):
    """Public keys by name."""

    fronts: dict[str, str]
    workers: dict[str, str]

    def of(self, part: str) -> dict[str, str]:
        """Return those of a part."""
        return self.fronts if part == FRONT else self.workers


class Party(NamedTuple):
    """One of the ring that speaks for itself."""

    name: str
    part: str
    signer: Signer
    ring: Ring


def read_ring(path: str) -> Ring:
    """Return the ring in a file; ScenarioError with everything that is wrong with it."""
    try:
        parties = tomllib.loads(read_private(path).decode("utf-8-sig")).get("parties", [])
    except Exposed as refusal:
        raise ScenarioError([Fault("", str(refusal))]) from None
    except (ValueError, RecursionError) as error:
        raise ScenarioError([Fault("", f"{path} is no TOML: {error}")]) from None
    ring, faults = Ring({}, {}), []
    for at, party in enumerate(parties if isinstance(parties, list) else [None]):
        sentence = _wrong(party, ring)
        if sentence:
            faults.append(Fault(f"parties[{at}]", sentence))
        else:
            ring.of(party["part"])[party["name"]] = party["public_key"]
    if faults:
        raise ScenarioError(faults)
    return ring


def _wrong(party: object, ring: Ring) -> str:
    """Return what is wrong with an entry; empty: nothing."""
    if not isinstance(party, dict) or sorted(party) != _FIELDS:
        return f"has {', '.join(_FIELDS)}, and nothing else"
    name, part, public = (party[field] for field in _FIELDS)
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        return f"name: 1 to 40 letters, digits, _ or -, found {name!a:.60}"
    if part not in PARTS:
        return f"part: front or worker, found {part!a:.60}"
    if not isinstance(public, str) or _PUBLIC.fullmatch(public) is None:
        return "public_key: 64 hexadecimal digits in lower case"
    if name in ring.fronts or name in ring.workers:
        return f"name: {name} is there already"
    return ""


def join(name: str, part: str, key: str, ring: str) -> None:
    """Make a private key in a file of its own and add its public half to the ring; ScenarioError, and nothing is done.

    The key is written first: one that the ring does not know is harmless.
    """
    known = read_ring(ring) if os.path.lexists(ring) else Ring({}, {})
    sentence = _wrong({"name": name, "part": part, "public_key": "0" * 64}, known)
    if sentence:
        raise ScenarioError([Fault("", sentence)])
    try:
        seed = os.urandom(SEED_BYTES)
        write_private(key, f"{seed.hex()}\n".encode())
        public = Signer(seed).public_key
        lines = [f"{field} = {json.dumps(value)}" for field, value in zip(_FIELDS, (name, part, public), strict=True)]
        append_private(ring, "\n".join(["", "[[parties]]", *lines, ""]).encode())
    except FileExistsError:
        raise ScenarioError([Fault("", f"{key} is there already, no key is written over")]) from None
    except OSError as error:
        raise ScenarioError([Fault("", f"{error.filename}: {error.strerror}")]) from None


def read_party(part: str, key: str, ring: str) -> Party:
    """Return who has the private key in a file; ScenarioError where the ring does not know it as this part."""
    known = read_ring(ring)
    try:
        signer = read_key(key)
    except JournalFault as fault:
        raise ScenarioError([Fault("", str(fault))]) from None
    for name, public in known.of(part).items():
        if public == signer.public_key:
            return Party(name, part, signer, known)
    raise ScenarioError([Fault("", f"{ring} has no {part} with the key in {key}")])
