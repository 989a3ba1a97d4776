"""The page of venues says what the presets do today."""

from tests.venues import page


def test_page_of_venues_when_generated_anew_then_it_is_the_one_that_is_committed() -> None:
    """`python -m tests.venues.page --write` renews it."""
    assert page.FILE.read_text(encoding="utf-8") == page.text(), "python -m tests.venues.page --write"


def test_split_when_the_whole_is_halved_then_the_halves_hold_the_same_lots_and_money() -> None:
    """What the table compares is one account and its two halves, nothing else."""
    assert page.two_daves().count("size = -10, entry = 100") == 3  # bob and two halves
    assert "deposit   = 1000\n" not in page.two_daves()
