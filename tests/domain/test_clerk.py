"""A clerk: answers of a plain domain, each of them durable before it is told, and each key one command for ever."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from deleverage.documents import BadDocument
from deleverage.domain.clerk import Clerk
from deleverage.domain.domain import Domain
from deleverage.domain.keeper import Settings
from deleverage.domain.outcomes import Acknowledged, KeyReused, Unwritten
from deleverage.journal.block import Block, read_block
from deleverage.journal.entry import Entry
from deleverage.journal.faults import JournalFault, Why
from deleverage.rulebook.book import Tier
from deleverage.rulebook.messages import (
    Code,
    Command,
    Deposit,
    ListMarket,
    MarkUpdate,
    OpenAccount,
    Rejection,
    RunStep,
    SetMarks,
    Trade,
)
from deleverage.rulebook.quantities import END_NS
from tests.domain.asking import SEED, acknowledged, again, asked, batch, control, done, new
from tests.torture.script import RULES, TERMS, command, key

LAST = 60
OTHER = OpenAccount(time_ns=0, account_id="other")
WRONG = Deposit(time_ns=0, unit_id="a0", amount_quanta="1")  # type: ignore[arg-type]


def entries(folder: Path) -> list[Entry]:
    """Return what a closed journal holds."""
    journal = again(folder)
    found = list(journal.entries())
    journal.close()
    return found


@pytest.mark.parametrize("size", [1, 7, LAST])
def test_clerk_when_commands_come_in_batches_then_answers_and_state_are_those_of_a_plain_domain(
    tmp_path: Path, size: int
) -> None:
    """How many are done at once changes nothing; a batch is one block."""
    clerk = Clerk(new(tmp_path))
    told = [one for first in range(1, LAST + 1, size) for one in done(clerk, batch(first, min(LAST, first + size - 1)))]
    plain = Domain.open(RULES)
    expected = plain.submit(command(SEED, number) for number in range(1, LAST + 1))
    assert [acknowledged(one).answer for one in told] == expected
    assert [acknowledged(one).seq for one in told] == list(range(1, LAST + 1))
    assert clerk.look(lambda domain, journal: domain.digest()) == plain.digest()
    assert clerk.look(lambda domain, journal: journal.mark.number) == -(-LAST // size)
    clerk.end()
    assert [(one.key, one.answer) for one in entries(tmp_path)] == [
        (key(SEED, number), answer) for number, answer in enumerate(expected, 1)
    ]


def test_clerk_when_it_ends_and_another_begins_then_the_state_goes_on(tmp_path: Path) -> None:
    """Restarts at every command come to the digest of a run without any."""
    new(tmp_path).close()
    for number in range(1, 21):
        clerk = Clerk(again(tmp_path))
        done(clerk, batch(number, number))
        clerk.end()
    assert Clerk(again(tmp_path)).look(lambda domain, journal: domain.digest()) == control(20).digest()


# -- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("checkpoint_every", [1, 1_000])
def test_clerk_when_keys_are_asked_again_then_everybody_gets_the_same_answer_and_receipt(
    tmp_path: Path, checkpoint_every: int
) -> None:
    """In the same life, after the keys were noted at a checkpoint, and after a restart."""
    settings = Settings(checkpoint_every=checkpoint_every)
    clerk = Clerk(new(tmp_path), settings=settings)
    first = [acknowledged(one) for one in done(clerk, batch(1, LAST))]
    second = done(clerk, batch(1, LAST))
    clerk.end()
    clerk = Clerk(again(tmp_path), settings=settings)
    third = done(clerk, list(reversed(batch(1, LAST))))
    assert [one.again for one in first] == [False] * LAST
    assert second == [one._replace(again=True) for one in first]
    assert third == list(reversed(second))
    assert clerk.look(lambda domain, journal: journal.seq) == LAST


def test_clerk_when_many_ask_again_then_each_block_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restart everybody who was not answered asks again, and shares what was read."""
    clerk = Clerk(new(tmp_path))
    for first in range(1, LAST + 1, 20):
        done(clerk, batch(first, first + 19))
    read = []

    def noted(content: bytes) -> Block:
        read.append(content)
        return read_block(content)

    monkeypatch.setattr("deleverage.domain.clerk.read_block", noted)
    done(clerk, list(reversed(batch(1, LAST))))
    assert len(read) == 3


@pytest.mark.parametrize("restart", [False, True])
def test_clerk_when_a_key_says_something_else_then_it_is_refused_and_nothing_is_done(
    tmp_path: Path, restart: bool
) -> None:
    """The refusal names key and command; also a command that has no text is another one."""
    clerk = Clerk(new(tmp_path))
    done(clerk, batch(1, 5))
    if restart:
        clerk.end()
        clerk = Clerk(again(tmp_path))
    for other in (OTHER, WRONG, replace(command(SEED, 3), time_ns=77)):
        (told,) = done(clerk, [asked(3, instead=other)])
        assert isinstance(told, KeyReused)
        assert (told.key, told.seq) == (key(SEED, 3), 3)
    assert clerk.look(lambda domain, journal: (domain.digest(), journal.seq)) == (control(5).digest(), 5)


def test_clerk_when_twins_come_in_one_batch_then_one_is_done_and_the_other_gets_its_answer(tmp_path: Path) -> None:
    """Three times the same key: one block with one command."""
    clerk = Clerk(new(tmp_path))
    first, *others = [acknowledged(one) for one in done(clerk, [asked(1), asked(1), asked(1)])]
    assert [one.again for one in (first, *others)] == [False, True, True]
    assert [one._replace(again=False) for one in others] == [first, first]
    assert clerk.look(lambda domain, journal: journal.seq) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_clerk_when_twins_say_different_things_then_the_first_in_line_is_done_and_the_other_refused(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    """Whichever stands first."""
    clerk = Clerk(new(tmp_path))
    line = [(asked(1), asked(1, instead=OTHER))[at] for at in order]
    first, second = done(clerk, line)
    assert acknowledged(first).seq == 1
    assert isinstance(second, KeyReused)
    assert clerk.look(lambda domain, journal: [one.command for one in journal.entries()]) == [line[0].command]


def test_clerk_when_a_command_is_not_of_its_types_then_it_is_refused_and_its_key_stays_free(tmp_path: Path) -> None:
    """It has no text, so it is in no journal; its twin behind it is a command of its own."""
    clerk = Clerk(new(tmp_path))
    done(clerk, batch(1, 20))
    lawful = replace(WRONG, amount_quanta=1, time_ns=10**12)
    refused, done_, before = done(clerk, [asked(0, "k", WRONG), asked(0, "k", lawful), asked(21)])
    assert isinstance(refused, Unwritten)
    assert isinstance(refused.answer, Rejection)
    assert (acknowledged(before).seq, acknowledged(done_).seq, acknowledged(done_).again) == (21, 22, False)
    assert clerk.look(lambda domain, journal: journal.seq) == 22


@pytest.mark.parametrize(
    "command",
    [
        SetMarks(time_ns=10**12, marks=(MarkUpdate("X", 1_000, 10**300),), confirmed=True),
        ListMarket(time_ns=10**12, terms=replace(TERMS, market_id="Y", tiers=(Tier(0, 0, 0), Tier(10**300, 0, 0)))),
    ],
    ids=["sources", "a tier"],
)
def test_clerk_when_the_law_would_have_what_no_document_can_hold_then_it_is_not_done(
    tmp_path: Path, command: Command
) -> None:
    """Numbers without end are lawful in some places: one such command must not stop everybody's journal."""
    clerk = Clerk(new(tmp_path))
    done(clerk, batch(1, 20))
    (answer,) = control(20).what_if([command]).answers
    assert not isinstance(answer, Rejection)
    before, refused, behind = done(clerk, [asked(21), asked(0, "k", command), asked(22)])
    assert isinstance(refused, BadDocument)
    assert [acknowledged(one).seq for one in (before, behind)] == [21, 22]
    assert (clerk.read_only, clerk.look(lambda domain, _: domain.digest())) == (None, control(22).digest())


@pytest.mark.parametrize(
    "command",
    [
        Deposit(time_ns=10**12, unit_id="a0", amount_quanta=10**300),
        Deposit(time_ns=10**12, unit_id="a0", amount_quanta=10**5_000),
        Trade(time_ns=10**12, market_id="X", buyer_unit_id="a0", seller_unit_id="a1", lots=10**300, price_ticks=1_000),
        Deposit(time_ns=10**300, unit_id="a0", amount_quanta=5),
        RunStep(time_ns=10**300),
        ListMarket(time_ns=10**12, terms=replace(TERMS, market_id="Y", expiry_ns=10**300)),
        replace(command(SEED, 1), time_ns="now"),  # type: ignore[arg-type]
        WRONG,
    ],
    ids=["an amount", "a larger one", "lots", "a time", "a time of a step", "an expiry", "a word", "another word"],
)
def test_clerk_when_a_refused_command_has_no_text_then_its_asker_gets_the_refusal(
    tmp_path: Path, command: Command
) -> None:
    """It is not in the journal, and the others are."""
    clerk = Clerk(new(tmp_path))
    done(clerk, batch(1, 20))
    refused, behind = done(clerk, [asked(0, "k", command), asked(21)])
    assert isinstance(refused, Unwritten)
    assert acknowledged(behind).seq == 21


def test_clerk_when_a_time_is_behind_the_last_one_then_the_refusal_is_in_the_journal(tmp_path: Path) -> None:
    """It has a text, like any other; the last time is done, and nothing has an earlier one after it."""
    clerk = Clerk(new(tmp_path))
    done(clerk, batch(1, 20))
    last = Deposit(time_ns=END_NS - 1, unit_id="a0", amount_quanta=5)
    answers = [
        acknowledged(one).answer
        for one in done(
            clerk,
            [
                asked(0, "late", replace(last, time_ns=END_NS)),
                asked(0, "last", last),
                asked(0, "again", last),
                asked(21),
            ],
        )
    ]
    codes = [one.code if isinstance(one, Rejection) else None for one in answers]
    assert codes == [Code.BAD_TIME, None, None, Code.TIME_BACKWARDS]
    assert clerk.look(lambda domain, journal: journal.seq) == 24


def test_clerk_when_only_commands_without_text_come_then_nothing_is_written(tmp_path: Path) -> None:
    """No block is empty."""
    clerk = Clerk(new(tmp_path))
    told = done(clerk, [asked(0, f"k{at}", WRONG) for at in range(3)])
    assert [type(one) for one in told] == [Unwritten] * 3
    assert clerk.look(lambda domain, journal: journal.mark.number) == 0


def test_clerk_when_somebody_took_a_question_back_then_it_is_not_done_and_the_others_are(tmp_path: Path) -> None:
    """Cancelled in line: as if it had never come; begun, it cannot be cancelled."""
    clerk = Clerk(new(tmp_path))
    line = batch(1, 5)
    assert line[4].future.cancel()
    clerk.do(line)
    assert [acknowledged(one.future.result(0)).seq for one in line[:4]] == [1, 2, 3, 4]
    assert line[4].future.cancelled()
    assert not line[0].future.cancel()
    assert clerk.look(lambda domain, journal: domain.digest()) == control(4).digest()


# -- time -------------------------------------------------------------------------------------------------------------


def test_clerk_when_it_gives_the_time_then_a_batch_has_one_and_a_key_asked_later_is_the_same_command(
    tmp_path: Path,
) -> None:
    """What commands say of their time is replaced, and is no difference between them."""
    clerk = Clerk(new(tmp_path), stamp=lambda last_ns: last_ns + 10)
    for first in (1, 4, 7):
        done(clerk, batch(first, first + 2))
    (told,) = done(clerk, [asked(5, instead=replace(command(SEED, 5), time_ns=9_999))])
    (other,) = done(clerk, [asked(5, instead=OTHER)])
    times = clerk.look(lambda domain, journal: [one.command.time_ns for one in journal.entries()])
    assert times == [10, 10, 10, 20, 20, 20, 30, 30, 30]
    assert all(one <= two for one, two in pairwise(times))
    assert (acknowledged(told).seq, acknowledged(told).again) == (5, True)
    assert isinstance(other, KeyReused)
    assert isinstance(told, Acknowledged)


def test_clerk_when_a_batch_is_refused_then_the_next_time_follows_its_time(tmp_path: Path) -> None:
    """The book's time stands still then; were it asked alone, times in the journal would go back."""
    lasts: list[int] = []

    def stamp(last_ns: int) -> int:
        lasts.append(last_ns)
        return last_ns + 10

    clerk = Clerk(new(tmp_path), stamp=stamp)
    for number in range(3):
        (told,) = done(clerk, [asked(0, f"k{number}", Deposit(time_ns=0, unit_id="nobody", amount_quanta=1))])
        assert isinstance(acknowledged(told).answer, Rejection)
    assert (lasts, clerk.look(lambda domain, _: domain.book.time_ns)) == ([0, 10, 20], 0)


def test_clerk_when_another_one_wrote_to_its_journal_then_it_halts_and_goes_back_to_what_is_there(
    tmp_path: Path,
) -> None:
    """It knew nothing of that: even a refusal of its own might not be the law's any more."""
    journal = new(tmp_path)
    one, other = Clerk(journal), Clerk(journal)
    done(one, batch(1, 2))
    (error,) = done(other, [asked(1, "another")])
    assert isinstance(error, JournalFault)
    assert (error.why, error.found, error.expected) == (Why.UNLAWFUL, "0", "2")
    digests = [clerk.look(lambda domain, journal: (domain.digest(), journal.seq)) for clerk in (one, other)]
    assert digests[0] == digests[1]
    journal.close()
