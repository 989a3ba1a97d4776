"""The HTML page: self-contained, escaped, and telling what the document says."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from deleverage.adapters.waves import load_event
from deleverage.domain.document import document
from deleverage.domain.player import play
from deleverage.lab.event import Options, play_event
from deleverage.lab.event_document import event_document
from deleverage.lab.numbers import grouped, grouped_in, percent
from deleverage.lab.page import render
from deleverage.lab.page_parts import Currency, of_largest, slices, step_chart
from deleverage.scenarios.loader import bundled_names, load

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}"


class Reader(HTMLParser):
    """Collects tags, attributes and text, and refuses tags that are not closed in order."""

    VOID = frozenset({"meta", "br", "img", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes out of order"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    """Return a page read to its end, every tag closed."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def with_hostile_strings(value: Any) -> Any:
    """Return a document in which every free text is hostile; numbers and fixed words stay."""
    fixed = {"kind", "name", "state", "money", "quantum", "bankrupt_side", "side", "part", "price_rule", "score"}
    if isinstance(value, dict):
        return {
            key: HOSTILE
            if isinstance(item, str) and key not in fixed and not re.fullmatch(r"-?[0-9.]+", item)
            else with_hostile_strings(item)
            for key, item in value.items()
        }
    return [with_hostile_strings(item) for item in value] if isinstance(value, list) else value


def strings(value: Any) -> Iterator[str]:
    """Yield all strings of a document."""
    if isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


@pytest.fixture(scope="module")
def six_longs() -> dict[str, Any]:
    """Return the document of a small scenario with one round."""
    found: dict[str, Any] = json.loads(json.dumps(document(play(load("six-longs")))))
    return found


def test_page_when_the_document_is_an_event_then_says_what_is_synthetic(shared_dir: Path) -> None:
    """The event's page is self-contained too, names the seed, and shows the total to the quantum."""
    event = load_event(shared_dir / "data" / "oct10")
    page = render(event_document(play_event(event, Options(accounts=4_000))))
    reader = read(page)
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert not re.search(r"https?:|url\(|@import", page.replace("http-equiv", ""))
    assert "15,079,669.609008" in page
    assert "who paid is not a fact about the event" in page


@pytest.mark.parametrize("name", bundled_names())
def test_page_when_rendered_for_any_scenario_then_is_whole_and_self_contained(name: str) -> None:
    """No script, no handler, no address of anything outside; every tag is closed; one main heading."""
    page = render(document(play(load(name))))
    reader = read(page)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name in ("src", "href", "srcset")]
    assert not re.search(r"https?:|//[a-z]|url\(|@import", page.replace("http-equiv", ""))
    assert reader.tags.count("h1") == 1
    assert "Conservation: exact." in page


def test_page_when_labels_are_hostile_then_escapes_every_one(six_longs: dict[str, Any]) -> None:
    """Markup, quotes and template code in labels come out as text."""
    hostile = with_hostile_strings(six_longs)
    hostile["scenario"].update(title=HOSTILE, name=HOSTILE, lesson=HOSTILE)
    assert HOSTILE in set(strings(hostile))
    page = render(hostile)
    reader = read(page)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert "{{7*7}}" in "".join(reader.text)
    assert "alert(1)" in "".join(reader.text)


def test_page_when_rendered_then_shows_who_paid_with_units_and_separators(six_longs: dict[str, Any]) -> None:
    """The closed accounts, the money they gave up, and the sum that is zero stand in the text."""
    text = " ".join(" ".join(read(render(six_longs)).text).split())
    assert "Who carried the loss" in text
    assert "2 accounts were deleveraged and gave up 200.00 USD against the mark" in text
    assert "XYZ : 1 bankrupt short, 20 of 20 lots closed against 2 longs" in text
    assert "465,700.00" in text
    assert "exact 0.00 USD" in text


def test_page_when_conservation_is_broken_then_says_so_first(six_longs: dict[str, Any]) -> None:
    """A document that does not balance is not shown as exact."""
    broken = json.loads(json.dumps(six_longs))
    broken["conservation"].update(state="broken", sum="-0.01")
    page = render(broken)
    assert "Conservation: broken." in page
    assert "Conservation: exact." not in page
    assert "\u22120.01 USD instead of 0" in page


def test_page_when_rendered_twice_then_is_the_same_to_the_byte(six_longs: dict[str, Any]) -> None:
    """The page hangs on the document alone: no clock, no random ids."""
    assert render(six_longs) == render(six_longs)


def test_page_when_kind_is_unknown_then_is_refused_with_the_known_ones() -> None:
    """A document without a page names those that have one."""
    with pytest.raises(ValueError, match="documents of kind 'queue' have no page, known are run, event"):
        render({"kind": "queue"})


def test_page_when_many_were_closed_then_shortens_the_queue_in_the_middle() -> None:
    """The first, the last one closed and the next in line are shown; those between are counted and summed."""
    page = render(document(play(load("crash", accounts=1_000))))
    assert "more were closed in between" in page
    assert "next in line" in page
    assert len(page) < 150_000


# -- parts ------------------------------------------------------------------------------------------------------------


def test_currency_when_divided_finer_than_cents_then_shows_cents_half_to_even_and_exact_digits() -> None:
    """Dollars are shown to the cent, other units with all their decimals."""
    usd, bitcoin = Currency.of("USD", "0.000001"), Currency.of("BTC", "0.00000001")
    assert [usd.text("1234.565"), usd.text("1234.575"), usd.text("-0.005")] == ["1,234.56", "1,234.58", "0.00"]
    assert usd.text("-1000") == "\u22121,000.00"
    assert usd.exact("1234.5") == "1,234.500000"
    assert bitcoin.text("0.00000001") == "0.00000001"
    assert Currency.of("JPY", "1").text("1234567") == "1,234,567"


def test_slices_when_parts_are_laid_out_then_fill_the_bar_without_a_gap() -> None:
    """Parts stand side by side over the whole bar; an empty part has no width, a tiny one is still seen."""
    parts = slices([("a", "A", "", 1), ("b", "B", "", 0), ("c", "C", "", 999_999)], Currency.of("USD", "0.01"))
    assert [(part.x, part.width) for part in parts] == [(0, 2), (0, 0), (0, 1_000)]
    assert [part.share for part in parts] == ["0.00 %", "0.00 %", "100.00 %"]
    assert [part.share for part in slices([("a", "A", "", 0)], Currency.of("USD", "0.01"))] == ["undefined"]


def test_chart_when_levels_fall_then_holds_and_jumps() -> None:
    """The line is horizontal until a step and vertical at it."""
    chart = step_chart([100, 50, 0], Currency.of("USD", "0.01"))
    assert chart["line"] == "M0 0H480V95H960V190"
    assert chart["top"] == "1.00"
    assert step_chart([0], Currency.of("USD", "0.01"))["line"] == "M0 190"


def test_numbers_when_grouped_then_leave_names_alone() -> None:
    """Numbers in a sentence are grouped, digits of identifiers and decimals of text are not."""
    assert grouped_in("20000 lots of trader-20000 in M1000/X") == "20,000 lots of trader-20000 in M1000/X"
    assert [grouped("-1234567.5"), grouped("none")] == ["-1,234,567.5", "none"]
    assert [percent(1, 3), percent(1, 0), of_largest([0, 1, 1_000])] == ["33.33 %", "undefined", [0, 1, 100]]
