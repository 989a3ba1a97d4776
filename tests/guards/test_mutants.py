"""The report of a mutation run counts what was noticed, and fails where too little was."""

import tomllib

from tests.conftest import REPOSITORY
from tests.mutants import LEAST_PERCENT, summary

STATS = {"killed": 80, "timeout": 5, "segfault": 0, "survived": 13, "no_tests": 2, "skipped": 0, "total": 100}


def test_summary_when_enough_mutants_are_noticed_then_it_lists_the_rest_and_suffices() -> None:
    """80 killed and 5 that run for ever, of 100."""
    results = "    a.x__mutmut_2: survived\n    a.x__mutmut_1: no tests\n    b.y__mutmut_1: timeout\n"
    assert summary(STATS, results) == (
        ["a.x__mutmut_1: no tests", "a.x__mutmut_2: survived", "85 of 100 mutants noticed: 85 %, needed 85 %"],
        True,
    )


def test_summary_when_one_more_survives_or_nothing_ran_then_it_does_not_suffice() -> None:
    """84 are too few, and a run without mutants proves nothing."""
    assert summary(STATS | {"killed": 79, "survived": 14}, "")[1] is False
    assert summary(dict.fromkeys(STATS, 0), "")[1] is False


def test_mutants_when_configured_then_the_four_files_are_there_and_the_tests_too() -> None:
    """A pattern that fits nothing would mutate nothing."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
    names = {path.rsplit("/", 1)[1] for path in settings["only_mutate"]}
    assert {"selection.py", "closing.py", "waterfall.py", "apportion.py"} <= names
    for path in (*settings["only_mutate"], *settings["pytest_add_cli_args_test_selection"]):
        assert (REPOSITORY / path.partition("::")[0]).exists(), path
    assert LEAST_PERCENT >= 85
