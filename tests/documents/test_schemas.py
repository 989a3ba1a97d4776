"""The published schema of vectors follows from the declared types."""

from pathlib import Path

import pytest

from tests.documents.schemas import FILE, main, text_of, vector_schema


def test_vector_schema_when_the_types_are_read_then_the_published_file_says_the_same() -> None:
    """A field that was added, renamed or dropped is a change of the format: renew the file and say so."""
    assert FILE.read_text("ascii") == text_of(vector_schema()), "python -m tests.documents.schemas --write"


def test_vector_schema_when_a_stale_file_is_planted_then_it_is_found_and_renewed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file with one key less is reported, ``--write`` mends it."""
    file = tmp_path / "vector.json"
    file.write_text(text_of(vector_schema()).replace('"rules_hash"', '"rules"'), "ascii")
    assert main([], file) == 1
    assert "python -m tests.documents.schemas --write" in capsys.readouterr().err
    assert main(["--write"], file) == 0
    assert file.read_text("ascii") == FILE.read_text("ascii")


def test_vector_schema_when_an_integer_is_described_then_its_unit_is_told() -> None:
    """What the end of a key says stands in its description."""
    definitions = vector_schema()["$defs"]
    assert definitions["Deposit"]["properties"]["amount_quanta"]["description"] == "Amount quanta: money in quanta."
    assert definitions["Trade"]["properties"]["price_ticks"]["description"] == "Price ticks: a price in ticks."
    assert definitions["Fill"]["properties"]["lots"]["description"] == "Lots: a size in lots."
    face = definitions["MarketTerms"]["properties"]["face_quanta_ticks"]["description"]
    assert face == "Face quanta ticks: money in quanta times a price in ticks."
