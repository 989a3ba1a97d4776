"""Positions read from an exchange, by the extra ``deleverage[live]`` (ccxt): the same objects as a file of them.

The key is read from the environment and goes to ccxt and nowhere else; one that may only read is enough. Numbers are
asked for as texts, so none becomes a float on the way.
"""

import os
from importlib import import_module
from typing import Any

from deleverage.adapters.tables import Fault, TableFault
from deleverage.scenarios.faults import nearest

HOW = "a live read needs an extra: pip install 'deleverage[live]'"
ENVIRONMENT = {
    "apiKey": "DELEVERAGE_API_KEY",
    "secret": "DELEVERAGE_API_SECRET",
    "password": "DELEVERAGE_API_PASSWORD",
    "walletAddress": "DELEVERAGE_WALLET",
}
"""ccxt's names of what an exchange asks for, and the variables in which it is found."""


def fetch_positions(exchange: str) -> Any:
    """Return ccxt's positions of an exchange by its ccxt id; raise TableFault."""
    try:
        ccxt = import_module("ccxt")
    except ImportError:
        raise _refused(exchange, HOW) from None
    if exchange not in ccxt.exchanges:
        raise _refused(exchange, f"exchange {exchange[:40]!a} is unknown to ccxt, {nearest(exchange, ccxt.exchanges)}")
    given = {name: os.environ[variable] for name, variable in ENVIRONMENT.items() if os.environ.get(variable)}
    connection = getattr(ccxt, exchange)({**given, "enableRateLimit": True})
    connection.number = str
    try:
        return connection.fetch_positions()
    except ccxt.AuthenticationError:
        raise _refused(exchange, f"the exchange asks for a key: {', '.join(ENVIRONMENT.values())}") from None
    except ccxt.BaseError as error:
        told = str(error)
        for value in given.values():
            told = told.replace(value, "***")  # Some exchanges take the key in the address, which errors quote.
        raise _refused(exchange, f"{type(error).__name__}: {ascii(told)[1:-1][:200]}") from None


def _refused(exchange: str, sentence: str) -> TableFault:
    return TableFault([Fault(f"live:{ascii(exchange)[1:-1][:40]}", 0, "", sentence)])
