"""What a venue tells the service, so that nothing is told twice and nothing is lost: its key for clearing, and a file.

Rules of this module: commands are written to a file (the outbox) before they are sent, with their idempotency keys. So
a venue that was killed sends the same again when it starts, and the journal answers what it had with the answer of
then. Money that was paid in is counted from the answers, and stands in the same file: it is what must be there.
"""

import json
import os
from collections import Counter
from pathlib import Path
from time import time_ns

from deleverage.documents import encode
from deleverage.rulebook.messages import Command
from deleverage.service.asking import Asker, Json

AT_ONCE = 1_000
"""Commands of a request."""


class Clearing:
    """The venue's line to the service.

    ``counts``: commands by what became of them; ``opened``: whether the opening is done.
    """

    def __init__(self, asker: Asker, outbox: Path) -> None:
        """Ask with a key that clears; ``resume`` comes first."""
        self._asker, self._path = asker, outbox
        self._run, self._tick = f"{time_ns() // 1_000_000:x}", 0
        self._waiting: list[Json] = []
        self.opened = False
        self.paid_in_quanta: int | None = 0
        self.counts: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many commands are noted and not sent."""
        return len(self._waiting)

    def resume(self, *, empty: bool) -> None:
        """Take up where a venue before has ended; ``empty``: the service knows no account.

        An opening that was broken off is sent from its beginning, under the keys of then. Where there is no file beside
        a journal that has something in it, nobody knows what was paid in: None.
        """
        try:
            kept = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            self.opened = not empty
            self.paid_in_quanta = 0 if empty else None
            return
        if empty and kept["opened"]:  # another journal's
            return
        self._run, self.opened = kept["run"], kept["opened"]
        if self.opened:
            self._tick, paid = kept["tick"], kept["paid_in_quanta"]
            self.paid_in_quanta = None if paid is None else int(paid)
            self._waiting = kept["commands"]
            self._send()

    def note(self, command: Command) -> None:
        """Note a command, to be sent with the next ``send``; its time is the service's to say."""
        document = {name: part for name, part in encode(Command, command).items() if name != "time_ns"}
        self._waiting.append({"key": f"{self._run}-{self._tick}-{len(self._waiting)}", "command": document})

    def send(self) -> list[tuple[str, Json]]:
        """Send what was noted, in order; return each command's kind and what became of it, once that is durable."""
        if not self._waiting:
            return []
        kinds = [one["command"]["kind"] for one in self._waiting]
        self._keep()
        return list(zip(kinds, self._send(), strict=True))

    def _send(self) -> list[Json]:
        results: list[Json] = []
        for first in range(0, len(self._waiting), AT_ONCE):
            results += self._asker.submit(self._waiting[first : first + AT_ONCE])
        self._tick += 1
        self._waiting = []
        for result in results:
            self._count(result)
        return results

    def _count(self, result: Json) -> None:
        code = (result.get("rejection") or result.get("problem") or {}).get("code", "")
        self.counts["again" if result.get("again") else f"{result['outcome']} {code}".strip()] += 1
        for fact in result.get("facts", ()):
            if self.paid_in_quanta is not None:
                self.paid_in_quanta += _paid_in(fact)

    def _keep(self) -> None:
        """Write the outbox: complete, or as it was."""
        paid = None if self.paid_in_quanta is None else str(self.paid_in_quanta)
        place = {"run": self._run, "tick": self._tick, "opened": self.opened}
        document = {**place, "paid_in_quanta": paid, "commands": self._waiting}
        beside = self._path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(document, file, separators=(",", ":"))
        os.replace(beside, self._path)


def _paid_in(fact: Json) -> int:
    """Return how much money a fact brought in; what left is negative."""
    if fact["kind"] == "MoneyIn":
        units = sum(int(payment["amount_quanta"]) for payment in fact["to_units"])
        return units + int(fact["to_fund_quanta"]) + int(fact["to_residual_quanta"])
    return -int(fact["paid_quanta"]) if fact["kind"] == "MoneyOut" else 0
