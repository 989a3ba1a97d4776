"""Reads the rulebook's syntax trees and reports whatever the law must not know.

The rulebook is carried away by auditors and re-run years later, so it may hang on nothing that differs between two
machines or two runs: no clock, no file, no float, no hash order, no package from elsewhere. And since each cent has an
owner, it rounds only where rounding is the subject (``quantities``, ``apportion``).

The check is syntactic. It follows names and attributes that were seen to hold a set within one module, and no further;
it does not know types. What it cannot see, the parity tests must.
"""

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

ALLOWED_IMPORTS = frozenset(
    {
        "__future__",
        "abc",
        "bisect",
        "collections",
        "collections.abc",
        "dataclasses",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "math",
        "operator",
        "typing",
    }
)
"""The pure part of the standard library. A list of what is allowed forgets nothing; a list of what is not, does."""

ALLOWED_FROM_MATH = frozenset({"gcd", "isqrt", "lcm"})
MAY_HOLD_FLOATS = frozenset({"ranking.py"})
MAY_ROUND = frozenset({"quantities.py", "decimals.py", "apportion.py"})

FLOAT_DIVISION = frozenset({"truediv", "itruediv", "__truediv__", "__rtruediv__", "__itruediv__"})
INTEGER_DIVISION = frozenset(
    {"floordiv", "ifloordiv", "mod", "imod"}
    | {"__floordiv__", "__rfloordiv__", "__ifloordiv__", "__mod__", "__rmod__", "__imod__", "__divmod__", "__round__"}
)
IMPURE_CALLS = frozenset(
    {"open", "print", "input", "eval", "exec", "compile", "breakpoint", "globals", "locals", "vars", "__import__"}
)
ORDER_TAKERS = frozenset(
    {"dict", "enumerate", "filter", "fromkeys", "iter", "join", "list", "map", "next", "reduce", "reversed", "tuple"}
    | {"chain", "extend", "zip"}
)
"""Calls whose result hangs on the order of what they are given; ``sorted``, ``sum``, ``min``, ``len`` are not among
them."""

SET_METHODS = frozenset({"difference", "intersection", "symmetric_difference", "union"})
SET_NAMES = frozenset({"AbstractSet", "FrozenSet", "MutableSet", "Set", "frozenset", "set"})


class Kind(StrEnum):
    """What can be wrong; each value has at least one planted example in the tests."""

    IMPORT = "imports what the law must not know"
    UPWARD = "imports a part of deleverage that stands above the rulebook"
    MATH = "uses a function that returns floats"
    FLOAT = "uses a float"
    TRUE_DIVISION = "divides into a float"
    ROUNDING = "rounds outside quantities.py, decimals.py and apportion.py"
    IMPURE = "calls what reaches outside or hides what runs"
    IDENTITY = "depends on hash() or id()"
    SET_ORDER = "takes the members of a set in the order of their hashes"


class Finding(NamedTuple):
    """One violation: the line it stands on, its kind, and the piece of code."""

    line: int
    kind: Kind
    code: str


def findings(source: str, relative_path: Path) -> list[Finding]:
    """Return the violations of one module, by line; ``relative_path`` is its path below the rulebook's folder."""
    tree = ast.parse(source, str(relative_path))
    reader = _Reader(relative_path, _set_attributes(tree))
    reader.visit(tree)
    return sorted(set(reader.found))


def scan(folder: Path) -> dict[Path, list[Finding]]:
    """Return the violations of each module below ``folder``, clean modules included."""
    return {
        path: findings(path.read_text(encoding="utf-8"), path.relative_to(folder))
        for path in sorted(folder.rglob("*.py"))
    }


def _set_attributes(tree: ast.Module) -> frozenset[str]:
    """Return the names of class fields that are declared as sets."""
    return frozenset(
        statement.target.id
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef)
        for statement in owner.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and _names_a_set(statement.annotation)
    )


def _names_a_set(annotation: ast.expr | None) -> bool:
    """Return whether a type annotation reads ``set``, ``frozenset``, ``Set[...]`` or an optional one of these."""
    match annotation:
        case ast.Subscript(value=value):
            return _names_a_set(value)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _names_a_set(left) or _names_a_set(right)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in SET_NAMES
        case ast.Constant(value=str(text)):
            return _names_a_set(ast.parse(text, mode="eval").body)
        case _:
            return False


class _Reader(ast.NodeVisitor):
    """Walks one module and collects findings; remembers which names of the open scopes hold sets."""

    def __init__(self, path: Path, set_attributes: frozenset[str]) -> None:
        self.found: list[Finding] = []
        self._file = path.as_posix()
        self._depth = len(path.parts)
        self._math_names: set[str] = set()
        self._set_attributes = set_attributes
        self._set_names: list[set[str]] = [set()]

    def _report(self, node: ast.AST, kind: Kind) -> None:
        line = getattr(node, "lineno", 0)
        self.found.append(Finding(line, kind, ast.unparse(node).splitlines()[0]))

    # -- imports ---------------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._judge_import(node, alias.name)
            if alias.name == "math":
                self._math_names.add(alias.asname or alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level > 0:
            # Level 1 is this module's own package; the rulebook's folder is as far up as it may look.
            if node.level > self._depth:
                self._report(node, Kind.UPWARD)
        elif module == "deleverage":
            for alias in node.names:
                self._judge_import(node, f"deleverage.{alias.name}")
        else:
            self._judge_import(node, module)
        if module == "math" and any(alias.name not in ALLOWED_FROM_MATH for alias in node.names):
            self._report(node, Kind.MATH)
        if module == "operator":
            for alias in node.names:
                self._judge_division_name(node, alias.name)

    def _judge_import(self, node: ast.AST, module: str) -> None:
        if module.split(".")[0] == "deleverage":
            if module.split(".")[1:2] != ["rulebook"]:
                self._report(node, Kind.UPWARD)
        elif module not in ALLOWED_IMPORTS:
            self._report(node, Kind.IMPORT)

    # -- numbers ---------------------------------------------------------------------------------------------------

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, float | complex) and self._file not in MAY_HOLD_FLOATS:
            self._report(node, Kind.FLOAT)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in {"float", "complex"} and self._file not in MAY_HOLD_FLOATS:
            self._report(node, Kind.FLOAT)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        on_math = isinstance(node.value, ast.Name) and node.value.id in self._math_names
        if on_math and node.attr not in ALLOWED_FROM_MATH:
            self._report(node, Kind.MATH)
        if node.attr == "__float__" and self._file not in MAY_HOLD_FLOATS:
            self._report(node, Kind.FLOAT)
        self._judge_division_name(node, node.attr)
        self.generic_visit(node)

    def _judge_division_name(self, node: ast.AST, name: str) -> None:
        if name in FLOAT_DIVISION and self._file not in MAY_HOLD_FLOATS:
            self._report(node, Kind.TRUE_DIVISION)
        if name in INTEGER_DIVISION and self._file not in MAY_ROUND:
            self._report(node, Kind.ROUNDING)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        formats_text = isinstance(node.op, ast.Mod) and (
            isinstance(node.left, ast.JoinedStr)
            or (isinstance(node.left, ast.Constant) and isinstance(node.left.value, str))
        )
        if not formats_text:
            self._judge_operator(node, node.op)
        if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.UnaryOp) and isinstance(node.right.op, ast.USub):
            self._report(node, Kind.FLOAT)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._judge_operator(node, node.op)
        self.generic_visit(node)

    def _judge_operator(self, node: ast.AST, operator: ast.operator) -> None:
        if isinstance(operator, ast.Div) and self._file not in MAY_HOLD_FLOATS:
            self._report(node, Kind.TRUE_DIVISION)
        if isinstance(operator, ast.FloorDiv | ast.Mod) and self._file not in MAY_ROUND:
            self._report(node, Kind.ROUNDING)

    # -- calls -----------------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Name(id=name):
                if name in IMPURE_CALLS:
                    self._report(node, Kind.IMPURE)
                if name in {"hash", "id"}:
                    self._report(node, Kind.IDENTITY)
                if name in {"divmod", "round"} and self._file not in MAY_ROUND:
                    self._report(node, Kind.ROUNDING)
                self._judge_order_taker(node, name)
            case ast.Attribute(value=owner, attr=name):
                if name == "pop" and self._is_set(owner):
                    self._report(node, Kind.SET_ORDER)
                self._judge_order_taker(node, name)
        self.generic_visit(node)

    def _judge_order_taker(self, node: ast.Call, name: str) -> None:
        if name in ORDER_TAKERS and any(self._is_set(argument) for argument in node.args):
            self._report(node, Kind.SET_ORDER)

    # -- sets ------------------------------------------------------------------------------------------------------

    def _is_set(self, node: ast.expr) -> bool:
        """Return whether an expression is known to be a set, as far as the syntax tells."""
        match node:
            case ast.Set() | ast.SetComp():
                return True
            case ast.Call(func=ast.Name(id="set" | "frozenset")):
                return True
            case ast.Call(func=ast.Attribute(value=owner, attr=method)):
                return method in SET_METHODS or (method == "copy" and self._is_set(owner))
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() | ast.BitXor() | ast.Sub(), right=right):
                return any(self._is_set(side) or _is_keys_view(side) for side in (left, right))
            case ast.IfExp(body=body, orelse=orelse):
                return self._is_set(body) or self._is_set(orelse)
            case ast.NamedExpr(value=value):
                return self._is_set(value)
            case ast.Name(id=name):
                return any(name in scope for scope in self._set_names)
            case ast.Attribute(attr=name):
                return name in self._set_attributes
            case _:
                return False

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._remember(target.id, self._is_set(node.value))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            self._remember(node.target.id, _names_a_set(node.annotation))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.generic_visit(node)
        self._remember(node.target.id, self._is_set(node.value))

    def _remember(self, name: str, is_set: bool) -> None:
        if is_set:
            self._set_names[-1].add(name)
        else:
            self._set_names[-1].discard(name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self._set_names.append({argument.arg for argument in arguments if _names_a_set(argument.annotation)})
        self.generic_visit(node)
        self._set_names.pop()

    def visit_For(self, node: ast.For) -> None:
        if self._is_set(node.iter):
            self._report(node.iter, Kind.SET_ORDER)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        if self._is_set(node.iter):
            self._report(node.iter, Kind.SET_ORDER)
        self.generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        if self._is_set(node.value):
            self._report(node, Kind.SET_ORDER)
        self.generic_visit(node)


def _is_keys_view(node: ast.expr) -> bool:
    """Return whether an expression is ``mapping.keys()`` or ``.items()``: set operations on these give sets."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"keys", "items"}


def report(found: dict[Path, list[Finding]]) -> Iterator[str]:
    """Yield one line per violation, as ``path:line: what: code``."""
    for path, violations in found.items():
        for line, kind, code in violations:
            yield f"{path}:{line}: {kind}: {code}"
