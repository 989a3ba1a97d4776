"""The preset that the page shows is one that can be used."""

import re
from pathlib import Path

from deleverage.cli import call
from deleverage.venues.catalogue import venue, venue_of_text

PAGE = Path(__file__).resolve().parents[2] / "docs" / "venues.md"


def shown() -> str:
    """Return the TOML of the page."""
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(text)


def test_preset_of_the_page_when_written_to_a_file_then_a_story_is_played_under_it(tmp_path: Path) -> None:
    """As printed, with either side of its switch."""
    file = tmp_path / "mine.toml"
    file.write_text(shown(), "utf-8")
    assert venue(str(file)) == venue_of_text(shown())
    assert call(["venues", str(file)]) == 0
    for side in ("capped", "uncapped"):
        assert call(["run", "one-bankrupt", "--venue", str(file), "--switch", f"winners={side}"]) == 0


def test_commands_of_the_page_when_typed_then_each_ends_well(tmp_path: Path) -> None:
    """Every line of the first block but the crash of many, which other tests play."""
    (tmp_path / "book.csv").write_text(
        "account,market,size,entry,mark,equity\na,X,2,10,12,50\nb,X,-2,10,12,9\n", "utf-8"
    )
    block = re.findall(r"```\n(deleverage.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[0]
    lines = [line.partition("#")[0].split()[1:] for line in block.splitlines()]
    assert len(lines) == 6
    for words in lines:
        typed = [str(tmp_path / word) if word == "book.csv" else word for word in words]
        quick = ["--accounts", "300"] if "crash" in typed else []
        assert call([*typed, *quick]) == 0, words
