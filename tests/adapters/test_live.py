"""A live read, with a ccxt of our own: what is asked of it, and what becomes of its refusals."""

import sys
from types import ModuleType
from typing import Any

import pytest

from deleverage.adapters.live import ENVIRONMENT
from deleverage.cli import call
from tests.adapters.shapes import CCXT

Captured = pytest.CaptureFixture[str]
ARGUMENTS = ["--account", "me", "--equity", "me=100"]


class BaseError(Exception):
    """What every error of ccxt is."""


class AuthenticationError(BaseError):
    """No key, or a wrong one."""


class Exchange:
    """An exchange that answers with texts once it is asked for them."""

    number: Any = float
    seen: dict[str, Any]

    def __init__(self, given: dict[str, Any]) -> None:
        """Remember what was given."""
        type(self).seen = given

    def fetch_positions(self) -> Any:
        """Return positions, or refuse as real ones do."""
        if "apiKey" not in self.seen:
            raise AuthenticationError("needs apiKey")
        if self.seen["apiKey"] == "down":
            raise BaseError("GET https://venue/?key=down: not\navailable")
        assert self.number is str
        return CCXT


@pytest.fixture(autouse=True)
def ccxt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a ccxt where the adapter looks for one, and no key into the environment."""
    module = ModuleType("ccxt")
    parts = {"exchanges": ["venue"], "venue": Exchange, "BaseError": BaseError}
    module.__dict__.update(parts, AuthenticationError=AuthenticationError)
    monkeypatch.setitem(sys.modules, "ccxt", module)
    for variable in ENVIRONMENT.values():
        monkeypatch.delenv(variable, raising=False)


def test_live_when_a_key_is_in_the_environment_then_positions_are_ranked(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """The same as from a file; no number becomes a float on the way."""
    monkeypatch.setenv("DELEVERAGE_API_KEY", "k")
    assert call(["queue", "live:venue", *ARGUMENTS]) == 0
    captured = capsys.readouterr()
    assert "longs in BTC/USDT:USDT at 65,000" in captured.out
    assert captured.err == "read as positions of ccxt\n"
    assert Exchange.seen == {"apiKey": "k", "enableRateLimit": True}


@pytest.mark.parametrize(
    ("exchange", "key", "words"),
    [
        ("venue", "", "live:venue: the exchange asks for a key: DELEVERAGE_API_KEY"),
        ("venue", "down", "live:venue: BaseError: GET https://venue/?key=***: not\\navailable"),
        ("venu", "k", "live:venu: exchange 'venu' is unknown to ccxt, nearest is 'venue'"),
        ("", "k", "live:: exchange '' is unknown to ccxt"),
    ],
)
def test_live_when_the_exchange_refuses_then_it_is_told_in_words(
    exchange: str, key: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Exit code 2, one sentence, and never the key."""
    monkeypatch.setenv("DELEVERAGE_API_KEY", key)
    assert call(["queue", f"live:{exchange}", *ARGUMENTS]) == 2
    assert words in capsys.readouterr().err


def test_live_when_ccxt_is_not_installed_then_says_how(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """The extra's name."""
    monkeypatch.setitem(sys.modules, "ccxt", None)
    assert call(["queue", "live:venue", *ARGUMENTS]) == 2
    assert "pip install 'deleverage[live]'" in capsys.readouterr().err
