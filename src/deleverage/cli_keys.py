"""The commands around keys and requests: names, options and exit codes only, as in ``cli``."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

Several = Annotated[list[str] | None, Parameter(negative="")]
Body = Annotated[str | None, Parameter(allow_leading_hyphen=True)]
Yes = Annotated[bool, Parameter(negative="")]

keys = App(name="keys", help="Keys of the service: made, listed, checked.", help_format="plaintext")


@keys.command
def new(
    key_id: str,
    /,
    *,
    role: Several = None,
    person: str | None = None,
    account: Several = None,
    algorithm: Literal["ed25519", "hmac-sha256"] = "ed25519",
    expires: str = "",
    network: Several = None,
    keys: Path = Path("keys.toml"),
    out: Path | None = None,
    show_secret: Yes = False,
) -> int:
    """Make a key: the service's half is added to its file of keys, the holder's is written to a file of its own.

    Parameters
    ----------
    key_id
        A name for it, at most 19 letters, digits, _ . or -
    role
        What it is for: viewer, trader, oracle, clearing, risk-operator, approver, auditor, admin; may be repeated.
    person
        Who answers for it: two keys of one person are one person. Left out, the key's own name.
    account
        An account of a trader's; may be repeated.
    algorithm
        ed25519: the service cannot sign with it; hmac-sha256: a secret that both have.
    expires
        Until when it is good, as 2027-01-31T00:00:00Z.
    network
        From where it may be used, as 10.0.0.0/8; may be repeated. Left out, from everywhere.
    keys
        The service's file.
    out
        The holder's file; left out, KEY_ID.key.
    show_secret
        Print the holder's file, too.
    """
    from deleverage.commands.keys import new as make
    from deleverage.service.key_files import NewKey

    given = NewKey(key_id, person or key_id, role or (), account or (), algorithm, expires, network or ())
    return make(given, str(keys), str(out or f"{key_id}.key"), show_secret)


@keys.command(name="list")
def list_(keys: Path = Path("keys.toml"), /) -> int:
    """List the keys of a file, without their secrets; or everything that is wrong with it.

    Parameters
    ----------
    keys
        The service's file.
    """
    from deleverage.commands.keys import listed

    return listed(str(keys))


def request(method: str, url: str, /, *, key: Path | None = None, body: Body = None, headers: Yes = False) -> int:
    """Sign a request to a service, send it and print the answer.

    Exit codes: 0 done, 2 it was refused, 4 nobody knows what became of it: ask again, under the same idempotency key.

    Parameters
    ----------
    method
        GET, POST or DELETE.
    url
        As http://127.0.0.1:8000/v1/markets
    key
        The holder's file of a key; left out, nothing is signed.
    body
        A file with the body; - reads it from standard input.
    headers
        Only print the headers, for `curl --header @FILE`; they are good for one request within 5 seconds.
    """
    from deleverage.commands.keys import request as send

    return send(method, url, None if key is None else str(key), body, headers)


def reads(journal: Path, /, *, key: str | None = None) -> int:
    """Print who looked at who is next, and check that nothing of it was changed or taken away.

    Parameters
    ----------
    journal
        The journal of the service; the file of reads lies beside it.
    key
        Only looks of this key; all are checked.
    """
    from deleverage.commands.reads import reads as look

    return look(str(journal), key=key)
