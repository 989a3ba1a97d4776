"""The common law stays readable in an hour, and a reader of one family knows its files."""

import pytest

from tests.guards.common_law import LAW, PAGE, RULEBOOK, complaints, families_of, record_of, renewed, sizes_of

TRUE_PAGE = """## The common law, in reading order

2 files, 30 lines; no file beside them has more than 40 lines.

| file | lines | after it you know |
|---|---|---|
| `book` | 20 | what there is |
| `stages/fund` | 10 | who pays |

## Families beside it

| family | law | files |
|---|---|---|
| auctions | 1, 9 | `auction`, `stages/auction` |

## After it
"""
SIZES = {"book": 20, "stages/fund": 10, "auction": 40, "stages/auction": 5}
SECTIONS = "## 1. State\n## 9. Auctions\n"


def test_page_when_the_rulebook_is_read_then_the_list_and_the_families_are_true() -> None:
    """Today's files are all on the page, and the common law is not longer than recorded."""
    page = PAGE.read_text("utf-8")
    assert len(record_of(page).sizes) > 5, "the list was not found, so nothing was checked"
    assert len(families_of(page)) > 5, "the table was not found, so nothing was checked"
    assert complaints(page, sizes_of(RULEBOOK), LAW.read_text("utf-8")) == []


def test_page_when_nothing_is_planted_then_nothing_is_said() -> None:
    """What the next tests find is what they planted."""
    assert complaints(TRUE_PAGE, SIZES, SECTIONS) == []


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"book": 31}, "the common law has 2 files and 41 lines, recorded are 2 and 30"),
        ({"auction": 41}, "auction has 41 lines, beside the common law 40 are the most"),
        ({"loose": 1}, "loose is in no list: which family is it?"),
        ({"book": 4}, "book has 4 lines, the page says 20"),
    ],
)
def test_page_when_a_file_is_planted_then_it_is_named(sizes: dict[str, int], expected: str) -> None:
    """Growth, a file too long, a file of no family, and a size that is not true."""
    assert complaints(TRUE_PAGE, SIZES | sizes, SECTIONS) == [expected]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("`stages/auction`", "`stages/auctions`", "stages/auctions is named on the page and does not exist"),
        ("`auction`,", "`auction`, `book`,", "book is common law and a family's at once"),
        ("2 files", "1 files", "the common law has 2 files and 30 lines, recorded are 1 and 30"),
        ("1, 9", "1, 12", "auctions stands in section 12, which the law has not"),
    ],
)
def test_page_when_a_word_of_it_is_planted_wrong_then_it_is_named(old: str, new: str, expected: str) -> None:
    """A file that is gone, one told twice, a number of files that was passed, a section that is not there."""
    assert expected in complaints(TRUE_PAGE.replace(old, new), SIZES, SECTIONS)


def test_page_when_it_has_no_numbers_then_it_is_refused() -> None:
    """The record cannot be switched off by deleting its sentence."""
    with pytest.raises(ValueError, match="does not say how many files"):
        complaints(TRUE_PAGE.replace("2 files", "some"), SIZES, SECTIONS)


def test_page_when_it_is_renewed_then_its_numbers_are_today_s() -> None:
    """`make ratchets` writes the sums and every size, and touches nothing else."""
    page = renewed(TRUE_PAGE, SIZES | {"book": 40, "stages/fund": 11, "auction": 12})
    expected = (
        TRUE_PAGE.replace("30 lines", "51 lines")
        .replace("than 40", "than 12")
        .replace("| 20 |", "| 40 |")
        .replace("| 10 |", "| 11 |")
    )
    assert page == expected
