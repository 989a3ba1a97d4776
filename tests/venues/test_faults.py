"""A preset file with mistakes is refused with all of them, in the words of the file."""

from pathlib import Path

import pytest

from deleverage.scenarios.faults import ScenarioError
from deleverage.venues.catalogue import venue, venue_of_text

GOOD = """
name = "mine"
title = "Mine: a test"
as_of = "2026-11"
grade = "executes"
rule = "Closed at the mark."
sources = ["my desk"]
documented = ["all of it"]
[rules]
price = "mark"
"""


def faults(text: str) -> list[str]:
    """Return everything that is wrong with a preset."""
    with pytest.raises(ScenarioError) as refusal:
        venue_of_text(text)
    return [str(fault) for fault in refusal.value.faults]


def test_preset_when_it_is_good_then_it_is_read() -> None:
    """The text that the other tests break."""
    assert venue_of_text(GOOD).rules == {"price": "mark"}


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ('price = "mark"', 'price = "marke"', "rules.price", "nearest is 'mark'"),
        ('price = "mark"', 'pricee = "mark"', "rules.pricee", "is no key here, nearest is 'price'"),
        ('grade = "executes"', 'grade = "plays"', "grade", "executes"),
        ('as_of = "2026-11"', 'as_of = "November"', "as_of", "YYYY-MM"),
        ('sources = ["my desk"]', "", "sources", "is missing"),
        ('sources = ["my desk"]', 'sources = ["my desk"]\nasks_for = ["policy"]', "asks_for", "asks for nothing"),
        ('sources = ["my desk"]', 'sources = ["my desk"]\nfund = "some"', "fund", "per-market"),
        ('name = "mine"', 'name = "My Venue"', "name", "lower-case"),
    ],
)
def test_preset_when_one_thing_is_wrong_then_the_place_is_named(old: str, new: str, place: str, words: str) -> None:
    """One fault, its key path, and what would be right."""
    (fault,) = faults(GOOD.replace(old, new))
    assert fault.startswith(f"{place}: ")
    assert words in fault


def test_preset_when_three_things_are_wrong_then_all_are_told_at_once() -> None:
    """Nobody mends a file three times."""
    text = GOOD.replace('"mark"', '"marke"').replace("2026-11", "soon").replace('"executes"', '"plays"')
    assert {fault.partition(":")[0] for fault in faults(text)} == {"as_of", "grade"} | {"rules.price"}


def test_switch_when_a_side_makes_bad_rules_then_the_preset_is_refused() -> None:
    """Every side of every switch is built when a file is read, not when somebody chooses it."""
    switch = (
        '[[switches]]\nname = "side"\nwhy = "two texts"\n'
        'choices = [{ name = "one" }, { name = "two", rules = { price = "marke" } }]\n'
    )
    (fault,) = faults(GOOD + switch)
    assert "marke" in fault


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        ('drawdown = { slots = 1, slot_seconds = 60, fall = "0.3", stop = "0.5" }', "drawdown.fall", "above the stop"),
        (
            '[[switches]]\nname = "a"\nwhy = "w"\nchoices = [{ name = "p" }, { name = "p" }]',
            "switches[0].choices[1].name",
            "exists already",
        ),
        (
            2 * '[[switches]]\nname = "a"\nwhy = "w"\nchoices = [{ name = "p" }, { name = "q" }]\n',
            "switches[1].name",
            "exists already",
        ),
    ],
)
def test_preset_when_a_part_could_never_be_used_then_it_is_refused_when_it_is_read(
    lines: str, place: str, words: str
) -> None:
    """Not when a story is played, under a path that the file does not have."""
    text = GOOD.replace("[rules]", f"{lines}\n[rules]") if lines.startswith("drawdown") else GOOD + lines
    assert any(fault.startswith(f"{place}: ") and words in fault for fault in faults(text))


def test_venue_when_a_file_has_the_name_of_a_preset_that_ships_then_it_is_refused(tmp_path: Path) -> None:
    """Nobody takes somebody's copy for the preset."""
    file = tmp_path / "copy.toml"
    file.write_text(GOOD.replace('"mine"', '"binance"'), "utf-8")
    with pytest.raises(ScenarioError, match="which is a preset that ships"):
        venue(str(file))


def test_venue_when_its_name_is_unknown_then_the_nearest_is_told() -> None:
    """A typo costs one line."""
    with pytest.raises(ScenarioError, match="nearest is 'bitmex'"):
        venue("bitmxe")


def test_switch_when_name_or_side_is_unknown_then_the_known_ones_are_told() -> None:
    """Both faults at once."""
    with pytest.raises(ScenarioError) as refusal:
        venue("bybit").preset({"boundery": "strict", "limits": "none"})
    texts = [str(fault) for fault in refusal.value.faults]
    assert len(texts) == 2
    assert any("nearest is 'boundary'" in text for text in texts)
    assert any("help-centre" in text for text in texts)
