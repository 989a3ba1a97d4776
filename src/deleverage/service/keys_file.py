"""The file of keys (``keys.toml``): read whole, or refused with everything that is wrong with it.

It may hold shared secrets, so only its owner may read it. No fault shows what stands in a place for a key.
"""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from ipaddress import ip_network
from typing import Any

from deleverage.scenarios.faults import Fault, Reader, ScenarioError
from deleverage.scenarios.structure import check_shape, parse
from deleverage.service.keyring import Key, Keyring, Network
from deleverage.service.principals import Principal, Role
from deleverage.service.private_files import Exposed, read_private
from deleverage.service.signing import ED25519, HMAC, PublicKey, SharedSecret, Verifier

_HUSHED = {"public_key": 64, "secret": "64 to 128"}
_HARMLESS = "00" * 32


def read_keys(path: str) -> Keyring:
    """Return the keys in a file; ScenarioError with all its faults, none of which shows a secret."""
    try:
        text = read_private(path).decode("utf-8-sig")
    except Exposed as refusal:
        raise ScenarioError([Fault("", str(refusal))]) from None
    except UnicodeDecodeError:
        raise ScenarioError([Fault("", f"{path} is not UTF-8 text")]) from None
    return keys_of_text(text, os.path.dirname(os.path.abspath(path)))


def keys_of_text(text: str, folder: str = ".") -> Keyring:
    """Return the keys of a TOML text; secrets in files of their own lie beside ``folder``."""
    reader = Reader()
    tables: list[dict[str, Any]] = check_shape(parse(text), reader, _shape())["keys"]
    reader.faults = [_hushed(fault) for fault in reader.faults]
    keys: Keyring = {}
    spelled: dict[str, str] = {}
    for at, table in enumerate(tables):
        person = table["person"]
        if (other := spelled.setdefault(person.lower(), person)) != person:
            sentence = f"is {person!r}, and another key is of {other!r}: one person, who would be two"
            reader.fault(("keys", at, "person"), sentence)
        key = _key(("keys", at), table, folder, reader)
        if table["id"] in keys:
            reader.fault(("keys", at, "id"), f"is {table['id']!r}, which another key has")
        keys[table["id"]] = key
    if reader.faults:
        raise ScenarioError(reader.faults)
    return keys


@cache
def _shape() -> dict[str, Any]:
    text = resources.files("deleverage.service").joinpath("keys.schema.json").read_text("utf-8")
    shape: dict[str, Any] = json.loads(text)
    return shape


def _hushed(fault: Fault) -> Fault:
    """Return a fault without the value, where the value is a key."""
    name = fault.path.rsplit(".", 1)[-1]
    if name in _HUSHED and fault.sentence != "is missing" and "no key here" not in fault.sentence:
        return Fault(fault.path, f"is no key: {_HUSHED[name]} hexadecimal digits in lower case are needed")
    return fault


def _key(where: tuple[str | int, ...], table: dict[str, Any], folder: str, reader: Reader) -> Key:
    roles, accounts = frozenset(map(Role, table["roles"])), frozenset(table.get("accounts", ()))
    if Role.TRADER in roles and not accounts:
        reader.fault((*where, "accounts"), "is missing: a trader has accounts of its own")
    if accounts and Role.TRADER not in roles:
        reader.note_idle((*where, "accounts"), "only a trader has accounts of its own")
    verifier = _ed25519(where, table, reader) if table["algorithm"] == ED25519 else _hmac(where, table, folder, reader)
    return Key(
        Principal(table["id"], table["person"], roles, accounts),
        table["algorithm"],
        verifier,
        _expires_ns((*where, "expires"), table.get("expires"), reader),
        _networks((*where, "networks"), table.get("networks", ()), reader),
    )


def _ed25519(where: tuple[str | int, ...], table: dict[str, Any], reader: Reader) -> Verifier:
    for name in ("secret", "secret_file"):
        if name in table:
            reader.fault((*where, name), f"does not go with {ED25519}: the service has the public key alone")
    if "public_key" not in table:
        reader.fault((*where, "public_key"), f"is missing, {ED25519} needs it")
    try:
        return PublicKey(bytes.fromhex(table.get("public_key", _HARMLESS)))
    except ValueError:  # a harmless value in the place of one of the wrong shape
        return PublicKey(bytes.fromhex(_HARMLESS))


def _hmac(where: tuple[str | int, ...], table: dict[str, Any], folder: str, reader: Reader) -> Verifier:
    if "public_key" in table:
        reader.fault((*where, "public_key"), f"does not go with {HMAC}: it has a secret that both sides share")
    given = [name for name in ("secret", "secret_file") if name in table]
    if len(given) != 1:
        reader.fault(
            (*where, "secret"), "or secret_file is needed, " + ("both are given" if given else "none is given")
        )
    if "secret" in table and not reader.has_fault((*where, "secret")):
        return SharedSecret(bytes.fromhex(table["secret"]))
    if "secret_file" in table:
        try:
            secret = bytes.fromhex(read_private(os.path.join(folder, table["secret_file"])).decode("ascii").strip())
            if 32 <= len(secret) <= 64:
                return SharedSecret(secret)
            reader.fault((*where, "secret_file"), "holds no secret: 64 to 128 hexadecimal digits are needed")
        except Exposed as refusal:
            reader.fault((*where, "secret_file"), str(refusal))
        except ValueError:
            reader.fault((*where, "secret_file"), "holds no secret: 64 to 128 hexadecimal digits are needed")
    return SharedSecret(bytes(32))


def _expires_ns(where: tuple[str | int, ...], text: str | None, reader: Reader) -> int | None:
    if text is None:
        return None
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()) * 1_000_000_000
    except ValueError:
        reader.fault(where, f"is {text[:40]!a}, which is no time")
        return None


def _networks(where: tuple[str | int, ...], texts: Sequence[str], reader: Reader) -> tuple[Network, ...]:
    found = []
    for at, text in enumerate(texts):
        try:
            found.append(ip_network(text))
        except ValueError as error:
            reader.fault((*where, at), f"is no network: {error}")
    return tuple(found)
