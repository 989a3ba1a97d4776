"""What conformance code may not do: name a case, know this package (oracles), round by itself (formulas)."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from tests.conftest import REPOSITORY

CODE = (REPOSITORY / "src" / "deleverage", REPOSITORY / "tests" / "conformance")
ORACLES = REPOSITORY / "tests" / "conformance" / "oracles"
FORMULAS = REPOSITORY / "src" / "deleverage" / "venues" / "formulas"
PAGE = REPOSITORY / "docs" / "reference" / "conformance.md"


def case_ids(page: str) -> list[str]:
    """Return the ids of all cases that the page lists, without the numbers of their rows."""
    return sorted({match.split("#")[0] for match in re.findall(r"^\| `([^`]+)` \|", page, re.M)})


def named_ids(text: str, ids: Iterable[str]) -> list[str]:
    """Return the ids that occur in a text, whole or without their venue."""
    return [name for name in ids if name in text]


def foreign_imports(source: str) -> list[str]:
    """Return what an oracle imports of this project: it may know the standard library alone."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        found += [name for name in names if name.split(".")[0] in ("deleverage", "tests", "", ".")]
    return found


def roundings(source: str) -> list[str]:
    """Return where a formula rounds or leaves exact numbers by itself: ``//``, ``%``, ``round``, floats."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.BinOp(op=ast.FloorDiv() | ast.Mod()) | ast.AugAssign(op=ast.FloorDiv() | ast.Mod()):
                found.append(ast.unparse(node))
            case ast.Call(func=ast.Name(id="round" | "divmod" | "int" | "float")):
                found.append(ast.unparse(node))
            case ast.Constant(value=float()):
                found.append(ast.unparse(node))
    return found


def sources(*folders: Path) -> dict[Path, str]:
    """Return the text of every Python file below some folders."""
    return {path: path.read_text("utf-8") for folder in folders for path in sorted(folder.rglob("*.py"))}
