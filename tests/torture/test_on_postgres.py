"""The families on PostgreSQL told in the words of all others."""

from collections.abc import Callable

import pytest

from tests.torture import on_postgres, postgres
from tests.torture.postgres_writer import Tally
from tests.torture.server import Missing


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        ({}, []),
        ({"acknowledged": 0}, ["nothing was acknowledged"]),
        ({"lost": 3}, ["3 lost"]),
        ({"twice": 1, "complaints": ["other words"]}, ["other words", "1 twice"]),
    ],
)
def test_family_when_a_server_was_killed_then_cases_and_complaints_are_told(
    change: dict, sentences: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each complaint says how it is played again."""
    found = Tally(**({"name": "x", "cases": 2, "acknowledged": 7} | change))
    monkeypatch.setattr(on_postgres, "binaries", lambda: None)
    monkeypatch.setattr(postgres, "crashes", lambda count, seed: found)
    tally = on_postgres.kills(2, 9)
    assert [failure.sentence for failure in tally.failures] == sentences
    assert {failure.again for failure in tally.failures} <= {"python -m tests.torture.postgres --crashes 2 --seed 9"}
    assert (tally.outcomes["done"], tally.kinds["commands"]["acknowledged"]) == (2, found.acknowledged)


@pytest.mark.parametrize("run", [on_postgres.kills, on_postgres.second_writers, on_postgres.zombies])
def test_family_when_there_is_no_server_then_it_is_skipped_with_the_reason(
    run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was run, and that is said."""

    def missing() -> None:
        raise Missing("no server here")

    monkeypatch.setattr(on_postgres, "binaries", missing)
    tally = run(1, 1)
    assert (tally.runs, tally.skipped) == (0, "no server here")
