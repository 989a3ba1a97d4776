"""``deleverage why``: the answer in plain words, with the numbers that anybody can recompute by hand."""

from pathlib import Path
from typing import Any

import pytest

from deleverage.cli import call
from tests.cli.journals import copied, journal_of, tampered
from tests.cli.test_documents import check

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the journals of some stories; nobody writes to them."""
    made = tmp_path_factory.mktemp("made")
    for story in ("six-longs", "clawback", "approval", "hedge-mode", "fund-empties"):
        journal_of(made, story)
    journal_of(made, "one-bankrupt", "--venue", "dydx-v4")
    return made


def said(capsys: Captured, folder: Path, story: str, account: str, name: str) -> str:
    """Return what is printed, every run of blanks one blank."""
    capsys.readouterr()
    assert call(["why", str(folder / f"{story}.db"), account, name]) == 0
    return " ".join(capsys.readouterr().out.split())


def told(capsys: Captured, folder: Path, story: str, account: str, name: str) -> dict[str, Any]:
    """Return the document, compared with its schema."""
    capsys.readouterr()
    assert call(["why", str(folder / f"{story}.db"), account, name, "--json"]) == 0
    return check(capsys.readouterr().out, "why")


@pytest.mark.parametrize(
    ("story", "account", "name", "sentences"),
    [
        (
            "six-longs",
            "long-2",
            "1",
            [
                "long-2 in step 1 of six-longs: 10 lots closed",
                "20 lots of bankrupt shorts in XYZ, the mark is 660: short-20 (20 lots, still 200.00 USD below zero)",
                "the fund held 0.00 USD when the step began and paid 0.00 USD in it",
                "rank 1 of 6 by its score of 6.0: 0 lots stood before it, 20 lots were needed when its turn came",
                "profit 6,000.00 USD at the mark, cost 600.00 USD, value 6,600.00 USD, 10 lots",
                "equity 11,000.00 USD, maintenance 33.00 USD",
                "all 10 of its lots: a queue takes each wholly before the next one is asked",
                "10 lots of XYZ at 650, -100.00 USD against the mark. The price rule asks for 200.00 USD",
                "on 20 closed lots, equal per lot, at most its equity of 11,000.00 USD",
                "it gave up its even share of 10/20",
                "against their own entry these lots made 5,900.00 USD",
                "queue-bitmex: Close the candidates at the front of a queue",
                "Score: PnL percentage x effective leverage in profit",
                "price bankruptcy: Ask for the whole shortfall",
                "before: +10 XYZ; equity 11,000.00 USD after: no position; equity 10,900.00 USD",
            ],
        ),
        ("six-longs", "long-5", "1.1", ["10 of its 20 lots: no more were needed", "10 lots stood before it"]),
        (
            "six-longs",
            "long-3",
            "1",
            [
                "nothing was closed or cut",
                "not asked: rank 6 of 6 by its score of 1.0; 80 lots stood before it",
                "and the 20 lots that were closed ended at rank 2",
            ],
        ),
        ("six-longs", "short-20", "1", ["bankrupt itself: 20 lots of XYZ taken over by others", "at 650, 200.00 USD"]),
        (
            "clawback",
            "late",
            "2",
            [
                "33 USD cut",
                "33 USD taken by the loss rule clawback: its part of 100 USD of debts that no lots carry",
                "borne by 3 units; at most 200 USD of it could be taken; 33 USD are owed back",
            ],
        ),
        ("clawback", "early", "1", ["no lots were closed against anybody in this step", "nothing was done to it"]),
        ("approval", "bo", "1", ["not asked, nor was anybody in this round: more was not approved"]),
        ("approval", "al", "2", ["left uncovered because of approval: +6 XYZ and a shortfall of 60.00 USD"]),
        (
            "hedge-mode",
            "maker",
            "1",
            ["10 lots of A/short at 84", "it holds 10 lots on other legs, which may have lost their hedge"],
        ),
        ("hedge-mode", "rest", "1", ["it had no position in A: there was nothing to close"]),
        ("fund-empties", "carol", "2", ["the fund held 20.00 USD when the step began and paid 20.00 USD in it"]),
        (
            "one-bankrupt",
            "dave",
            "1",
            ["rank 1 of 3: 0 lots stood before it, 10 lots were needed", "asks it for what was missing on these lots"],
        ),
        ("one-bankrupt", "bob", "1", ["it never stood first when the queue was asked again"]),
    ],
)
def test_why_when_asked_then_says_it_in_numbers(
    story: str, account: str, name: str, sentences: list[str], folder: Path, capsys: Captured
) -> None:
    """Closed whole and in part, behind the last one, bankrupt, cut, not approved, hedged, absent, one by one."""
    text = said(capsys, folder, story, account, name)
    for sentence in sentences:
        assert sentence in text


@pytest.mark.parametrize(
    ("story", "account", "name"),
    [
        ("six-longs", "long-2", "1"),
        ("six-longs", "long-3", "1"),
        ("six-longs", "short-20", "1"),
        ("clawback", "late", "2"),
        ("approval", "al", "2"),
        ("hedge-mode", "maker", "1"),
        ("one-bankrupt", "dave", "1"),
    ],
)
def test_document_of_why_when_printed_then_its_schema_accepts_it(
    story: str, account: str, name: str, folder: Path, capsys: Captured
) -> None:
    """Every kind of standing and event."""
    assert told(capsys, folder, story, account, name)["account"] == account


def test_document_of_why_when_read_then_it_has_the_numbers_of_the_fact(folder: Path, capsys: Captured) -> None:
    """Money as exact decimals of the story's currency."""
    found = told(capsys, folder, "six-longs", "long-5", "1")
    (unit,) = found["rounds"][0]["units"]
    (closing,) = unit["closings"]
    assert (unit["standing"], closing["rank"], closing["of"], closing["score"]) == ("closed", "2", "6", "5.0")
    assert (closing["needed_lots"], closing["lots_before"], closing["closed_lots"]) == ("10", "20", "10")
    assert (closing["money_against_mark"], closing["most"], closing["fill"]["price"]) == ("100", "26400", "650")
    assert found["units"] == {"money": "USD", "quantum": "0.01"}


def test_why_when_round_or_account_is_unknown_then_the_nearest_are_named(folder: Path, capsys: Captured) -> None:
    """Exit code 2."""
    path = str(folder / "approval.db")
    for arguments, sentence in (
        (["al", "9"], "there is no round 9, the journal has 5, 4, 3, 2, 1"),
        (["al", "2.7"], "there is no round 2.7, the journal has 2, 1, 3, 4, 5"),
        (["ol", "2"], "account 'ol' is unknown when the step begins, nearest is 'bo'"),
    ):
        assert call(["why", path, *arguments]) == 2
        assert sentence in capsys.readouterr().err


def test_why_when_the_journal_does_not_tell_the_truth_then_exit_code_4(
    folder: Path, tmp_path: Path, capsys: Captured
) -> None:
    """A hash that does not follow is no bad input of who asks."""
    journal = copied(folder / "six-longs.db", tmp_path)
    tampered(journal, "UPDATE block SET chain_hash = zeroblob(32) WHERE number = 1")
    assert call(["why", str(journal), "long-2", "1", "--json"]) == 4
    assert check(capsys.readouterr().out, "refusal")["exit_code"] == 4


def test_why_when_a_journal_names_no_currency_then_money_is_in_quanta(tmp_path: Path, capsys: Captured) -> None:
    """Who embeds a domain need not say what a quantum is."""
    from deleverage.domain.recorded import RecordedDomain
    from deleverage.journal import local
    from tests.domain.forged import pairs_of

    rules, pairs = pairs_of("six-longs")
    domain = RecordedDomain(local.create(str(tmp_path / "plain.db"), "plain", rules))
    domain.submit([command for command, _ in pairs])
    domain.journal.close()
    assert "equity 1,100,000 quanta" in said(capsys, tmp_path, "plain", "long-2", "1")
