"""The pages of the lab are complete and their command lines run: policies, controllers, codes, measures, links."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.lab.audit.checks import CHECKS
from deleverage.lab.audit.finding import Finding, Unmade
from deleverage.lab.events.model import Claim, Event, Fills, Shock, States, Wave
from deleverage.lab.events.truth import Truth
from deleverage.lab.metrics.catalogue import CATALOGUE
from deleverage.lab.metrics.measure import Measure
from deleverage.lab.policies.catalogue import ALIASES, SEVERITIES, WEALTH
from deleverage.lab.policies.severity import Controller
from deleverage.lab.policies.winners import Winners
from deleverage.lab.population.crowd import Crowd
from tests.conftest import REPOSITORY
from tests.lab.cross.test_command import BOOK
from tests.lab.events.folders import small_event

FOLDER = REPOSITORY / "docs" / "lab"
PAGES = [REPOSITORY / "README.md", *sorted(FOLDER.glob("*.md")), REPOSITORY / "examples" / "my_lab_policy.py"]
STANDS_FOR = {"CODES": "stale-state,coverage", "POLICY": "fair", "N": "7", "a,b|none": "queue,pro-rata"}
"""Words of a synopsis, and what a reader would type for them; ``EVENT`` and ``DIR`` are folders of that name."""


def page(name: str) -> str:
    """Return a page of the lab."""
    return (FOLDER / name).read_text("utf-8")


def cells(text: str, name: str) -> list[str]:
    """Return the cells of the one table row whose first cell names something."""
    found = [line for line in text.splitlines() if re.match(rf"\|[^|]*`{re.escape(name)}`", line)]
    assert len(found) == 1, f"{name} stands in {len(found)} rows"
    return [cell.strip() for cell in found[0][1:-1].split(" | ")]


def commands(text: str) -> list[str]:
    """Return the command lines of the lab that a page shows, inline and in blocks, without their comments."""
    inline = re.findall(r"`(deleverage lab [^`\n]+)`", text)
    return inline + [line.partition("  #")[0].strip() for line in re.findall(r"^deleverage lab .*$", text, re.M)]


SHOWN = sorted({line for path in PAGES for line in commands(path.read_text("utf-8"))})


def words(line: str) -> list[str]:
    """Return what is typed: brackets of what may be left out are opened, words that stand for something replaced."""
    typed = [STANDS_FOR.get(word, word) for word in shlex.split(re.sub(r"[\[\]]", "", line))[1:]]
    return [
        f"new-{word}" if before in ("-o", "--out") else word for before, word in zip(["", *typed], typed, strict=False)
    ]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with everything that the pages' command lines name."""
    for name in ("EVENT", "DIR"):
        small_event(tmp_path / name)
    rows = ("a,9e5,1500000,5", "b,700000,800000.5,3.5", "c,1,0,4", "d,100,20,1")
    (tmp_path / "winners.csv").write_text("\n".join(["id,gain,profit,lev", *rows]) + "\n", "utf-8")
    (tmp_path / "book.csv").write_text(BOOK, "utf-8")
    (tmp_path / "examples").mkdir()
    for name in ("mine.py", "examples/my_lab_policy.py"):
        shutil.copyfile(REPOSITORY / "examples" / "my_lab_policy.py", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_pages_when_searched_then_every_command_of_the_lab_is_shown() -> None:
    """None is left to be found by --help."""
    shown = {line.split()[2] for line in SHOWN}
    assert shown == {"allocate", "audit", "compare", "cross", "policies", "regret", "report"}


@pytest.mark.parametrize("line", SHOWN)
def test_pages_when_a_command_line_is_typed_then_it_runs(
    line: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a small event and a list of winners; a bare name of a command has its help."""
    typed = words(line)
    if len(typed) == 2:
        typed = [*typed, "--help"]
    assert call(typed) == 0, capsys.readouterr().err
    written = [name for name in ("new-report/index.html", "new-DIR/index.html") if (desk / name).exists()]
    assert capsys.readouterr().out or written


@pytest.mark.parametrize("line", [line for line in SHOWN if re.search(r" (EVENT|DIR)\b", line)])
def test_pages_when_a_command_line_is_typed_for_the_real_event_then_it_runs(
    line: str, desk: Path, shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tables of 10 October 2025; a policy is one of its own, a report shows a queue instead of all."""
    event = str(shared_dir / "data" / "oct10")
    typed = [{"EVENT": event, "DIR": event, "fair": "prod"}.get(word, word) for word in words(line)]
    if typed[1] == "report" and "--policies" not in typed:
        typed += ["--policies", "queue"]
    assert call(typed) == 0, capsys.readouterr().err


def test_pages_when_a_command_line_is_wrong_then_it_does_not_run(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Planted: an option that there is not, a policy that is none."""
    for line in ("deleverage lab audit EVENT --onli CODES", "deleverage lab compare EVENT --policies quque"):
        assert commands(f"see `{line}`") == [line]
        assert call(words(line)) != 0
    capsys.readouterr()


@pytest.mark.parametrize("name", WEALTH.kinds)
def test_policies_page_when_a_policy_exists_then_its_numeraire_and_information_set_are_there(name: str) -> None:
    """One row of one table; columns of that table are found by their heads."""
    text = page("policies.md").partition("## The rules")[2].partition("## How much")[0]
    head = next(line for line in text.splitlines() if line.startswith("| name"))[1:-1].split(" | ")
    row = dict(zip([cell.strip() for cell in head], cells(text, name), strict=True))
    about = WEALTH.kind(name).about
    assert (row["numeraire"], row["knows"]) == (about.numeraire.removesuffix("-USD"), about.information)
    assert row["published"]


@pytest.mark.parametrize("name", SEVERITIES.kinds)
def test_policies_page_when_a_controller_exists_then_its_information_set_is_there(name: str) -> None:
    """Name, formula, information set, source."""
    row = cells(page("policies.md").partition("## How much")[2].partition("## Against")[0], name)
    assert row[2] == SEVERITIES.kind(name).about.information
    assert all(row)


def test_policies_page_when_it_gives_other_names_then_they_lead_to_the_policies_of_that_row() -> None:
    """Names in brackets are names."""
    text = page("policies.md").partition("## The rules")[2].partition("## How much")[0]
    for line in text.splitlines():
        if line.startswith("| `"):
            first = line[1:].split(" | ")[0]
            others = {name for names in re.findall(r"\((.*?)\)", first) for name in re.findall(r"`([\w-]+)`", names)}
            kinds = set(re.findall(r"`([\w-]+)`", first)) - others
            assert kinds <= set(WEALTH.kinds)
            assert {ALIASES[name]["name"] for name in others} <= kinds


@pytest.mark.parametrize("code", CHECKS)
def test_audit_page_when_a_check_exists_then_its_question_its_rates_and_its_fault_are_there(code: str) -> None:
    """Three tables: what is asked, how often it is right, what is planted."""
    text = page("audit.md")
    parts = text.partition("## What is asked")[2].partition("## How good it is")
    assert all(cells(parts[0], code))
    rates, planted = parts[2].split("<!-- rates: end -->")
    assert len(re.findall(rf"^\| {code} \|", rates, re.M)) == 1
    assert all(cells(planted, code))


@pytest.mark.parametrize("name", CATALOGUE)
def test_metrics_page_when_a_measure_exists_then_its_definition_is_there(name: str) -> None:
    """Unit, formula and source of each; the formula as documents print it."""
    row = CATALOGUE[name]
    found = cells(page("metrics.md").replace("\\|", "!"), name)
    assert found[:2] == [f"`{name}`", row.unit]
    assert row.formula.replace("|", "!") in found


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.md")), ids=lambda path: path.stem)
def test_pages_when_they_link_then_the_target_exists_and_the_first_page_leads_to_each(path: Path) -> None:
    """No broken link, no page that nobody finds."""
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), f"{path.name} links to {target}"
    assert path.name == "README.md" or f"]({path.name})" in page("README.md")


@pytest.mark.parametrize("path", PAGES[:-1], ids=lambda path: path.name)
def test_pages_when_they_name_a_file_of_examples_or_code_then_it_is_there(path: Path) -> None:
    """Files and modules in backticks."""
    text = path.read_text("utf-8")
    for name in re.findall(r"`(examples/[\w./-]+|src/[\w./-]+|tests/[\w./-]+\.py)`", text):
        assert (REPOSITORY / name).exists(), f"{path.name} names {name}"


NOUNS = [Event, Wave, Fills, States, Claim, Shock, Winners, Measure, Crowd, Controller, Finding, Unmade, Truth]
WORDS = (
    *("winner", "endowment", "budget needed", "over-collection", "under-collection", "wave", "haircut share"),
    *("numeraire", "information set", "severity", "mark-out", "claim (printed)", "finding"),
)


def glossary() -> list[list[str]]:
    """Return the rows of the lab's part of the glossary."""
    text = (REPOSITORY / "GLOSSARY.md").read_text("utf-8").partition("## The lab")[2]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]


def test_glossary_when_the_lab_has_a_noun_or_a_word_then_it_has_one_line() -> None:
    """Five cells each, in the form of the table above it."""
    rows = glossary()
    assert [row for row in rows if len(row) != 5 or not row[0] or not row[3]] == []
    assert len({row[0] for row in rows}) == len(rows)
    assert {*WORDS} <= {row[0] for row in rows}
    assert [kind.__name__ for kind in NOUNS if not any(f"`{kind.__name__}`" in row[1] for row in rows)] == []


def test_glossary_when_it_names_something_in_the_lab_then_the_code_has_it() -> None:
    """A word of the second column is one of the sources."""
    source = "\n".join(path.read_text("utf-8") for path in (REPOSITORY / "src/deleverage/lab").rglob("*.py"))
    named = {name for row in glossary()[1:] for name in re.findall(r"`(\w+)`", row[1])}
    assert sorted(name for name in named if not re.search(rf"\b{name}\b", source)) == []
