"""The published cases, where they are there."""

import pytest

from tests.conformance.cases import FOLDER, Row, present, read
from tests.conformance.report import Line, line_of


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """Return every row, or skip: a user's checkout has none."""
    if not present():
        pytest.skip(f"no {FOLDER.name} beside the repository: published numbers cannot be compared")
    return read()


@pytest.fixture(scope="session")
def lines(rows: list[Row]) -> list[Line]:
    """Return what became of every row."""
    return [line_of(row) for row in rows]
