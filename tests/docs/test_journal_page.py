"""The page of the journal is enough to read one: its program shares no code with us and comes to the same hashes."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.domain.recorded import RecordedDomain
from deleverage.journal import local, rows
from deleverage.journal.block import read_block
from deleverage.rulebook import messages as m
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.rules import Rules
from tests.cli.journals import copied, journal_of, tampered
from tests.docs.test_docs import page

TERMS = MarketTerms("X", 1, (Tier(0, 5_000_000, 10_000_000),), 10**6, 10**6, 10**6)


def every_row(path: Path) -> None:
    """Write a journal that has every kind of row, accepted and refused, and two checkpoints."""
    domain = RecordedDomain(local.create(str(path), "rows", Rules()))
    trade = m.Trade(time_ns=1, market_id="X", buyer_unit_id="al", seller_unit_id="bo", lots=10, price_ticks=101)
    domain.submit(
        [
            m.ListMarket(time_ns=0, terms=TERMS),
            m.SetMarks(time_ns=0, marks=(m.MarkUpdate("X", 100),)),
            *(m.OpenAccount(time_ns=0, account_id=name) for name in ("al", "bo")),
            m.OpenAccount(time_ns=0, account_id="cy", hedge=True),
            *(m.Deposit(time_ns=0, unit_id=name, amount_quanta=500) for name in ("al", "bo", "cy")),
            trade,
        ]
    )
    domain.checkpoint()
    domain.submit(
        [
            replace(trade, buyer_unit_id="cy", buyer_side="long", lots=1),
            replace(trade, lots=1_000_00),
            m.AccrueFunding(time_ns=2, market_id="X", rate_ppb=1_234_567),
            m.Withdraw(time_ns=3, unit_id="bo", amount_quanta=7),
            m.Withdraw(time_ns=3, unit_id="al", amount_quanta=501),
            m.SetMarks(time_ns=4, marks=(m.MarkUpdate("X", 98, 3),), confirmed=True),
            m.Deposit(time_ns=4, unit_id="nobody", amount_quanta=7),
        ]
    )
    domain.checkpoint()
    blocks = [read_block(stored.content) for stored in domain.journal.store.blocks()]
    kinds = {
        (kind, code) for block in blocks for kind, code in zip(block.rows["kind"], block.rows["code"], strict=True)
    }
    assert {kind for kind, _ in kinds} == set(range(6))
    assert {code for _, code in kinds} == {0, *rows.REFUSALS.values()}
    domain.journal.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a journal of every row, one of a small crash, and one of a few steps."""
    made = tmp_path_factory.mktemp("made")
    every_row(made / "rows.db")
    journal_of(made, "crash", "--accounts", "80")
    journal_of(made, "six-longs")
    return made


def printed(path: Path) -> str:
    """Return what the page's program prints for a journal; of one that is no journal, nothing."""
    (program,) = re.findall(r"```python\n(.*?)```", page("docs/journal.md"), re.S)
    command = [sys.executable, "-c", program, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("name", ["rows", "crash", "six-longs"])
def test_journal_page_when_its_program_is_run_then_chain_anchor_and_roots_agree(name: str, folder: Path) -> None:
    """Every kind of row, accepted and refused, and the long texts of steps."""
    assert printed(folder / f"{name}.db").endswith(": chain, anchor and roots agree\n")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE block SET content = CAST(content || x'00' AS BLOB) WHERE number = 2",
        "DELETE FROM block WHERE number = 2",
        "UPDATE checkpoint SET content = CAST(replace(content, 'root\":\"', 'root\":\"00') AS BLOB)",
    ],
)
def test_journal_page_when_a_journal_is_changed_then_its_program_says_that_it_differs(
    statement: str, folder: Path, tmp_path: Path
) -> None:
    """A block, one that is missing at the end, a root."""
    journal = copied(folder / "rows.db", tmp_path)
    tampered(journal, statement)
    assert not printed(journal).endswith("agree\n")


def test_journal_page_when_its_transcript_is_run_then_the_lines_of_why_are_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The transcript is shortened, never invented."""
    (block,) = re.findall(r"\$ deleverage why six.db long-2 1\n(.*?)\n\$", page("docs/journal.md"), re.S)
    assert call(["why", str(folder / "six-longs.db"), "long-2", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in block.splitlines() if line != "..." and line not in lines] == []


def test_rows_when_refused_then_the_numbers_of_the_format_stay() -> None:
    """The law's own numbers move whenever a code comes between; what is written once is read for ever."""
    assert {code.name: number for code, number in rows.REFUSALS.items()} == {
        "BELOW_INITIAL_MARGIN": 1,
        "INSUFFICIENT_EQUITY": 2,
    }
