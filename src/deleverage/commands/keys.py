"""``deleverage keys``: keys made and listed; ``deleverage request``: a request signed, and sent or shown."""

import http.client
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from deleverage.commands.output import BAD_INPUT, DIVERGENCE, DONE, refuse, say, shown
from deleverage.scenarios.faults import ScenarioError
from deleverage.scenarios.files import BadFile, read_bytes
from deleverage.service.key_files import NewKey, make, read_signer
from deleverage.service.keys_file import read_keys

MOST_BYTES = 1 << 20
WAIT_S = 30


def new(key: NewKey, keys: str, out: str, show: bool) -> int:
    """Make a key, and say where its halves lie; its secret is shown only where that is asked for."""
    try:
        make(key, keys, out)
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=False)
    say(f"key {key.key_id} of {key.person} added to {keys}; whoever signs with it needs {out}, and nobody else")
    if show:
        print(Path(out).read_text("utf-8"), end="")
    return DONE


def listed(keys: str) -> int:
    """Print the keys of a file, or everything that is wrong with it."""
    from deleverage.commands.text_table import TextTable

    try:
        found = read_keys(keys)
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=False)
    names = ("key", "person", "roles", "accounts", "algorithm", "expires", "networks")
    table = TextTable(f"{len(found)} keys", names, left=names)
    now_ns = datetime.now(UTC).timestamp() * 1e9
    for key in found.values():
        who = key.principal
        ends = (
            "-"
            if key.expires_ns is None
            else f"{datetime.fromtimestamp(key.expires_ns // 10**9, UTC):%Y-%m-%dT%H:%M:%SZ}"
        )
        ends += " (expired)" if key.expires_ns is not None and key.expires_ns <= now_ns else ""
        parts = (sorted(role.value for role in who.roles), sorted(who.accounts), [str(one) for one in key.networks])
        roles, accounts, networks = (shown(", ".join(part)) or "-" for part in parts)
        table.add(who.key_id, who.person, roles, accounts, key.algorithm, ends, networks)
    print("\n".join(table.lines()))
    return DONE


def request(method: str, url: str, key: str | None, body: str | None, headers_only: bool) -> int:
    """Sign a request, send it, and print the answer; or print its headers, a line each, for another program to send."""
    method, parts = method.upper(), urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not method.isalpha():
        return refuse(
            [f"{method[:20]!a} {url[:200]!a}: a method and an address as http://host:port/v1/... are needed"],
            as_json=False,
        )
    try:
        content = _content(body)
        signer = None if key is None else read_signer(key)
    except BadFile as refusal:
        return refuse([f"--body {body}: {refusal}"], as_json=False)
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=False)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not (target.isascii() and target.isprintable()) or " " in target:
        return refuse([f"{target[:200]!a}: what is no plain ASCII has to be percent-encoded"], as_json=False)
    headers = {"content-type": "application/json"} if content else {}
    headers |= signer.headers(method, target, content) if signer is not None else {}
    if headers_only:
        print("\n".join(f"{name}: {value}" for name, value in headers.items()))
        return DONE
    return _send(parts.scheme, parts.netloc, method, target, content, headers)


def _content(body: str | None) -> bytes:
    if body is None:
        return b""
    return sys.stdin.buffer.read(MOST_BYTES + 1) if body == "-" else read_bytes(Path(body), MOST_BYTES)


def _send(scheme: str, place: str, method: str, target: str, content: bytes, headers: dict[str, str]) -> int:
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    try:
        with closing(kind(place, timeout=WAIT_S)) as connection:
            connection.request(method, target, content or None, headers)
            answer = connection.getresponse()
            print(shown_lines(answer.read().decode("utf-8", "backslashreplace")))
    except (OSError, ValueError, http.client.HTTPException) as error:
        return refuse([f"{place}: {error}"], as_json=False)
    if answer.status >= 400:
        say(f"{answer.status} {answer.reason}")
        return BAD_INPUT if answer.status < 500 else DIVERGENCE
    return DONE


def shown_lines(text: str) -> str:
    """Return a text, line by line as a terminal may show it."""
    return "\n".join(map(shown, text.splitlines()))
