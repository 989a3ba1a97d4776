"""What people read is what the code does."""

import pytest

from deleverage.service.levels import DEFAULT
from deleverage.service.levels_file import read_levels
from deleverage.service.problems import Code
from tests.service import pages


@pytest.mark.parametrize("name", list(pages.PAGES))
def test_page_when_the_code_changes_then_it_has_to_be_renewed(name: str) -> None:
    """Refusals, metrics, levels."""
    assert pages.PAGES[name]() == (pages.FOLDER / name).read_text("utf-8")


def test_errors_when_a_code_is_new_then_somebody_has_to_say_what_to_do() -> None:
    """None without words, none twice the same words."""
    assert set(pages.WHAT_TO_DO) == set(Code)
    assert len(set(pages.WHAT_TO_DO.values())) == len(Code)


def test_levels_when_taken_from_the_page_then_they_are_the_default() -> None:
    """The file that the page shows can be read."""
    text = (pages.FOLDER / "throttling.md").read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    assert read_levels(text) == DEFAULT
