"""``lab allocate``: decimals in, exact decimals out; what is wrong is told at once, and nothing is written then."""

import csv
import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from deleverage.cli import call
from deleverage.lab.policies.catalogue import ALIASES, SEVERITIES, WEALTH, named
from tests.cli.test_documents import check

Captured = pytest.CaptureFixture[str]
BOOK = (
    "user,profit,most,equity,leverage,score,lots,arrived\n"
    "a,600.005,500,700,1.5,3,0.5,1\n"
    'b,300,300,350,2,1,0.25,2\n"c,d é",100.5,50,1000,0,1,1,3\ne,-20,0,60,10,2,1,4\nf,1e2,100,-5,3,9,0.01,5\n'
)
ROLES = {"id": "user", "gain": "profit", "cap": "most"}


def options(budget: str, policy: str, roles: dict[str, str] | None = None) -> list[str]:
    """Return the options of a call."""
    columns = [f"--column={role}={name}" for role, name in (roles or ROLES).items()]
    return ["--policy", policy, "--budget", budget, "--unit", "0.01", *columns]


def play(folder: Path, text: str, given: list[str], capsys: Captured, code: int = 0) -> dict[str, Any]:
    """Return the checked document of one call on a file, with its shares."""
    book, out = folder / "winners.csv", folder / "shares.csv"
    book.write_text(text, "utf-8")
    assert call(["lab", "allocate", str(book), *given, "--out", str(out), "--json"]) == code
    document = check(capsys.readouterr().out, "allocation")
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    document["shares"] = {row["id"]: Decimal(row["amount"]) for row in rows}
    assert list(rows[0]) == ["id", "amount"]
    return document


@pytest.mark.parametrize("policy", sorted(WEALTH.kinds))
def test_allocate_when_any_policy_is_asked_then_its_shares_add_up_and_its_document_says_the_same(
    policy: str, tmp_path: Path, capsys: Captured
) -> None:
    """Amounts are multiples of the unit, within 0 and what each has, and sum to what the document says."""
    found = play(tmp_path, BOOK, options("210.5", policy), capsys)
    shares = found["shares"]
    assert sum(shares.values()) == Decimal(found["allocated"])
    assert Decimal(found["allocated"]) + Decimal(found["residual"]) - Decimal(found["over"]) == Decimal("210.5")
    assert all(amount >= 0 and amount % Decimal("0.01") == 0 for amount in shares.values())
    owned = {"a": 700, "b": 350, "c,d é": 1000, "e": 60, "f": 0} if found["numeraire"] == "equity-USD" else {
        "a": 500, "b": 300, "c,d é": 50, "e": 0, "f": 100}  # fmt: skip
    assert all(shares[name] <= most for name, most in owned.items())
    assert (found["hit"], found["zero"]) == (sum(a > 0 for a in shares.values()), sum(a == 0 for a in shares.values()))
    assert (found["policy"], found["budget"], found["cut"]) == (policy, "210.5", "0.005")
    assert (found["negative_gains"], found["winners"]) == (1, 5)


def test_allocate_when_the_issue_asks_for_pro_rata_then_shares_and_share_are_exact(
    tmp_path: Path, capsys: Captured
) -> None:
    """The share is a fraction, the units of the remainder are counted, and the wiped are those who lose all."""
    text = "id,profit\nx,1\ny,1\nz,1\n"
    given = ["--policy", "pro-rata", "--budget", "2", "--unit", "0.01", "--column", "gain=profit"]
    found = play(tmp_path, text, given, capsys)
    assert found["shares"] == {"x": Decimal("0.67"), "y": Decimal("0.67"), "z": Decimal("0.66")}
    assert (found["parameter"], found["meaning"], found["remainder_units"], found["wiped"]) == ("2/3", "share", 2, 0)
    found = play(tmp_path, text, ["--policy", "queue", "--budget", "1", "--column", "gain=profit"], capsys)
    assert (found["shares"]["x"], found["wiped"], found["parameter"]) == (1, 1, None)


def test_allocate_when_a_level_is_money_then_it_is_told_in_the_files_money(tmp_path: Path, capsys: Captured) -> None:
    """Not in units: 10 and 9 are cut to 7, and a scale per money is one over it."""
    text = "id,gain\na,10\nb,9\n"
    assert play(tmp_path, text, ["--policy", "levelling", "--budget", "5"], capsys)["parameter"] == "7"
    found = play(tmp_path, text, ["--policy", "vmd", "--budget", "5"], capsys)
    assert found["parameter"] is not None
    assert Fraction(found["parameter"]) == Fraction(5, 181)


def test_allocate_when_leverage_and_score_are_fractions_then_they_are_exact(tmp_path: Path, capsys: Captured) -> None:
    """10/7 is no decimal; a score of 1/3 is more than 0.333."""
    text = "id,gain,lev,rank\na,600,10/7,1/3\nb,300,8/7,0.333\nc,100,2,0\n"
    given = ["--policy", "lpr", "--budget", "250", "--column", "leverage=lev"]
    found = play(tmp_path, text, given, capsys)
    assert (found["parameter"], found["notes"]) == ("5/28", [])
    queue = play(tmp_path, text, ["--policy", "queue", "--budget", "250", "--column", "score=rank"], capsys)
    assert queue["shares"] == {"a": 250, "b": 0, "c": 0}


@pytest.mark.parametrize("budget", ["0", "0.00", "0e5"])
def test_allocate_when_the_budget_is_nothing_then_nobody_pays(budget: str, tmp_path: Path, capsys: Captured) -> None:
    """Every policy gives zeros, and no residual."""
    for policy in WEALTH.kinds:
        found = play(tmp_path, BOOK, options(budget, policy), capsys)
        assert (found["allocated"], found["residual"], found["hit"], found["zero"]) == ("0", "0", 0, 5), policy


def test_allocate_when_the_budget_is_beyond_all_capacity_then_the_residual_is_told_and_the_code_is_3(
    tmp_path: Path, capsys: Captured
) -> None:
    """Everybody is at the cap, what is missing has a name."""
    found = play(tmp_path, BOOK, options("5000", "pro-rata"), capsys, code=3)
    assert (found["allocated"], found["residual"], found["capacity"]) == ("950", "4050", "950")
    assert found["shares"] == {"a": 500, "b": 300, "c,d é": 50, "e": 0, "f": 100}


def test_allocate_when_numbers_are_huge_then_python_goes_on_where_64_bits_end(tmp_path: Path, capsys: Captured) -> None:
    """10^18 dollars in cents are beyond int64; every policy still adds up, but the one that says that it cannot."""
    header, rows = "id,gain,equity,leverage,lots,arrived", ("a,1e18,2e18,3,1e17,1", "c,7,9,1,1,3")
    text = "\n".join([header, *rows, "b,999999999999999999.99,1e18,1.5,1e17,2"]) + "\n"
    for policy in sorted(set(WEALTH.kinds) - {"min-max-lots"}):
        found = play(tmp_path, text, ["--policy", policy, "--budget", "1000000000000000000.01"], capsys)
        missing = Decimal(found["residual"]) - Decimal(found["over"])
        assert sum(found["shares"].values()) + missing == Decimal("1000000000000000000.01"), policy
    (tmp_path / "winners.csv").write_text(text, "utf-8")
    assert call(["lab", "allocate", str(tmp_path / "winners.csv"), "--policy", "min-max-lots", "--budget", "1"]) == 2
    assert "choose a larger unit" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "given", "told"),
    [
        ("", [], "winners.csv: is empty"),
        ("id,gain\n", [], "has a header and no rows"),
        ("id,profit\na,1\n", [], "column is missing, the header has id, profit; --column gain=NAME"),
        ("id;gain\na;1\n", [], "is it separated by commas?"),
        ("id,gain,gain\na,1,2\n", [], "column is there twice"),
        ("id,gain\na,1\nb,2\na,3\n", [], "winners.csv:4: id: 'a' is there twice, first in line 2"),
        ("id,gain\n,1\n", [], "winners.csv:2: id: is empty"),
        ("id,gain\na,nan\n", [], "'nan' is not a finite decimal number"),
        ("id,gain\na,\n", [], "'' is not a finite decimal number"),
        ("id,gain\na,1e999\n", [], "1e999 lies outside the range of a float64"),
        ("id,gain\na,1,2\n", [], "has 3 fields, the header 2"),
        ("id,gain,cap\na,1,-2\n", ["--column", "cap=cap"], "cap: -2 is negative"),
        ("id,gain,leverage\na,1,-2\n", ["--policy", "rap"], "leverage: is negative"),
        ("id,gain,lots\na,1,0\n", ["--policy", "rounded"], "lots: is less than one unit"),
        ("id,gain\na,1\n", ["--policy", "rap"], "leverage: column is missing"),
        ("id,gain\na,1\n", ["--policy", "pro-ratta"], "nearest is 'pro-rata'"),
        ("id,gain\na,1\n", ["--budget", "1.001"], "--budget: 1.001 is not a multiple of 0.01"),
        ("id,gain\na,1\n", ["--budget", "-1"], "--budget is -1, allowed are 0 and more"),
        ("id,gain\na,1\n", ["--budget", "many"], "--budget is 'many'"),
        ("id,gain\na,1\n", ["--unit", "0"], "--unit is '0'"),
        ("id,gain\na,1\n", ["--column", "gains=x"], "gains: is unknown, nearest is 'gain'"),
        ("id,gain\na,1\n", ["--column", "gain"], "--column 'gain' is not NAME=VALUE"),
        ("id,gain\na,1\n", ["--column", "gain=gain", "--column", "gain=id"], "--column gain is there twice"),
        ("id,gain\na,1\n", ["--param", "ceiling=2"], "has no 'ceiling'"),
        ("id,gain\na,1\n", ["--policy", "capped", "--param", "ceiling=2"], "ceiling of capped-pro-rata is '2'"),
        ("id,gain\na,1\n", ["--policy", "contracts", "--param", "lot=0"], "lot of contracts-pro-rata is 0"),
    ],
)
def test_allocate_when_something_is_wrong_then_it_is_told_with_its_numbers_and_nothing_is_written(
    text: str, given: list[str], told: str, tmp_path: Path, capsys: Captured
) -> None:
    """Exit code 2, a document of the refusal, no file of shares."""
    book, out = tmp_path / "winners.csv", tmp_path / "shares.csv"
    book.write_text(text, "utf-8")
    defaults = {"--policy": "pro-rata", "--budget": "1"}
    rest = [part for name, value in defaults.items() if name not in given for part in (name, value)]
    assert call(["lab", "allocate", str(book), *rest, *given, "--out", str(out), "--json"]) == 2
    found = capsys.readouterr()
    assert told in found.err
    check(found.out, "refusal")
    assert not out.exists()


def test_allocate_when_several_things_are_wrong_then_all_are_told_at_once(tmp_path: Path, capsys: Captured) -> None:
    """Options together, and rows together."""
    book = tmp_path / "winners.csv"
    book.write_text("id,gain,leverage\na,x,1\na,1,-1\n,2,y\n", "utf-8")
    assert call(["lab", "allocate", str(book), "--policy", "nope", "--budget", "x", "--unit", "x", "--json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["faults"]) == 3
    assert call(["lab", "allocate", str(book), "--policy", "rap", "--budget", "1", "--json"]) == 2
    assert [row["path"] for row in json.loads(capsys.readouterr().out)["faults"]] == [
        "winners.csv:2:gain",
        "winners.csv:3:id",
        "winners.csv:3:leverage",
        "winners.csv:4:id",
        "winners.csv:4:leverage",
    ]


def test_allocate_when_shares_cannot_be_written_then_it_is_told(tmp_path: Path, capsys: Captured) -> None:
    """A folder that is a file."""
    book = tmp_path / "winners.csv"
    book.write_text("id,gain\na,1\n", "utf-8")
    given = ["--policy", "pro-rata", "--budget", "1", "--out", str(book / "x" / "y.csv")]
    assert call(["lab", "allocate", str(book), *given]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_allocate_when_rows_come_in_another_order_then_everybody_pays_the_same(
    tmp_path: Path, capsys: Captured
) -> None:
    """Ties fall by id, whatever the order of the file."""
    header, *rows = BOOK.splitlines()
    turned = "\n".join([header, *reversed(rows)]) + "\n"
    for policy in sorted(WEALTH.kinds):
        one = play(tmp_path, BOOK, options("333.33", policy), capsys)
        other = play(tmp_path, turned, options("333.33", policy), capsys)
        assert one["shares"] == other["shares"], policy


def test_allocate_when_people_read_it_then_the_largest_shares_and_the_rounding_are_shown(
    tmp_path: Path, capsys: Captured
) -> None:
    """Text on stdout without --json."""
    book = tmp_path / "winners.csv"
    book.write_text(BOOK, "utf-8")
    assert call(["lab", "allocate", str(book), *options("1000", "pro-rata")]) == 3
    out = capsys.readouterr().out
    assert "pro-rata: 950 of 1,000 profit-USD allocated" in out
    assert "residual 50" in out
    assert "cut by rounding gains down 0.005; negative gains 1" in out


def test_aliases_when_read_then_each_names_a_policy_that_can_be_built() -> None:
    """No alias hides a policy, and every one leads to one."""
    assert not set(ALIASES) & set(WEALTH.kinds)
    assert {named(name).kind for name in ALIASES} <= set(WEALTH.kinds)
    assert named("Wealth_Pro_Rata").kind == named(" pro rata").kind == "wealth-pro-rata"


def test_policies_when_listed_then_each_says_all_that_it_has_to_say(capsys: Captured) -> None:
    """Rule, formula, users, assumption, numeraire, information set, source, known failures."""
    assert call(["lab", "policies", "--json"]) == 0
    found = check(capsys.readouterr().out, "lab-policies")
    entries = found["policies"]
    assert [entry["name"] for entry in entries] == sorted(WEALTH.kinds)
    assert [entry["name"] for entry in found["severities"]] == list(SEVERITIES.kinds)
    for entry in (*entries, *found["severities"]):
        empty = [key for key in ("rule", "formula", "who_uses_it", "assumes", "source", "failures") if not entry[key]]
        assert empty == [], entry["name"]


def test_policies_when_a_failure_names_a_test_then_there_is_one() -> None:
    """A known failure is one that a test shows."""
    import re

    texts = "\n".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    promised = {
        name
        for kind in (*WEALTH.kinds.values(), *SEVERITIES.kinds.values())
        for failure in kind.about.failures
        for name in re.findall(r"test_\w+", failure)
    }
    assert sorted(name for name in promised if f"def {name}" not in texts) == []


def test_policies_when_a_name_is_unknown_then_the_nearest_is_named(capsys: Captured) -> None:
    """A typo is answered, with exit code 2."""
    assert call(["lab", "policies", "levellinq"]) == 2
    assert "nearest is 'levelling'" in capsys.readouterr().err


def test_allocate_when_the_solver_has_a_banner_then_stdout_still_holds_one_document(tmp_path: Path) -> None:
    """Another process, pipes for both streams: what compiled code prints goes to stderr."""
    book = tmp_path / "winners.csv"
    book.write_text(BOOK, "utf-8")
    given = ["--policy", "min-max-lots", "--budget", "1", "--column", "gain=profit", "--column", "id=user", "--json"]
    command = [sys.executable, "-m", "deleverage", "lab", "allocate", str(book), *given]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["status"].startswith("optimal, gap 0, time limit 30 s, HiGHS ")
