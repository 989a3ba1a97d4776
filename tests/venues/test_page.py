"""The page of venues says what the presets do today."""

from deleverage.venues.catalogue import venue
from tests.venues import page


def test_page_of_venues_when_generated_anew_then_it_is_the_one_that_is_committed() -> None:
    """`python -m tests.venues.page --write` renews it."""
    assert page.FILE.read_text(encoding="utf-8") == page.text(), "python -m tests.venues.page --write"


def test_split_when_a_ranking_goes_by_size_then_the_halves_give_less_and_by_ratio_they_do_not() -> None:
    """The measure tells presets apart: FTX closes the largest, BitMEX the most leveraged."""
    assert page.split_counts(venue("ftx").preset())[1] > 0
    assert page.split_counts(venue("bitmex").preset())[1] == 0
