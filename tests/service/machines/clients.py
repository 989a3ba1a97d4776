"""Clients: each hands in its commands batch after batch, and asks again under the same keys until it is told."""

import http.client
import json
import threading
import time
from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any

from deleverage.documents import encode
from deleverage.rulebook.messages import Command, OpenAccount
from tests.service.bus.running import Front

Json = dict[str, Any]
PATIENCE_S = 15
AGAIN = ("UNKNOWN_OUTCOME", "BUSY", "READ_ONLY", "NOT_READY", "TOO_MANY", "NO_FRESH_MARK")
"""Refusals behind which the same is asked again; every other one is a fault."""


class Client(threading.Thread):
    """Hands in deposits and withdrawals of its own account. ``told`` is what it was acknowledged: key and sequence."""

    def __init__(self, number: int, seed: int, fronts: list[Front], ends: threading.Event) -> None:
        """Begin with ``start``; it ends when all that it handed in is acknowledged."""
        super().__init__(daemon=True, name=f"client {number}")
        self._rng, self._fronts, self._ends = Random(f"{seed} client {number}"), fronts, ends
        self._account, self._batch = f"c{number}", 0
        self.told: dict[str, Json] = {}
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter()
        self.longest_s = 0.0

    def run(self) -> None:
        """Hand in batch after batch."""
        try:
            self._hand_in([_without_time(OpenAccount(time_ns=0, account_id=self._account))])
            while not self._ends.is_set():
                self._hand_in([self._one() for _ in range(self._rng.randrange(1, 6))])
        except Exception as error:
            self.faults.append(f"{self.name}: {type(error).__name__}: {error}")

    def _one(self) -> Json:
        kind = "Deposit" if self._rng.random() < 0.8 else "Withdraw"
        return {"kind": kind, "unit_id": self._account, "amount_quanta": str(self._rng.randrange(1, 1_000))}

    def _hand_in(self, commands: list[Json]) -> None:
        keys = [f"{self._account}-{self._batch}-{at}" for at in range(len(commands))]
        self._batch += 1
        waiting = dict(zip(keys, commands, strict=True))
        began = time.monotonic()
        while waiting:
            for result in self._ask(waiting):
                if result["outcome"] == "refused":
                    self._refused(result)
                else:
                    self._acknowledged(result)
                    del waiting[result["key"]]
            if waiting:
                self.counts["asked again"] += 1
                time.sleep(0.05 + self._rng.random() * 0.2)
        self.longest_s = max(self.longest_s, time.monotonic() - began)

    def _acknowledged(self, result: Json) -> None:
        self.counts["acknowledged"] += 1
        self.counts["told again"] += bool(result["again"])
        self.told[result["key"]] = result

    def _refused(self, result: Json) -> None:
        code = result["problem"]["code"]
        self.counts[code] += 1
        if code not in AGAIN:
            self.faults.append(f"{self.name}: {result['key']}: {result['problem']}")

    def _ask(self, waiting: dict[str, Json]) -> list[Json]:
        """Return the results of a batch at some front; none where it did not answer."""
        front = self._rng.choice(self._fronts)
        body = {"commands": [{"key": key, "command": command} for key, command in waiting.items()]}
        connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=PATIENCE_S)
        try:
            connection.request("POST", "/v1/commands", json.dumps(body), {"content-type": "application/json"})
            answer = connection.getresponse()
            document = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.counts["no answer"] += 1
            return []
        finally:
            connection.close()
        if "results" in document:
            results: list[Json] = document["results"]
            return results
        self._refused({"key": "a batch", "problem": document})
        return []


def _without_time(command: Command) -> Json:
    document: Any = encode(Command, command)
    del document["time_ns"]
    return dict(document)


class Marker(threading.Thread):
    """Hands in a mark of the one market every now and then: behind it a step is run, and the gate opens."""

    def __init__(self, seed: int, fronts: list[Front], ends: threading.Event) -> None:
        """Begin with ``start``."""
        super().__init__(daemon=True, name="marker")
        self._rng, self._fronts, self._ends = Random(f"{seed} marks"), fronts, ends
        self.marks = 0

    def run(self) -> None:
        """Hand in marks; who does not answer is asked again with the next one."""
        while not self._ends.wait(0.3):
            with suppress(OSError, ValueError, http.client.HTTPException):
                answer = self._rng.choice(self._fronts).mark(self._rng.randrange(900, 1_100))
                self.marks += "results" in answer
