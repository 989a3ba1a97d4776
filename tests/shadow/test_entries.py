"""Entries of our own journals are followed: one a line, or in pages as the service answers."""

import json
from pathlib import Path

import pytest

from deleverage.domain.player import play
from deleverage.journal.entry import text_of
from deleverage.rulebook.book import Book
from deleverage.scenarios.loader import load
from deleverage.shadow.record import Telling
from tests.shadow.streams import follow


def _entries() -> list[str]:
    scenario = load("six-longs")
    domain = Telling(Book(), scenario.rules, "columns")
    play(scenario, domain=domain)
    return [text_of(command, answer) for command, answer in domain.told]


@pytest.mark.parametrize("page", [1, 10])
def test_shadow_of_entries_agrees_wholly(page: int, tmp_path: Path) -> None:
    """Each step of a journal closes whom the law closes again."""
    entries = _entries()
    parts = [entries[at : at + page] for at in range(0, len(entries), page)]
    lines = [f'{{"entries": [{",".join(part)}], "next_from": "1"}}' for part in parts] if page > 1 else entries
    found = follow(tmp_path / "stream", lines, shape="entries", rules_of=lambda header: load("six-longs").rules)
    assert (found.tally.differences, found.tally.bad, found.tally.rows["adl"].agreed) == (0, {}, 3)


def test_shadow_of_entries_where_a_line_is_none_then_it_is_counted(tmp_path: Path) -> None:
    """A refused command says nothing; what is no entry, or one with a wrong field, is a bad line."""
    first = json.loads(_entries()[0])
    refused = {"command": first["command"], "rejection": {}}
    lines = [json.dumps(one) for one in (refused, {"huh": 1}, {**first, "facts": [{}]}, {"entries": 3})]
    found = follow(tmp_path / "stream", lines, shape="entries", rules_of=lambda header: load("six-longs").rules)
    assert {name: each.count for name, each in found.tally.bad.items()} == {"UNKNOWN_LINE": 2, "BAD_FIELD": 1}
    assert found.tally.commands == 0
