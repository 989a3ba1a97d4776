"""Who looked at who is next: noted before the answer, chained, anchored; and what a trader is shown of an answer."""

import asyncio
import random
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deleverage.cli import call
from deleverage.documents import encode
from deleverage.journal import anchor
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import FilesToRead, SystemFiles
from deleverage.journal.local import create
from deleverage.journal.papers import Head
from deleverage.rulebook import messages as m
from deleverage.scenarios.loader import load
from deleverage.service import access
from deleverage.service.acts import Act, LookAtRound, WaitForRounds
from deleverage.service.counter import Counter
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code, Problem
from deleverage.service.read_file import ReadFile, checked, reads_of
from deleverage.service.reads import MASS, Reads
from deleverage.service.rounds.prepared import PreparedView
from deleverage.service.sight import seen
from tests.service.doors import Clock, keys_of_roles, open_for_service, served, signer

ANN = Principal("ann-1", "ann", frozenset({Role.AUDITOR}))


@pytest.fixture(name="head")
def _head(tmp_path: Path) -> Head:
    journal = create(str(tmp_path / "j.db"), "test", load("crash").rules)
    journal.close()
    return journal.head


def path_of(folder: Path) -> str:
    """Return where the file of reads lies."""
    return reads_of(str(folder / "j.db"))


def noted(folder: Path, head: Head) -> list[dict[str, Any]]:
    """Return every note of the file, checked."""
    path = path_of(folder)
    with open(path, "rb") as file:
        return list(checked(iter(file), anchor.read(FilesToRead().open(f"{path}.anchor")), head))


def written(folder: Path, head: Head, count: int) -> None:
    """Write so many notes, opened anew every third time."""
    for at in range(count):
        if at % 3 == 0:
            file = ReadFile(SystemFiles(), path_of(folder), head)
        file.write([{"key": "k", "what": f"look {at}", "time_ns": "0", "person": "p", "mass": False}])
        if at % 3 == 2 or at == count - 1:
            file.close()


def test_notes_when_many_come_at_once_then_all_are_durable_when_they_are_told(tmp_path: Path, head: Head) -> None:
    """And numbered without a gap; a mass read is pointed at."""
    reads = Reads(ReadFile(SystemFiles(), path_of(tmp_path), head), Clock())

    async def look() -> None:
        await reads.note_read(ANN, "first")
        assert [note["what"] for note in noted(tmp_path, head)] == ["first"]
        await asyncio.gather(*(reads.note_read(ANN, f"look {at}") for at in range(MASS + 10)))

    asyncio.run(look())
    reads.close()
    notes = noted(tmp_path, head)
    assert [note["number"] for note in notes] == [str(at + 1) for at in range(MASS + 11)]
    assert [note["mass"] for note in notes].count(True) == 11 == reads.mass_reads
    assert {note["person"] for note in notes} == {"ann"}


def test_file_when_changed_anywhere_then_the_check_says_so(tmp_path: Path, head: Head) -> None:
    """A flipped bit, a line taken away, put twice or to another place, the end cut off: 400 of 400."""
    written(tmp_path, head, 20)
    path, draw = Path(path_of(tmp_path)), random.Random(3)
    good = path.read_bytes()
    assert len(noted(tmp_path, head)) == 20
    lines = good.splitlines(keepends=True)
    for at in range(400):
        changed = [*lines]
        place = draw.randrange(20)
        if at % 4 == 0:
            raw = bytearray(good)
            raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
            changed = [bytes(raw)]
        elif at % 4 == 1:
            del changed[place]
        elif at % 4 == 2:
            changed.insert(place, changed[draw.randrange(20)])
        else:
            changed = changed[:place]
        path.write_bytes(b"".join(changed))
        with pytest.raises(JournalFault) as fault:
            noted(tmp_path, head)
        assert fault.value.why in (Why.BROKEN_CHAIN, Why.LOST_TAIL)
    path.write_bytes(good)
    assert len(noted(tmp_path, head)) == 20


def test_file_when_a_crash_has_torn_its_end_then_it_goes_on_behind_the_last_whole_line(
    tmp_path: Path, head: Head
) -> None:
    """What was told to nobody may be gone; what was told is there, and the file can be checked."""
    written(tmp_path, head, 4)
    path = Path(path_of(tmp_path))
    for torn in (b"ab12", b"x", b"00" * 32 + b' {"number":"5"'):
        with path.open("ab") as file:
            file.write(torn)
        before = len(noted(tmp_path, head))  # an audit while it is torn, or being written, is no alarm
        written(tmp_path, head, 1)
        assert len(noted(tmp_path, head)) == before + 1


def test_file_when_its_end_is_missing_or_it_is_anothers_then_no_service_starts_on_it(
    tmp_path: Path, head: Head
) -> None:
    """The anchor knows; and two writers at once there are none."""
    written(tmp_path, head, 4)
    path = Path(path_of(tmp_path))
    file = ReadFile(SystemFiles(), str(path), head)
    with pytest.raises(JournalFault) as fault:
        ReadFile(SystemFiles(), str(path), head)
    assert fault.value.why == Why.LOCKED
    file.close()
    good = path.read_bytes()
    path.write_bytes(good[: good.rstrip(b"\n").rindex(b"\n") + 1])
    with pytest.raises(JournalFault) as fault:
        ReadFile(SystemFiles(), str(path), head)
    assert fault.value.why == Why.LOST_TAIL


def test_answer_when_the_look_cannot_be_noted_then_there_is_none(
    tmp_path: Path, head: Head, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that fails closes the window, for good."""
    reads = Reads(ReadFile(SystemFiles(), path_of(tmp_path), head))

    def fail(*_: object) -> None:
        raise OSError(5, "planted")

    monkeypatch.setattr(anchor, "write", fail)
    for _ in range(2):
        with pytest.raises(Problem) as refused:
            asyncio.run(reads.note_read(ANN, "who is next"))
        assert refused.value.code == Code.NOT_READY
        monkeypatch.undo()
    reads.close()


def test_places_when_looked_at_over_http_then_the_command_lists_who_and_when(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By risk operators and auditors; a look of somebody who may not is no look."""
    clock, log = Clock(), Later()
    with served(tmp_path, open_for_service(keys_of_roles(), clock), log) as (client, runner):
        log.reads = Reads(
            ReadFile(SystemFiles(), path_of(tmp_path), runner.ask(lambda domain, journal: journal.head).result()), clock
        )
        for role in ("auditor", "risk-operator", "trader", "viewer"):
            for target in ("/v1/queues/x/long", "/v1/markets"):
                client.get(target, headers=dict(signer(role, clock).headers("GET", target)))
        log.reads.close()
    assert call(["reads", str(tmp_path / "j.db")]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[2] for line in out.splitlines()] == ["auditor", "risk-operator"]
    assert "QueueQuestion(market=x" in out
    assert "PASS: 2 looks" in err
    path = Path(path_of(tmp_path))
    path.write_bytes(path.read_bytes().replace(b"auditor", b"nobodys"))
    assert call(["reads", str(tmp_path / "j.db")]) == 4


class Later:
    """A log that is opened once the journal is there."""

    reads: Reads

    async def note_read(self, principal: Principal, what: str) -> None:
        """Note it."""
        await self.reads.note_read(principal, what)


def sold() -> dict[str, Any]:
    """Return the fact of a bid: a stranger's lots, sold to the key's own account."""
    fills = (m.Fill("b", "x", -1, 1, -7, "auctioned", ""), m.Fill("a/x", "x", 1, -1, 7, "bidder", ""))
    fact = m.AuctionSold(
        seq=1, time_ns=5, unit_id="b", bidder_unit_id="a/x", market_id="x", discount_ppb=9, discount_quanta=7,
        ended="healthy", fills=fills,
    )  # fmt: skip
    document: dict[str, Any] = encode(m.Fact, fact)
    return document


def is_own(name: str) -> bool:
    """Return whether a unit is one of account ``a``."""
    return name.partition("/")[0] == "a"


def test_facts_when_they_name_others_then_a_trader_sees_only_its_own_records() -> None:
    """Its fill is there; the stranger's name, fill and why the auction ended are not."""
    (fact,) = seen({"outcome": "done", "facts": [sold()]}, "Bid", is_own)["facts"]
    assert {"kind": "AuctionSold", "seq": "1", "time_ns": "5", "fills": [sold()["fills"][1]]} == fact


@pytest.mark.parametrize(
    "code", ["UNKNOWN_UNIT", "SELF_TRADE", "UNIT_BANKRUPT", "NO_AUCTION", "MARKET_HALTED", "NO_MARK"]
)
def test_bid_when_refused_before_an_offer_then_a_trader_is_told_one_thing(code: str) -> None:
    """Else a bid would be a question about a stranger's unit."""
    told = {str(seen({"key": "k", "rejection": _rejection(name)}, "Bid", is_own)) for name in (code, "NO_AUCTION")}
    assert len(told) == 1
    assert "b is bankrupt" not in told.pop()
    other = {"key": "k", "rejection": _rejection(code)}
    assert seen(other, "MoveMargin", is_own) == other
    held = {"key": "k", "rejection": _rejection("MORE_THAN_HELD")}
    assert seen(held, "Bid", is_own) == held


def _rejection(code: str) -> dict[str, Any]:
    return {"code": code, "sentence": "b is bankrupt", "found": {"text": code}, "bound": {"text": "b"}}


class Outside:
    """An engine's side with so many plans."""

    def __init__(self, count: int) -> None:
        """Have plans."""
        self.outside, self.plans = self, [PreparedView(round=str(at), state="prepared") for at in range(count)]

    async def do(self, principal: Principal, act: Any) -> Any:
        """Do an act, as an office does."""
        return await act.do(principal, self)

    async def wait(self, _: int) -> list[PreparedView]:
        """Return them."""
        return self.plans

    async def look(self, _: str) -> PreparedView:
        """Return the first."""
        return self.plans[0]


@pytest.mark.parametrize(
    ("act", "plans", "expected"),
    [(WaitForRounds(), 0, 0), (WaitForRounds(), 1, 1), (LookAtRound(round="0"), 1, 1)],
)
def test_plan_when_it_is_shown_to_an_engine_then_the_look_is_noted(act: Act, plans: int, expected: int) -> None:
    """Where there is none, nothing was shown."""
    noted_looks: list[str] = []

    class Log:
        async def note_read(self, principal: Principal, what: str) -> None:
            noted_looks.append(f"{principal.key_id} {what}")

    desk: Any = SimpleNamespace(waiting=0)
    office: Any = Outside(plans)
    counter = Counter(desk, Log(), office=office)
    asyncio.run(counter.act(Principal("c", "c", frozenset({Role.CLEARING})), act))
    assert len(noted_looks) == expected


def test_questions_when_a_trader_may_ask_them_then_they_name_an_account_or_are_everybodys() -> None:
    """What is decided by the account has to have one; of the law's own commands, what names units of the trader's."""
    for kind, roles in access.QUESTIONS.items():
        if Role.TRADER in roles and roles != access.EVERYBODY:
            assert "account" in kind.__struct_fields__, kind
    for command, names in access.OWN_UNITS.items():
        assert set(names) <= {field.name for field in fields(command)}, command
