"""``--policy ./mine.py:Mine``: a user's policy plays; whatever a hostile one does ends in exit 2 and one sentence."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deleverage.adapters.policy_file import PolicyFileFault, load_policy
from deleverage.cli import call
from deleverage.domain.player import play
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.loader import load
from deleverage.vectors.recorder import Recorder
from deleverage.vectors.vector import text_of
from tests.conftest import REPOSITORY

Captured = pytest.CaptureFixture[str]

EXAMPLE = REPOSITORY / "examples" / "my_policy.py"

HEAD = """
from dataclasses import dataclass
from deleverage.rulebook.selection import Allotment

@dataclass(frozen=True)
class Mine:
    def allocate(self, request):
"""


def write(folder: Path, body: str, head: str = HEAD) -> str:
    """Write a policy whose ``allocate`` has this body, and return ``file:Mine``."""
    file = folder / "mine.py"
    file.write_text(head + "".join(f"        {line}\n" for line in body.splitlines()), encoding="utf-8")
    return f"{file}:Mine"


def test_run_when_the_example_is_the_policy_then_it_decides_and_the_facts_name_its_text(capsys: Captured) -> None:
    """The poorest first; what the rules are called hangs on the file's text, not on where it lies."""
    assert call(["run", "six-longs", "--policy", f"{EXAMPLE}:PoorestFirst", "--json"]) == 0
    mine = json.loads(capsys.readouterr().out)
    assert call(["run", "six-longs", "--policy", str(EXAMPLE), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == mine
    assert call(["run", "six-longs", "--json"]) == 0
    other = json.loads(capsys.readouterr().out)
    policy = load_policy(str(EXAMPLE))
    assert mine["policy"] == f"PoorestFirst@{policy.source_sha256[:12]}"
    assert mine["conservation"]["state"] == "exact"
    assert mine["rules_hash"] != other["rules_hash"]
    assert mine["rounds"][0]["fills"] != other["rounds"][0]["fills"]


def test_hash_when_the_text_changes_by_a_blank_then_the_rules_are_others(tmp_path: Path) -> None:
    """Facts say under which text they were decided; the same text elsewhere is the same policy."""
    text = EXAMPLE.read_text("utf-8")
    hashes = []
    for name, content in (("a.py", text), ("b.py", text), ("c.py", text + "\n")):
        (tmp_path / name).write_text(content, encoding="utf-8")
        hashes.append(Rules(policy=load_policy(str(tmp_path / name))).hash())
    assert hashes[0] == hashes[1] != hashes[2]
    assert Rules(policy=load_policy(str(EXAMPLE))).spec()["policy"]["parameters"] == ["richest_first=False"]


HOSTILE = {
    "nothing": ("return []", "allots 0 lots, 10 are needed"),
    "none": ("return None", "the policy failed: TypeError: 'NoneType' object is not iterable"),
    "too many": ("return [('bob', 11)]", "allots 11 lots to bob, who has 10"),
    "too few": ("return [('bob', 9)]", "allots 9 lots, 10 are needed"),
    "negative": ("return [('bob', -1)]", "allots -1 lots to bob"),
    "zero": ("return [('bob', 0)]", "allots 0 lots to bob"),
    "a float": ("return [('bob', 10.0)]", "allots 10.0 lots to 'bob', which is no whole number"),
    "not a number": ("return [('bob', float('nan'))]", "allots nan lots to 'bob', which is no whole number"),
    "a boolean": ("return [('bob', True)]", "allots True lots to 'bob', which is no whole number"),
    "a text": ("return [('bob', '10')]", "allots '10' lots to 'bob', which is no whole number"),
    "huge": ("return [('bob', 10**9999)]", "allots something that cannot be shown lots to bob, who has 10"),
    "large": ("return [('bob', 10**50)]", f"allots {10**50} lots to bob"),
    "a stranger": ("return [('eve', 10)]", "allots lots to 'eve', who is no candidate"),
    "the bankrupt": ("return [('alice', 10)]", "allots lots to 'alice', who is no candidate"),
    "twice": ("return [('bob', 5), ('bob', 5)]", "more than 1 allotments"),
    "no id": ("return [(None, 10)]", "allots lots to None, which is no text"),
    "no pair": ("return [('bob',)]", "an allotment of the policy is ('bob',), not a unit and its lots"),
    "four parts": ("return [('bob', 10, '', '')]", "not a unit and its lots"),
    "an endless part": ("import itertools\nreturn [itertools.repeat('bob')]", "not a unit and its lots"),
    "an endless list": ("while True:\n    yield ('bob', 1)", "more than 1 allotments"),
    "an error": ("raise ValueError('no\\nidea')", "the policy failed: ValueError: 'no\\nidea'"),
    "an exit": ("raise SystemExit(0)", "the policy failed: SystemExit: 0"),
    "its own exception": ("class Out(BaseException): pass\nraise Out", "the policy failed: Out"),
    "an error that lies": (
        "class Bad(Exception):\n    def __str__(self):\n        raise KeyError\nraise Bad",
        "the policy failed: Bad: something that cannot be shown",
    ),
    "endless recursion": ("return self.allocate(request)", "the policy failed: RecursionError"),
    "a changed request": ("request.candidates[0].lots = 99", "the policy failed: AttributeError"),
    "a longer list": ("request.candidates.append(1)", "the policy failed: AttributeError"),
    "itself changed": ("self.seed = 5", "the policy failed: FrozenInstanceError"),
    "an int that equals everything": (
        (
            "class Any(int):\n    def __eq__(self, other): return True\n"
            "    def __hash__(self): return 0\n    def __repr__(self): return '10'\nreturn [('bob', Any(3))]"
        ),
        "allots 10 lots to 'bob', which is no whole number",
    ),
    "a text that equals everything": (
        (
            "class Any(str):\n    def __eq__(self, other): return True\n"
            "    def __hash__(self): return hash('bob')\nreturn [(Any('eve'), 10)]"
        ),
        "allots lots to 'eve', which is no text",
    ),
    "something that cannot be shown": (
        "class Dark:\n    def __repr__(self): raise SystemExit\nreturn [('bob', Dark())]",
        "allots something that cannot be shown lots to 'bob'",
    ),
    "a score of control characters": (
        "return [Allotment('bob', 10, '\\x1b[31m')]",
        "gives 'bob' the score '\\x1b[31m', not a short printable text",
    ),
    "a score that is no text": ("return [Allotment('bob', 10, 1.5)]", "the score 1.5, not a short printable text"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("as_json", [False, True])
def test_run_when_a_policy_is_hostile_then_exits_with_2_and_names_file_policy_and_value(
    name: str, as_json: bool, tmp_path: Path, capsys: Captured
) -> None:
    """Its result is checked as a stranger's; nothing was changed, and there is no traceback."""
    body, sentence = HOSTILE[name]
    place = write(tmp_path, body)
    assert call(["run", "two-traders", "--policy", place, *(["--json"] if as_json else [])]) == 2
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if line.startswith("bad input: ")]
    assert len(lines) == 1
    assert lines[0].startswith(f"bad input: policy {place}: ")
    assert sentence in lines[0]
    assert lines[0].endswith("; nothing was changed")
    assert "Traceback" not in captured.err
    if as_json:
        assert json.loads(captured.out)["exit_code"] == 2


def test_run_when_a_policy_prints_then_stdout_keeps_the_document(tmp_path: Path, capsys: Captured) -> None:
    """What other people's code prints goes to stderr."""
    place = write(tmp_path, "print('hello')\nreturn [('bob', request.need_lots)]", "print('loaded')" + HEAD)
    assert call(["run", "two-traders", "--policy", place, "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["kind"] == "run"
    assert {"loaded", "hello"} <= set(captured.err.split())


FILES: dict[str, tuple[str, str, str]] = {
    "no such name": ("x = 1", ":Mine", "defines no policy 'Mine', it has none"),
    "no policy": ("x = 1", "", "does not define exactly one policy but none"),
    "two": (
        HEAD + "        return []\n" + HEAD.replace("Mine", "Other") + "        return []\n",
        "",
        "does not define exactly one policy but Mine, Other: choose with",
    ),
    "an imported one": ("from deleverage.rulebook.selection import ProRata", ":ProRata", "defines no policy 'ProRata'"),
    "not frozen": (HEAD.replace("(frozen=True)", "") + "        return []\n", ":Mine", "Mine is no frozen dataclass"),
    "a plain class": ("class Mine:\n    def allocate(self, request): return []", "", "Mine is no frozen dataclass"),
    "with an argument": (
        HEAD.replace("class Mine:\n", "class Mine:\n    seed: int\n") + "        return []\n",
        "",
        "cannot be run: TypeError",
    ),
    "with a float": (
        HEAD.replace("class Mine:\n", "class Mine:\n    share: float = 0.5\n") + "        return []\n",
        "",
        "parameter share of Mine is of type float, parameters are whole numbers, texts, true or false",
    ),
    "bad Python": ("def", "", "cannot be run: SyntaxError"),
    "a null byte": ("\0", "", "cannot be run: "),
    "an import error": ("import nowhere_to_be_found", "", "cannot be run: ModuleNotFoundError"),
    "an exit": ("raise SystemExit(0)", "", "cannot be run: SystemExit"),
    "an empty name": (HEAD + "        return []\n", ":", "defines no policy ''"),
    "a private name": (HEAD.replace("Mine", "_Mine") + "        return []\n", ":_Mine", "defines no policy '_Mine'"),
}


@pytest.mark.parametrize("name", FILES)
def test_run_when_a_file_gives_no_policy_then_exits_with_2_and_says_why(
    name: str, tmp_path: Path, capsys: Captured
) -> None:
    """Nothing in a file ends in a traceback."""
    text, suffix, sentence = FILES[name]
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    assert call(["run", "two-traders", "--policy", f"{file}{suffix}"]) == 2
    err = capsys.readouterr().err
    assert f"bad input: {file}" in err
    assert sentence in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("place", "sentence"),
    [("nowhere.py:Mine", "nowhere.py cannot be read"), (".py", "policy '.py' is unknown"), ("a.py\0:B", "unknown")],
)
def test_run_when_the_file_is_not_there_then_exits_with_2(place: str, sentence: str, capsys: Captured) -> None:
    """A missing file is bad input; what is no file name is a name of the catalogue."""
    assert call(["run", "two-traders", "--policy", place]) == 2
    assert sentence in capsys.readouterr().err


def test_load_when_the_file_is_too_large_then_is_refused(tmp_path: Path) -> None:
    """A policy is a page, not a megabyte."""
    (tmp_path / "mine.py").write_text("#" * 1_000_001, encoding="utf-8")
    with pytest.raises(PolicyFileFault, match="at most 1,000,000"):
        load_policy(str(tmp_path / "mine.py"))


def test_run_when_a_queue_is_asked_one_by_one_then_a_users_policy_is_refused(tmp_path: Path, capsys: Captured) -> None:
    """Asking again before each fill needs a queue."""
    story = tmp_path / "story.toml"
    text: Any = (REPOSITORY / "src/deleverage/scenarios/six-longs.toml").read_text("utf-8")
    story.write_text(text.replace('policy = "queue-bitmex"', 'rerank = "each_fill"'), encoding="utf-8")
    assert call(["run", str(story), "--policy", str(EXAMPLE)]) == 2
    assert "rules.rerank: is 'each_fill', which needs a queue policy, not PoorestFirst@" in capsys.readouterr().err


def test_journal_when_a_policy_of_ones_own_decided_then_its_file_verifies_and_explains_it(
    tmp_path: Path, capsys: Captured
) -> None:
    """The line of the run is the one to type; without the file the chain is still looked at."""
    journal, place = str(tmp_path / "j.db"), f"{EXAMPLE}:PoorestFirst"
    assert call(["run", "six-longs", "--policy", place, "--journal", journal]) == 0
    assert f"`deleverage verify {journal} --policy {place}` executes it again" in capsys.readouterr().err
    assert call(["verify", journal, "--policy", place]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "PASS"
    assert "27 commands, 30 facts" in out
    assert "not looked at: what the policy's file imports" in out
    assert call(["why", journal, "long-2", "1", "--policy", str(EXAMPLE)]) == 0
    assert f"SHA-256: {load_policy(str(EXAMPLE)).source_sha256}" in " ".join(capsys.readouterr().out.split())
    assert call(["verify", journal, "--chain-only"]) == 0
    assert "PASS" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["verify", "why"])
@pytest.mark.parametrize("brought", ["nothing", "another text", "another class", "what is no policy"])
def test_journal_when_its_policy_is_not_brought_then_exit_2_and_both_are_named(
    tmp_path: Path, capsys: Captured, command: str, brought: str
) -> None:
    """Nothing of it is executed."""
    journal, text = str(tmp_path / "j.db"), EXAMPLE.read_text("utf-8")
    mine, other = tmp_path / "mine.py", tmp_path / "other.py"
    mine.write_text(text, encoding="utf-8")
    texts = {"another text": text + "\n", "another class": text.replace("PoorestFirst", "Poorest"), "nothing": ""}
    other.write_text(texts.get(brought, "x = 1"), encoding="utf-8")
    assert call(["run", "six-longs", "--policy", str(mine), "--journal", journal]) == 0
    capsys.readouterr()
    given = [] if brought == "nothing" else ["--policy", str(other)]
    assert call([command, journal, *(["long-2", "1"] if command == "why" else []), *given]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    if brought == "what is no policy":
        assert "other.py does not define exactly one policy" in err
        return
    expected = f"PoorestFirst(richest_first=False), SHA-256 of the text {load_policy(str(mine)).source_sha256}"
    found = "none"
    if given:
        policy = load_policy(str(other))
        found = f"{policy.policy}(richest_first=False), SHA-256 of the text {policy.source_sha256}"
    assert f"found {found}, expected {expected}" in err
    assert "give it with --policy FILE" in err


def test_journal_when_its_policy_is_brought_where_it_cannot_be_used_then_exit_2(
    tmp_path: Path, capsys: Captured
) -> None:
    """Not with a chain that is not executed, nor a folder, nor a policy of the law, nor a vector."""
    journal = str(tmp_path / "j.db")
    place = ["--policy", str(EXAMPLE)]
    assert call(["run", "six-longs", *place, "--journal", journal]) == 0
    (tmp_path / "own").mkdir()
    assert call(["run", "six-longs", "--journal", str(tmp_path / "own" / "j.db")]) == 0
    capsys.readouterr()
    for arguments, told in (
        ([journal, *place, "--chain-only"], "--policy does not go with --chain-only"),
        ([str(tmp_path), *place], "--policy goes with one journal, not with all of them"),
        ([str(tmp_path)], "j.db: what decided is a policy from somebody's own file"),
        (["--proof", journal, *place], "--policy goes with a journal"),
        ([str(tmp_path / "own" / "j.db"), *place], "the policy is the law's own, of no file"),
    ):
        assert call(["verify", *arguments]) == 2
        assert told in capsys.readouterr().err


def test_vectors_when_a_policy_is_named_without_its_code_then_exit_2(tmp_path: Path, capsys: Captured) -> None:
    """A vector hangs on nothing but itself."""
    policy = load_policy(str(EXAMPLE))
    recorder = Recorder(Rules(policy=policy))
    scenario = load("six-longs", policy=policy)
    play(scenario, domain=recorder)
    told = recorder.vector("mine", "a policy of one's own")
    content = text_of(replace(told, rules=replace(told.rules, policy=policy.named())))
    (tmp_path / "v.json").write_text(content, encoding="ascii")
    assert call(["vectors", "--check", str(tmp_path / "v.json")]) == 2
    assert f"{policy.name} is a class of somebody's file, and the file is not here" in capsys.readouterr().err
