"""What the service did by itself - steps of the waterfall - and whether all money is there.

A venue that hears of a step asks for what it forced, as it would of any clearing house.
"""

from collections import Counter
from typing import NamedTuple

from deleverage.service.asking import Asker, Json

REDUCE, TAKE_OVER, FUND, DELEVERAGE, SOCIALISE = 2, 3, 4, 5, 6
PAGE = 1_000


class Money(NamedTuple):
    """What there is: in accounts and in the fund, less what is named as missing; ``seq``: behind which command."""

    seq: int
    accounts: int
    units_quanta: int
    fund_quanta: int
    residual_quanta: int

    @property
    def all_quanta(self) -> int:
        """All of it."""
        return self.units_quanta + self.fund_quanta - self.residual_quanta


class Watch:
    """Hears of steps; ``lots`` and ``quanta`` are what each stage took since ``begin``, ``steps`` how many acted."""

    def __init__(self, asker: Asker) -> None:
        """Ask with a key that sees steps and sums."""
        self._asker, self._last = asker, 0
        self.begin()

    def begin(self) -> None:
        """Count from here."""
        self.steps, self.rounds = 0, 0
        self.lots, self.quanta = Counter[int](), Counter[int]()
        self.touched: set[str] = set()

    def skip(self) -> None:
        """Care for no step before now."""
        found = self._asker.get("/v1/steps?limit=1")["steps"]
        self._last = int(found[0]["seq"]) if found else 0

    def look(self) -> set[str]:
        """Return the units that were touched by steps since the last look."""
        found, before, units = [], "", set[str]()
        while True:
            page = self._asker.get(f"/v1/steps?limit=20{before}")
            found += [step for step in page["steps"] if int(step["seq"]) > self._last]
            if page["next_before"] is None or int(page["next_before"]) <= self._last:
                break
            before = f"&before={page['next_before']}"
        for step in reversed(found):
            self._note(step)
            facts = self._asker.get(f"/v1/steps/{step['seq']}")["facts"]
            units |= {fill["unit_id"] for fact in facts for fill in fact.get("fills", ())}
        if found:
            self._last = int(found[0]["seq"])
        self.touched |= units
        return units

    def _note(self, step: Json) -> None:
        self.steps += 1
        self.rounds += sum(stage["stage"] == DELEVERAGE for stage in step["stages"])
        for stage in step["stages"]:
            self.lots[stage["stage"]] += int(stage["taken_lots"])
            self.quanta[stage["stage"]] += int(stage["taken_quanta"])

    def fund_quanta(self) -> int:
        """Return what the fund holds now."""
        return _in_fund(self._asker.get("/v1/funds/now"))

    def count_money(self, tries: int = 5) -> Money | None:
        """Return all the money there is at one moment; None where something happened each time it was counted."""
        for _ in range(tries):
            after, rows, seqs = "", list[Json](), set[str]()
            while True:
                page = self._asker.get(f"/v1/accounts?limit={PAGE}&after={after}")
                rows += page["accounts"]
                seqs.add(page["seq"])
                if page["next_after"] is None:
                    break
                after = page["next_after"]
            funds = self._asker.get("/v1/funds/now")
            if seqs == {funds["seq"]}:
                units = sum(int(row["equity_quanta"]) for row in rows)
                return Money(int(funds["seq"]), len(rows), units, _in_fund(funds), int(funds["residual_quanta"]))
        return None


def _in_fund(funds: Json) -> int:
    return sum(int(pool[name]) for pool in funds["pools"] for name in ("cash_quanta", "fees_quanta", "surplus_quanta"))
