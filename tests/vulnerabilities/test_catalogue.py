"""The catalogue is complete and true: every id is played or explained, every test exists and is listed."""

import ast
from pathlib import Path

from tests.vulnerabilities.catalogue import LIMITS, NOT_YET, VULNERABILITIES
from tests.vulnerabilities.page import PAGE, elsewhere, page


def listed_here() -> set[str]:
    """Return the names of this folder's tests, without this file's."""
    files = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    trees = [ast.parse(path.read_text("utf-8")) for path in files]
    functions = [node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {name for name in functions if name.startswith("test_")}


def test_catalogue_when_compared_with_the_tests_then_each_listed_test_exists_and_each_test_is_listed() -> None:
    """A renamed test cannot silently drop out of the catalogue."""
    assert {name for names in VULNERABILITIES.values() for name in names} == listed_here()


def test_catalogue_when_read_then_every_id_of_the_corpus_is_played_or_has_a_reason() -> None:
    """V-01 to V-79, each in exactly one of the two tables."""
    assert sorted([*VULNERABILITIES, *NOT_YET]) == [f"V-{number:02d}" for number in range(1, 80)]
    assert all(len(reason.split()) > 3 for reason in NOT_YET.values())


def test_limits_when_they_are_stated_then_they_belong_to_ids_that_are_played() -> None:
    """A limit of what a test shows; whatever is not played has a reason instead."""
    assert set(LIMITS) <= set(VULNERABILITIES)
    assert all(len(limit.split()) > 3 for limit in LIMITS.values())


def test_page_of_failures_when_made_anew_then_it_is_the_one_in_the_repository() -> None:
    """After a change of the tables: ``python -m tests.vulnerabilities.page --write``."""
    assert list(elsewhere()) == sorted([*VULNERABILITIES, *NOT_YET])
    assert PAGE.read_text("utf-8") == page()
