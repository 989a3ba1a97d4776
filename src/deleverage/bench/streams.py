"""A drawn log as the engine's events: one call for the whole of it."""

from typing import Any

import numpy as np

from deleverage.bench.logs import DEPOSIT, FUNDING, MARK, TRADE, WITHDRAW, Log
from deleverage.engine.engine import Engine
from deleverage.engine.kernels import records
from deleverage.rulebook.messages import Rejection

KINDS = np.zeros(5, np.int32)
KINDS[[TRADE, DEPOSIT, WITHDRAW, MARK, FUNDING]] = (
    records.TRADE,
    records.DEPOSIT,
    records.WITHDRAW,
    records.MARK,
    records.FUNDING,
)
"""The engine's kind of each drawn one."""

PART = 1 << 14
"""So many events are translated at once: what lies in between stays in the cache."""


class Stream:
    """Events of a log, one after the other; each is a nanosecond later than the one before."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._time_ns = 0

    def answer(self, log: Log) -> int:
        """Answer some events; how many were refused."""
        told = self._engine.replay(events(log, self._time_ns), len(log))
        self._time_ns += len(log)
        refused = int(np.count_nonzero(told.told["refused"]))
        return refused + sum(isinstance(answer, Rejection) for answer in told.by_law.values())


def events(log: Log, time_ns: int) -> np.ndarray[Any, Any]:
    """Return the engine's events of a drawn log, a row each."""
    found = np.zeros(len(log), records.EVENT)
    for start in range(0, len(log), PART):
        _translate(log[start : start + PART], time_ns + start, found[start : start + PART])
    return found


def _translate(log: Log, time_ns: int, found: np.ndarray[Any, Any]) -> None:
    kind = log["kind"]
    is_trade, is_mark = kind == TRADE, kind == MARK
    found["kind"] = KINDS[kind]
    found["time_ns"] = np.arange(time_ns, time_ns + len(log))
    found["amount"] = np.where(is_trade, log["lots"], np.where(is_mark, 1, log["number"]))
    found["price_ticks"] = np.where(is_trade | is_mark, log["number"], 0)
    found["market"] = log["market"]
    found["one"] = np.where(kind <= WITHDRAW, log["unit"], 0)
    found["other"] = np.where(is_trade, log["other"], 0)
