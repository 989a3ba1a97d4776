"""New keys: the half that the service knows goes into its file of keys, the other into a file of its holder's."""

import json
import os
import secrets
import tomllib
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deleverage.scenarios.faults import Fault, ScenarioError
from deleverage.service.keys_file import keys_of_text
from deleverage.service.private_files import Exposed, append_private, read_private, write_private
from deleverage.service.signing import ALGORITHMS, ED25519, Signer

SECRET_BYTES = 32


class NewKey(NamedTuple):
    """What a new key is for; ``expires`` is a time as 2027-01-31T00:00:00Z, or empty."""

    key_id: str
    person: str
    roles: Sequence[str]
    accounts: Sequence[str] = ()
    algorithm: str = ED25519
    expires: str = ""
    networks: Sequence[str] = ()


def make(new: NewKey, keys: str, holder: str) -> None:
    """Append a new key to a file of keys, made where there is none, and write its secret half to another.

    ScenarioError with every fault, and nothing is written. The holder's file is written first: a key that nobody
    holds is harmless, and one that the service does not know is, too.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    entry = _entry(new, secret)
    try:
        before = read_private(keys).decode("utf-8-sig") if os.path.lexists(keys) else ""
        keys_of_text(before + entry, os.path.dirname(os.path.abspath(keys)))
        write_private(holder, _holders(new, secret).encode())
        append_private(keys, entry.encode())
    except Exposed as refusal:
        raise ScenarioError([Fault("", str(refusal))]) from None
    except UnicodeDecodeError:
        raise ScenarioError([Fault("", f"{keys} is not UTF-8 text")]) from None
    except FileExistsError:
        raise ScenarioError([Fault("", f"{holder} is there already, no key is written over")]) from None
    except OSError as error:
        raise ScenarioError([Fault("", f"{error.filename}: {error.strerror}")]) from None


def read_signer(path: str) -> Signer:
    """Return the signer of a holder's file; ScenarioError where others may read it, or it holds no key."""
    try:
        table = tomllib.loads(read_private(path).decode("utf-8-sig"))
        algorithm = table["algorithm"]
        if algorithm not in ALGORITHMS:
            raise ValueError
        return Signer(str(table["id"]), algorithm, bytes.fromhex(table["secret"]))
    except Exposed as refusal:
        raise ScenarioError([Fault("", str(refusal))]) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        words = f"{path} is no file of a key: `deleverage keys new` writes one, with id, algorithm and secret"
        raise ScenarioError([Fault("", words)]) from None


def _entry(new: NewKey, secret: bytes) -> str:
    """Return the table of the service's file."""
    lines = [
        "",
        "[[keys]]",
        f"id = {_text(new.key_id)}",
        f"person = {_text(new.person)}",
        f"roles = {_texts(new.roles)}",
    ]
    lines += [f"accounts = {_texts(new.accounts)}"] if new.accounts else []
    lines.append(f"algorithm = {_text(new.algorithm)}")
    if new.algorithm == ED25519:
        public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
        lines.append(f"public_key = {_text(public.hex())}")
    else:
        lines.append(f"secret = {_text(secret.hex())}")
    lines += [f"expires = {_text(new.expires)}"] if new.expires else []
    lines += [f"networks = {_texts(new.networks)}"] if new.networks else []
    return "\n".join(lines) + "\n"


def _holders(new: NewKey, secret: bytes) -> str:
    """Return the file of whoever holds the key."""
    return (
        f"# Whoever can read this file is {new.person} to the service.\n"
        f"id = {_text(new.key_id)}\nalgorithm = {_text(new.algorithm)}\nsecret = {_text(secret.hex())}\n"
    )


def _text(text: str) -> str:
    """Return a text of TOML: JSON's form of one is one, where DEL is written out."""
    return json.dumps(text, ensure_ascii=True).replace("\x7f", "\\u007f")


def _texts(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"
