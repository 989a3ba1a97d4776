"""Seeded damage to files of winners and to options: answered with 0, 2 or 3, in words, never with a traceback."""

import csv
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from fractions import Fraction
from io import StringIO
from pathlib import Path
from random import Random

import pytest

from deleverage.cli import call
from deleverage.lab.policies import arrival
from deleverage.lab.policies.catalogue import WEALTH
from tests.cli import mutate

BOOK = (
    "id,gain,cap,equity,leverage,score,lots,arrived,least_equity,owner\n"
    "a,600.005,500,700,1.5,3,0.5,1,0,x\n"
    'b,300,300,350,10/7,1,0.25,2,10,x\n"c,d é",100.5,50,1000,0,1,1,3,1,y\n'
    "e,-20,0,60,10,2,1,4,1,y\nf,1e2,100,-5,3,9,0.01,5,0,z\n"
)
ROLES = ("cap", "equity", "leverage", "score", "lots", "arrived", "least_equity", "owner")
PARAMETERS = ("lot=10", "g=cvar", "cutoff=1/2", "power=6", "power=7", "orders=3", "seed=9", "ceiling=0.3", "price=100")


def arguments_of(random: Random, folder: Path) -> list[str]:
    """Write a damaged file below a folder and return a command line that reads it."""
    folder.mkdir()
    book = folder / "winners.csv"
    book.write_text(mutate.text(random, BOOK) if random.random() < 0.8 else BOOK, "utf-8", newline="")
    budget = random.choice(("0", "1", "250", "1e3", "949.99", random.choice(mutate.NUMBERS)))
    unit = random.choice(("0.01", "0.01", "1", "0.5", "1e-6", random.choice(mutate.NUMBERS)))
    given = ["--policy", random.choice(sorted(WEALTH.kinds)), "--budget", budget, "--unit", unit]
    given += [f"--column={role}={role}" for role in ROLES if random.random() < 0.5]
    given += ["--param", random.choice(PARAMETERS)] if random.random() < 0.3 else []
    return ["lab", "allocate", str(book), *given, "--out", str(folder / "shares.csv"), "--json"]


def hunt(seeds: range, folder: Path) -> Iterator[str]:
    """Yield what is not answered as it should be."""
    for seed in seeds:
        arguments, out, err = arguments_of(Random(seed), folder / str(seed)), StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = call(arguments)
        document, shares = json.loads(out.getvalue()), folder / str(seed) / "shares.csv"
        if code not in (0, 2, 3) or "Traceback" in err.getvalue():
            yield f"{seed}: code {code}: {err.getvalue()[-300:]}"
        elif code == 2:
            if document["kind"] != "refusal" or not document["faults"] or shares.exists():
                yield f"{seed}: a refusal that is none, or shares in spite of it"
        else:
            rows = csv.DictReader(shares.read_text("utf-8").splitlines())
            taken = sum((Fraction(row["amount"]) for row in rows), Fraction(0))
            rest = Fraction(document["residual"]) - Fraction(document["over"])
            if taken != Fraction(document["allocated"]) or taken + rest != Fraction(document["budget"]):
                yield f"{seed}: {taken} taken, {document['allocated']} said"


def test_allocate_when_its_input_is_damaged_then_every_answer_is_in_words_and_adds_up(tmp_path: Path) -> None:
    """Lines lost, doubled, swapped, cut; numbers of every kind; options that do not go together."""
    assert list(hunt(range(250), tmp_path)) == []


def test_hunt_when_a_defect_is_planted_then_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that divides by nothing."""
    monkeypatch.setattr(arrival.RandomArrival, "split", lambda self, winners, budget: 1 // 0)
    found = list(hunt(range(250), tmp_path))
    assert found
    assert all("ZeroDivisionError" in line for line in found)
