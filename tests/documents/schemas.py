"""The published JSON Schema that follows from declared types; ``make schemas`` renews it.

The test beside it compares; a difference is a change of a published format, and stands in the commit as one.
"""

import json
import sys
from pathlib import Path
from typing import Any

from deleverage.documents.codec import form_of
from deleverage.documents.schema import schema_of
from deleverage.vectors.vector import KIND, SCHEMA_VERSION, Vector
from tests.conftest import REPOSITORY

FILE = REPOSITORY / "src" / "deleverage" / "schemas" / "vector.json"

HEAD = {
    "schema_version": {"const": SCHEMA_VERSION, "description": "Version of this schema."},
    "kind": {"const": KIND, "description": "What kind of document this is."},
    "program": {"description": "Program and version.", "type": "string"},
}


def vector_schema() -> dict[str, Any]:
    """Return the schema of a vector as the declared types have it now."""
    schema: dict[str, Any] = schema_of("vector", HEAD, form_of(Vector).schema)
    return schema


def text_of(schema: dict[str, Any]) -> str:
    """Return the schema's text."""
    return json.dumps(schema, indent=2, ensure_ascii=True) + "\n"


def main(arguments: list[str], file: Path = FILE) -> int:
    """Compare the file with the types, or write it with ``--write``; exit code 1 where they differ."""
    if arguments == ["--write"]:
        file.write_text(text_of(vector_schema()), "ascii")
    if file.read_text("ascii") != text_of(vector_schema()):
        print(
            f"{file.name} is not what the types say: run `make schemas` (python -m tests.documents.schemas --write)",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
