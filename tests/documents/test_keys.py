"""The page of scenario keys is what the schema, the rules, the plugs and the stories say, and its bounds hold."""

import re
import tomllib
from typing import Any

import pytest

from deleverage.scenarios.faults import Path, ScenarioError, path_text
from deleverage.scenarios.loader import bundled_names, loads, text_of
from deleverage.scenarios.structure import schema
from tests.documents.keys import PAGE, keys, page, shown, value_of
from tests.scenarios.mistakes import places, replaced

BEYOND: dict[str, tuple[Any, ...]] = {
    "above 0": (0, -1),
    "0 or more": (-1,),
    "0 to 1": (-1, "1.5"),
    "-1 to 1": ("-1.5", "1.5"),
    "at most 1": ("1.5",),
    "from 1 to 1000000000": ("0.5", 10**9 + 1),
}
"""Values outside of the bounds that the page states."""


def numbers() -> dict[str, tuple[str, Path, tuple[Any, ...]]]:
    """Return each number of the page that a story shows: the story, where it stands there, and values out of bounds."""
    bounds = {path: value_of(part) for path, part, _ in keys(schema())}
    found: dict[str, tuple[str, Path, tuple[Any, ...]]] = {}
    for name in bundled_names():
        for where in places(tomllib.loads(text_of(name), parse_float=str)):
            key = known(path_text(where), set(bounds))
            for words, beyond in BEYOND.items():
                if words in bounds.get(key, "").replace(", above", " above"):
                    found.setdefault(key, (name, where, beyond))
    return found


def known(path: str, every: set[str]) -> str:
    """Return how the page calls a place of a file."""
    key = re.sub(r"\[\d+\]", "[]", path)
    if key in every:
        return key
    named = [one for one in every if "NAME" in one]
    return next((one for one in named if re.fullmatch(re.escape(one).replace("NAME", r"[^.\[]+"), key)), key)


NUMBERS = numbers()


def test_page_of_keys_when_made_anew_then_it_is_the_one_in_the_repository() -> None:
    """After a change of schema, rules, plugs or stories: ``make schemas``."""
    assert page() == PAGE.read_text(encoding="utf-8")


def test_page_of_keys_when_a_story_shows_a_key_then_the_page_has_it() -> None:
    """Each key of each bundled story has a line, but for parameters of plugs, which have a table of their own."""
    listed = {path for path, _, _ in keys(schema())}
    unknown = {path for path in shown() if path and not path.endswith(("[]", ".NAME"))} - listed
    assert unknown == set()
    assert len(NUMBERS) > 60


@pytest.mark.parametrize("key", NUMBERS)
def test_number_when_it_lies_beyond_the_bounds_on_the_page_then_it_is_a_fault_at_its_key(key: str) -> None:
    """What the page calls the bounds of a key is what the reader refuses beyond them."""
    name, where, beyond = NUMBERS[key]
    text = re.sub(r"(?m)^(accounts +)= \d+", r"\1= 60", text_of(name))
    for value in beyond:
        with pytest.raises(ScenarioError) as refusal:
            loads(replaced(tomllib.loads(text, parse_float=str), where, value))
        assert path_text(where) in [fault.path for fault in refusal.value.faults], (value, refusal.value.faults)
