"""``deleverage lab compare``: documents, users' files, refusals, and one hash whatever process prints it."""

import json
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deleverage.cli import call
from tests.conftest import REPOSITORY

Captured = pytest.CaptureFixture[str]

EXAMPLE = REPOSITORY / "examples" / "my_lab_policy.py"
POLICIES = f"queue,wealth-pro-rata,capped:ceiling=1/5,talmud,{EXAMPLE}"
HEAD = "from dataclasses import dataclass\nimport numpy as np\n\n@dataclass(frozen=True)\nclass Mine:\n"


@pytest.fixture
def event(tmp_path: Path) -> str:
    """Return a folder with tables of two waves."""
    folder = tmp_path / "event"
    folder.mkdir()
    (folder / "two_pass_equity_delta_by_wave.csv").write_text(WAVES, "utf-8")
    return str(folder)


WAVES = (
    "wave,t_start_ms,t_end_ms,t_eval_end_ms,deficit_usd,max_loss_usd,budget_needed_usd,budget_prod_usd,"
    "overshoot_prod_minus_needed_usd,max_prod_haircut_usd,winners_equity_start_usd,winners_pnl_start_usd\n"
    "1,1000,1000,1000,5000.5,3000,1234.565,900,-334.565,100,90000,30000\n"
    "2,9000,9000,9000,1e3,1e3,250.25,400,149.75,100,50000.5,20000\n"
)


def document(out: str) -> dict[str, Any]:
    """Return a printed document after comparing it with its schema."""
    found: dict[str, Any] = json.loads(out)
    schema = json.loads(resources.files("deleverage").joinpath("schemas/lab-compare.json").read_text("utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(found)] == []
    return found


def mine(folder: Path, body: str) -> str:
    """Write a policy whose ``split`` has this body, and return its file."""
    file = folder / "mine.py"
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    file.write_text(f"{HEAD}    def split(self, winners, budget):\n{lines}", "utf-8")
    return str(file)


def test_compare_when_a_user_s_file_is_named_then_it_stands_beside_the_others(event: str, capsys: Captured) -> None:
    """The example has at most twenty lines, and its text's hash in its name."""
    assert len(EXAMPLE.read_text("utf-8").splitlines()) <= 20
    assert call(["lab", "compare", event, "--policies", POLICIES, "--json"]) == 0
    found = document(capsys.readouterr().out)
    rows = {row["policy"]: row for row in found["policies"]}
    (name,) = [name for name in rows if name.startswith("HalfEach@")]
    assert rows[name]["file"] == str(EXAMPLE)
    assert rows[name]["parameters"] == {"percent": "50"}
    assert [cell["allocated"] for cell in rows[name]["waves"]] == ["1234.57", "250.25"]
    assert call(["lab", "compare", event, "--policies", f"{EXAMPLE}:HalfEach"]) == 0
    assert "HalfEach@" in capsys.readouterr().out


def test_compare_when_nothing_is_named_then_every_policy_is_there_or_says_why_not(event: str, capsys: Captured) -> None:
    """Left out are those that close contracts, or need a column that is not there."""
    assert call(["lab", "compare", event, "--json"]) == 0
    found = document(capsys.readouterr().out)
    assert len(found["policies"]) >= 20
    assert all(row["why"] or len(row["waves"]) == 2 for row in found["policies"])
    assert {row["name"] for row in found["definitions"]} >= {"gini_x", "ptsr_paper", "kendall", "regret_bound"}


ANSWERS = {
    "a tuple": "return tuple(int(n) for n in winners.cap)",
    "small integers": "return (winners.cap // 10).astype(np.int32)",
    "nothing taken": "return [0] * len(winners)",
    "a change of its own copy": "winners.extra.clear()\nreturn [0] * len(winners)",
    "a print": "print('hello')\nreturn [0] * len(winners)",
}


@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS)
def test_user_policy_when_it_answers_in_whole_units_then_it_is_taken(
    body: str, event: str, tmp_path: Path, capsys: Captured
) -> None:
    """Too much or too little is its result, not its fault."""
    assert call(["lab", "compare", event, "--policies", f"{mine(tmp_path, body)},queue-by-age", "--json"]) == 0
    rows = document(capsys.readouterr().out)["policies"]
    assert [len(row["waves"]) for row in rows[:2]] == [2, 2]


HOSTILE = {
    "none": ("return None", "gave a NoneType, not a list or an array"),
    "floats": ("return winners.gain / 2", "gave an array of float64"),
    "a list of floats": ("return [1.0] * len(winners)", "gave a float as part 1"),
    "booleans": ("return [True] * len(winners)", "gave a bool as part 1"),
    "a column too many": ("return winners.gain[:, None]", "in 2 dimensions"),
    "an endless one": ("import itertools\nreturn itertools.count()", "gave a count, not a list"),
    "too few": ("return [0]", "gave 1 parts for"),
    "negative": ("return [-1] * len(winners)", "takes less than 0 of"),
    "beyond the cap": ("return winners.cap + 1", "takes more than the cap of"),
    "huge": ("return [10**30] * len(winners)", "units are whole numbers below 2^63"),
    "huge unsigned": ("return np.full(len(winners), 2**63, np.uint64)", "gave parts beyond 2^63"),
    "an error": ("raise ValueError('no\\nidea')", "failed: ValueError: no"),
    "an exit": ("raise SystemExit(0)", "failed: SystemExit: 0"),
    "a changed column": ("winners.gain[0] = 0\nreturn [0] * len(winners)", "failed: ValueError"),
    "recursion": ("return self.split(winners, budget)", "failed: RecursionError"),
}


@pytest.mark.parametrize(("body", "told"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_user_policy_when_it_fails_then_one_sentence_names_its_file(
    body: str, told: str, flags: list[str], event: str, tmp_path: Path, capsys: Captured
) -> None:
    """Exit code 2, no traceback, nothing printed but the refusal."""
    file = mine(tmp_path, body)
    assert call(["lab", "compare", event, "--policies", f"queue,{file}", *flags]) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert f"policy {file}: Mine@" in err
    assert "Traceback" not in err
    assert (json.loads(out)["kind"] == "refusal") if flags else out == ""


def test_compare_when_everything_is_wrong_then_all_of_it_is_told_at_once(tmp_path: Path, capsys: Captured) -> None:
    """Policies, parameters, files, metrics and the event."""
    names = "quque,queue,queue,capped:nope=1,capped:x,./none.py"
    arguments = ["lab", "compare", str(tmp_path / "none"), "--policies", names, "--metrics", "ginny,fairness"]
    assert call([*arguments, "--json"]) == 2
    faults = [row["sentence"] for row in json.loads(capsys.readouterr().out)["faults"]]
    told = ("nearest is 'queue'", "queue is named twice", "no 'nope'", "no parameter=value", "none.py", "ginny")
    for word in (*told, "neither a file nor a folder"):
        assert any(word in sentence for sentence in faults), word


def test_compare_when_an_option_names_nothing_then_it_is_refused(event: str, capsys: Captured) -> None:
    """Commas and blanks are no names."""
    assert call(["lab", "compare", event, "--policies", " , ", "--metrics", ","]) == 2
    assert capsys.readouterr().err.count("names nothing") == 2


def test_metrics_when_a_group_and_a_name_are_given_then_both_are_measured(event: str, capsys: Captured) -> None:
    """In the catalogue's order."""
    assert call(["lab", "compare", event, "--policies", "queue", "--metrics", "gini_x,collection", "--json"]) == 0
    names = [row["name"] for row in document(capsys.readouterr().out)["definitions"]]
    assert names == [
        *("collected", "over_collection", "under_collection", "theta", "theta_needed", "capacity", "gini_x")
    ]


def test_hash_when_processes_differ_in_hash_seed_and_threads_then_it_is_the_same(event: str) -> None:
    """Two processes, a user's policy among the policies: the whole document is the same to the byte."""
    outs = []
    for seed, threads in (("0", "1"), ("4242", "2")):
        names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = {**os.environ, "PYTHONHASHSEED": seed, **dict.fromkeys(names, threads)}
        command = [sys.executable, "-m", "deleverage", "lab", "compare", event, "--policies", POLICIES, "--json"]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=REPOSITORY)
        outs.append(ran.stdout)
    assert document(outs[0])["result_hash"] == document(outs[1])["result_hash"]
    assert outs[0] == outs[1]


def test_hash_when_the_seed_of_the_winners_changes_then_it_changes(event: str, capsys: Captured) -> None:
    """Who was drawn is part of the result."""
    hashes = []
    for seed in ("1", "1", "2"):
        assert call(["lab", "compare", event, "--policies", "queue", "--seed", seed, "--json"]) == 0
        hashes.append(document(capsys.readouterr().out)["result_hash"]["sha256"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_help_when_asked_for_then_nothing_heavy_is_imported() -> None:
    """numpy, numba and the lab stay out of a help text."""
    code = (
        "import sys; from deleverage.cli import call; call(['lab', 'compare', '--help']); "
        "print([name for name in ('numpy', 'numba', 'deleverage.lab') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("named", "measured"),
    [("gini", {"gini_x", "gini_h", "gini_e"}), ("NSE", {"rd_nse"}), ("ptsr-code", {"ptsr_code"})],
)
def test_metrics_when_a_part_of_their_names_is_given_then_all_that_have_it_are_measured(
    named: str, measured: set[str], event: str, capsys: Captured
) -> None:
    """The word that a paper uses is enough; a whole name is that one."""
    assert call(["lab", "compare", event, "--policies", "queue", "--metrics", named, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rows = [row for policy in document["policies"] if not policy["published"] for row in policy["waves"]]
    assert {name for row in rows for name in (*row["measures"], *row["undefined"])} == measured
