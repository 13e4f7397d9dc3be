"""Collects every error code the source can raise, by reading the source and not by running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent / "src" / "jwtkit"
_CODE = re.compile(r"[a-z][a-z0-9_]*(\.([a-z][a-z0-9_]*|<name>))*")


def codes_in_source() -> set[str]:
    """Every `default_code`, every `code=` argument, and the first argument of every `Failure`."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found.update(code for value in _places(node) for code in _texts(value) if _CODE.fullmatch(code))
    return found


def _places(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id in {"default_code", "EXPIRED"} for target in targets):
            yield node.value
    if isinstance(node, ast.Call):
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if node.args and name in {"Failure", "malformed", "_malformed"}:
            yield node.args[0]


def _texts(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "<name>" for part in value.values)
    elif isinstance(value, ast.IfExp):
        yield from _texts(value.body)
        yield from _texts(value.orelse)
