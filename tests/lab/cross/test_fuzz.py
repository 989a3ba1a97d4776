"""Seeded damage to books and options: answered with 0, 2 or 3, in words, lots that add up, never a traceback."""

import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from fractions import Fraction
from io import StringIO
from pathlib import Path
from random import Random

import pytest

from deleverage.cli import call
from deleverage.lab.cross.book import CrossBook
from deleverage.lab.cross.rules import RULES as RULES_OF
from deleverage.lab.cross.rules import Closed, pro_rata
from tests.cli import mutate
from tests.lab.cross.test_command import BOOK
from tests.lab.cross.test_command import document as checked

RULES = ("pro-rata", "gross-leverage", "factor", "programme")


def arguments_of(random: Random, folder: Path) -> list[str]:
    """Write a damaged book below a folder and return a command line that reads it."""
    folder.mkdir()
    book = folder / "book.csv"
    book.write_text(mutate.text(random, BOOK) if random.random() < 0.4 else BOOK, "utf-8", newline="")
    given = ["--scenarios", random.choice(("1", "9", "20", "50", random.choice(mutate.NUMBERS)))]
    for option, coin in (("reduce", "BTC"), ("reduce", "ETH"), ("beta", "ETH")):
        if random.random() < 0.5:
            given.append(
                f"--{option}={coin}={random.choice(('1', '-2', '2', '40', '-7', random.choice(mutate.NUMBERS)))}"
            )
    for scale in ("factor", "own"):
        if random.random() < 0.4:
            given.append(f"--{scale}={random.choice(('0', '1', '0.3', '0.7', random.choice(mutate.NUMBERS)))}")
    return ["lab", "cross", str(book), *given, "--json"]


def wrong(seed: int, folder: Path) -> str:
    """Return what is not answered as it should be, or ""."""
    arguments, out, err = arguments_of(Random(seed), folder / str(seed)), StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = call(arguments)
    if code not in (0, 2, 3) or "Traceback" in err.getvalue():
        return f"{seed}: code {code}: {err.getvalue()[-300:]}"
    if code == 2:
        return "" if json.loads(out.getvalue())["faults"] else f"{seed}: a refusal that is none"
    found = checked(out.getvalue())
    for leg in found["legs"]:
        rows = [row for row in found["reductions"] if (row["coin"], row["side"]) == (leg["coin"], leg["side"])]
        for rule in RULES:
            closed = [Fraction(row["closed"][rule]) for row in rows]
            held = [Fraction(row["held"]) for row in rows]
            if sum(closed) != Fraction(leg["closed"]) or any(
                not 0 <= k <= q for k, q in zip(closed, held, strict=True)
            ):
                return f"{seed}: {rule} of {leg['coin']} {leg['side']}: {closed} of {held}"
    return ""


def test_cross_when_files_and_options_are_damaged_then_it_answers_in_words(tmp_path: Path) -> None:
    """300 seeds, more than a third of which are answered with lots."""
    assert [told for seed in range(300) if (told := wrong(seed, tmp_path))] == []


def test_cross_when_the_document_is_planted_with_a_lot_too_many_then_the_hunt_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: one rule closes a lot more than the others."""

    def greedy(book: CrossBook, required: Sequence[int]) -> Closed:
        lots = pro_rata(book, required).lots
        lots[0] += 1
        return Closed(lots)

    monkeypatch.setitem(RULES_OF, "pro-rata", greedy)
    assert any(wrong(seed, tmp_path) for seed in range(20))
