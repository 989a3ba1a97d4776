"""What the demo's venue tells the service: nothing twice, nothing lost, and every payment counted."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from deleverage.demo.clearing import Clearing
from deleverage.rulebook.messages import Deposit, Withdraw
from deleverage.service.asking import Asker, Away, Json


class Books(Asker):
    """A service that has a journal of keys, and may lose its answer or the request."""

    def __init__(self) -> None:
        self.done: dict[str, Json] = {}
        self.sent: list[str] = []
        self.loses = ""

    def submit(self, keyed: Sequence[Json]) -> list[Json]:
        """Do each command once, however often it comes."""
        if self.loses == "request":
            raise Away("lost")
        results = []
        for one in keyed:
            self.sent.append(one["key"])
            again = one["key"] in self.done
            assert self.done.setdefault(one["key"], one["command"]) == one["command"]
            results.append({"key": one["key"], "outcome": "done", "again": again, "facts": [_fact(one["command"])]})
        if self.loses == "answer":
            raise Away("lost")
        return results


def _fact(command: Json) -> Json:
    amount = command["amount_quanta"]
    if command["kind"] == "Withdraw":
        return {"kind": "MoneyOut", "paid_quanta": amount}
    units = [{"unit_id": command["unit_id"], "amount_quanta": amount}]
    return {"kind": "MoneyIn", "to_units": units, "to_fund_quanta": "0", "to_residual_quanta": "0"}


def _opened(books: Books, outbox: Path) -> Clearing:
    clearing = Clearing(books, outbox)
    clearing.resume(empty=True)
    clearing.note(Deposit(time_ns=0, unit_id="a", amount_quanta=100))
    clearing.send()
    clearing.opened = True
    return clearing


@pytest.mark.parametrize("lost", ["answer", "request"])
def test_resume_when_a_batch_was_not_answered_then_it_is_done_once_and_counted_once(lost: str, tmp_path: Path) -> None:
    """Whether the request was lost or only its answer: the same commands under the same keys."""
    books, outbox = Books(), tmp_path / "outbox.json"
    clearing = _opened(books, outbox)
    clearing.note(Deposit(time_ns=0, unit_id="a", amount_quanta=7))
    clearing.note(Withdraw(time_ns=0, unit_id="a", amount_quanta=3))
    books.loses = lost
    with pytest.raises(Away):
        clearing.send()
    books.loses = ""
    again = Clearing(books, outbox)
    again.resume(empty=False)
    assert again.paid_in_quanta == 104
    assert len(books.done) == 3
    assert (2 if lost == "answer" else 0) == again.counts["again"]


def test_resume_when_all_was_answered_then_new_commands_have_new_keys(tmp_path: Path) -> None:
    """The last batch is told again, and what comes behind it is not mistaken for it."""
    books, outbox = Books(), tmp_path / "outbox.json"
    clearing = _opened(books, outbox)
    clearing.note(Deposit(time_ns=0, unit_id="a", amount_quanta=7))
    clearing.send()
    again = Clearing(books, outbox)
    again.resume(empty=False)
    again.note(Deposit(time_ns=0, unit_id="a", amount_quanta=9))
    again.send()
    assert again.paid_in_quanta == 116
    assert len(books.done) == 3


def test_resume_when_the_opening_was_broken_off_then_it_begins_anew_under_the_same_keys(tmp_path: Path) -> None:
    """Half an opening is finished, not made twice."""
    books, outbox = Books(), tmp_path / "outbox.json"
    first = Clearing(books, outbox)
    first.resume(empty=True)
    first.note(Deposit(time_ns=0, unit_id="a", amount_quanta=100))
    first.send()
    second = Clearing(books, outbox)
    second.resume(empty=False)
    assert not second.opened
    for unit in ("a", "b"):
        second.note(Deposit(time_ns=0, unit_id=unit, amount_quanta=100))
        second.send()
    assert (second.paid_in_quanta, len(books.done)) == (200, 2)


def test_resume_when_the_outbox_is_lost_then_nobody_claims_to_know_what_was_paid_in(tmp_path: Path) -> None:
    """A journal with something in it and no file beside it: unknown, not zero."""
    clearing = Clearing(Books(), tmp_path / "outbox.json")
    clearing.resume(empty=False)
    assert (clearing.opened, clearing.paid_in_quanta) == (True, None)


def test_resume_when_the_journal_is_another_one_then_nothing_of_the_old_is_sent(tmp_path: Path) -> None:
    """An outbox beside a journal that knows no account belongs to a journal that is gone."""
    _opened(Books(), tmp_path / "outbox.json").send()
    books, outbox = Books(), tmp_path / "outbox.json"
    clearing = _opened(books, outbox)
    clearing.note(Deposit(time_ns=0, unit_id="a", amount_quanta=1))
    clearing.send()
    fresh = Books()
    again = Clearing(fresh, outbox)
    again.resume(empty=True)
    assert (again.opened, again.paid_in_quanta, fresh.sent) == (False, 0, [])
