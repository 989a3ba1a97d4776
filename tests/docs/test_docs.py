"""The pages stay true: what they name exists, and what exists is named."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from itertools import islice
from pathlib import Path

import pytest

from deleverage.rulebook.book import Account, Book, Leg, Market, Unit
from deleverage.rulebook.messages import Code
from deleverage.rulebook.pace import ClosedNotional, Rounds
from deleverage.rulebook.plug import parameters_of
from deleverage.rulebook.price import Capped, PreviousMark
from deleverage.rulebook.rules import PLUGS, Rules
from deleverage.rulebook.scores import RANKINGS
from deleverage.rulebook.selection import POLICIES, Queue
from deleverage.rulebook.trigger import FundExhausted, PoolFactor
from deleverage.scenarios.loader import loads, text_of
from deleverage.vectors.vector import text_of as vector_text_of
from deleverage.vectors.worlds import worlds

ROOT = Path(__file__).resolve().parents[2]


def page(name: str) -> str:
    """Return a page of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def invariant_rows() -> dict[str, list[str]]:
    """Return the table of INVARIANTS.md: id -> cells."""
    rows = {}
    for line in page("INVARIANTS.md").splitlines():
        if line.startswith("| INV-"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            rows[cells[0]] = cells
    return rows


def test_invariants_page_when_read_then_every_id_is_there_once_in_order() -> None:
    """INV-1 to INV-22."""
    assert list(invariant_rows()) == [f"INV-{number}" for number in range(1, 23)]


@pytest.mark.parametrize("invariant", [f"INV-{number}" for number in range(1, 23)])
def test_invariants_page_when_it_names_checks_and_tests_then_they_exist(invariant: str) -> None:
    """Each id has a check that raises it (or is a system one) and a test of that name."""
    _, kind, _, _, check, test = invariant_rows()[invariant]
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/deleverage/rulebook").rglob("*.py"))
    if kind != "system":
        assert f'"{invariant}"' in source
    else:
        source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/deleverage").rglob("*.py"))
    for name in re.findall(r"`(\w+)`", check):
        assert f"def {name}(" in source
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    names = re.findall(r"`(\w+)`", test)
    assert names
    for name in names:
        assert f"def {name}(" in tests


@pytest.mark.parametrize("code", [code.name for code in Code])
def test_law_page_when_a_command_can_be_refused_then_the_code_is_explained(code: str) -> None:
    """Every rejection code is in the table of the law, in the order of precedence."""
    assert f"`{code}`" in page("docs/law.md")


def test_law_page_when_codes_are_listed_then_they_stand_in_order_of_precedence() -> None:
    """The table's order is the enumeration's order."""
    text = page("docs/law.md")
    places = [text.index(f"`{code.name}`") for code in Code]
    assert places == sorted(places)


@pytest.mark.parametrize("switch", [item.name for item in fields(Rules)])
def test_law_page_when_a_rule_can_be_switched_then_it_is_named(switch: str) -> None:
    """Every switch that can change a result is in the law."""
    assert switch in page("docs/law.md") + page("docs/rules.md")


@pytest.mark.parametrize("name", POLICIES)
def test_policy_when_it_is_in_the_catalogue_then_its_docstring_has_four_parts(name: str) -> None:
    """Rule, formula, who uses it, what it assumes."""
    text = type(POLICIES[name]).__doc__ or ""
    assert all(part in text for part in ("Formula:", "Who uses it:", "Assumes:"))


@pytest.mark.parametrize("ranking", RANKINGS)
def test_law_and_rules_page_when_a_queue_may_rank_so_then_it_is_named(ranking: str) -> None:
    """Every ranking has its formula in the law and its users on the page of the rules."""
    assert all(f"`{ranking}`" in page(name) for name in ("docs/law.md", "docs/rules.md"))


@pytest.mark.parametrize("point", PLUGS)
def test_law_and_rules_page_when_a_plug_can_be_chosen_then_it_is_named_with_its_parameters(point: str) -> None:
    """Every plug of every point is in the law with each parameter, and on the page of the rules."""
    for name, kind in PLUGS[point].kinds.items():
        assert f"`{name}`" in page("docs/law.md")
        assert f"`{name}`" in page("docs/rules.md")
        for parameter in parameters_of(kind):
            assert f"`{parameter.name}`" in page("docs/law.md")


def test_rules_page_when_it_prints_the_example_then_it_is_the_file_that_the_tests_run() -> None:
    """What people copy is what was tested."""
    (block,) = re.findall(r"```python\n(.*?)```", page("docs/rules.md"), re.S)
    assert block == page("examples/my_policy.py")
    assert sum(bool(line) for line in block.splitlines()) <= 20


def test_rules_page_when_it_shows_a_scenario_then_its_rules_are_accepted() -> None:
    """The table of plugs as a file would write it."""
    (block,) = re.findall(r"```\n(\[rules\]\n.*?)```", page("docs/rules.md"), re.S)
    story = text_of("two-traders")
    rules = loads(story.replace("[[markets]]", f"{block}\n[[markets]]", 1)).rules
    assert rules.trigger == FundExhausted(1_000 * 10**2) | PoolFactor(500_000_000)
    assert rules.policy == Queue("binance", wallet_floor_quanta=1 * 10**2)
    assert rules.price == Capped(PreviousMark(), 20_000_000)
    assert rules.pace == Rounds(8) | ClosedNotional(250_000 * 10**2)


@pytest.mark.parametrize("kind", [Unit, Leg, Market, Account, Book])
def test_glossary_when_the_book_has_a_noun_then_it_is_explained(kind: type) -> None:
    """The nouns of the state are in the glossary."""
    assert kind.__name__ in page("GLOSSARY.md") or kind.__name__.lower() in page("GLOSSARY.md")


def test_readme_when_its_transcript_is_run_then_every_line_is_printed() -> None:
    """The transcript is shortened, never invented."""
    block = next(b for b in re.findall(r"```\n(.*?)```", page("README.md"), re.S) if b.startswith("$ deleverage"))
    command, *lines = block.strip().splitlines()
    run = [sys.executable, "-m", "deleverage", *command.split()[2:]]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    squeezed = {" ".join(line.split()) for line in printed}
    missing = [line for line in lines if line != "..." and " ".join(line.split()) not in squeezed]
    assert missing == []


def test_readme_when_it_shows_the_embedding_example_then_it_is_the_file_and_prints_what_is_shown() -> None:
    """One text: the page shows ``examples/embed.py`` and all that it prints."""
    (block, printed) = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", page("README.md"), re.S)[0]
    assert block == page("examples/embed.py")
    done = subprocess.run([sys.executable, "examples/embed.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == printed
    assert sum(bool(line) for line in block.splitlines()) <= 20


def test_vectors_page_when_its_program_is_run_then_it_computes_the_digests_from_the_documents(tmp_path: Path) -> None:
    """What the page says about states and digests is enough to compute them, quotes in ids included."""
    (program,) = re.findall(r"```python\n(.*?)```", page("docs/vectors.md"), re.S)
    schema = ROOT / "src" / "deleverage" / "schemas" / "vector.json"
    for vector in islice(worlds(1, 2, Counter()), 2):
        file = tmp_path / "vector.json"
        file.write_text(vector_text_of(vector), "ascii")
        command = [sys.executable, "-W", "ignore", "-c", program, str(schema), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == f"{vector.name} {len(vector.entries)} digests agree\n"
        file.write_text(vector_text_of(vector).replace('"quote":"', '"quote":"1'), "ascii")
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == f"{vector.name} {len(vector.entries)} digests differ\n"


def test_readme_when_it_links_to_a_page_then_the_page_exists() -> None:
    """No broken link inside the repository."""
    for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/vectors.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page(name)):
            there = (ROOT / name).parent / target
            assert target.startswith("https://") or there.exists(), f"{name} links to {target}"
