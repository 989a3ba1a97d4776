"""A domain behind a signed door: keys of every role, requests signed as their holders would, and a clock to turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Litestar
from litestar.connection import Request
from litestar.testing import TestClient

from deleverage.domain.runner import Runner
from deleverage.journal import local
from deleverage.journal.local import Money
from deleverage.scenarios.loader import load
from deleverage.service.app import make_app
from deleverage.service.counter import AccessLog, Counter
from deleverage.service.desk import LocalDesk
from deleverage.service.doorman import AHEAD_MS, Doorman, SignedDoor
from deleverage.service.keyring import Key, Keyring
from deleverage.service.principals import Principal, Role
from deleverage.service.signing import ED25519, HMAC, PublicKey, SharedSecret, Signer

MS = 1_000_000
START_NS = 1_800_000_000 * 1_000_000_000


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self, now_ns: int = START_NS) -> None:
        """Show a time."""
        self.now_ns = now_ns

    def __call__(self) -> int:
        """Return what it shows."""
        return self.now_ns

    def turn_ms(self, by_ms: int) -> None:
        """Turn it."""
        self.now_ns += by_ms * MS


def secret_of(name: str) -> bytes:
    """Return the secret of a key of the tests."""
    return name.encode().ljust(32, b"-")


def ed25519_key(name: str, *roles: Role, **more: Any) -> Key:
    """Return the service's half of a key."""
    public = Ed25519PrivateKey.from_private_bytes(secret_of(name)).public_key().public_bytes_raw()
    accounts = frozenset(more.pop("accounts", ()))
    return Key(Principal(name, name, frozenset(roles), accounts), ED25519, PublicKey(public), **more)


def hmac_key(name: str, *roles: Role) -> Key:
    """Return a key with a shared secret."""
    return Key(Principal(name, name, frozenset(roles)), HMAC, SharedSecret(secret_of(name)))


def keys_of_roles() -> Keyring:
    """Return a key of each role, named after it; the trader has account ``a``."""
    own = {Role.TRADER: {"accounts": ("a",)}}
    return {role.value: ed25519_key(role.value, role, **own.get(role, {})) for role in Role}


def signer(name: str, clock: Clock, algorithm: str = ED25519) -> Signer:
    """Return the holder's half."""
    return Signer(name, algorithm, secret_of(name), clock)


def open_for_service(keys: Keyring, clock: Clock) -> SignedDoor:
    """Return a door whose service has started long enough ago."""
    clock.turn_ms(-AHEAD_MS - 1)
    door = SignedDoor(keys, clock)
    clock.turn_ms(AHEAD_MS + 1)
    return door


def request_of(
    method: str, target: str, headers: dict[str, str], body: bytes = b"", address: str = "127.0.0.1"
) -> Request[Any, Any, Any]:
    """Return a request as a server hands it in."""
    path, _, query = target.partition("?")

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    scope: Any = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        "client": (address, 1),
        "route_handler": _AnySize(),
        "state": {},
    }
    return Request(scope, receive=receive)


class _AnySize:
    """Stands for a handler: no bound of its own."""

    def resolve_request_max_body_size(self) -> None:
        """Return none."""


@contextmanager
def served(
    folder: Path, doorman: Doorman, log: AccessLog | None = None
) -> Iterator[tuple[TestClient[Litestar], Runner]]:
    """Yield a client of a new domain behind a door, and its runner."""
    story = load("crash")
    journal = local.create(folder / "j.db", story.name, story.rules, money=Money(story.currency, story.money))
    runner = Runner(journal)
    try:
        with TestClient(make_app(Counter(LocalDesk(runner), log), doorman)) as client:
            yield client, runner
    finally:
        runner.close()
