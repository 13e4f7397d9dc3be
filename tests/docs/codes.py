"""Collects every error code the source can raise, by reading the source and not by running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent / "src" / "jwtkit"
_FAMILIES = (
    "authority|check|claim|claims|environment|grant|header|issue|jwks|jws|key|keys|login|refresh|request|rotation_secret|"
    "rotator|store|token|validator"
)
_CODE = re.compile(rf"({_FAMILIES})(\.([a-z][a-z0-9_]*|<name>)){{1,2}}")
_GENERAL = re.compile(r"claim\.\w+\.(?P<kind>missing|type|mismatch|forbidden)")


def codes_in_source() -> set[str]:
    """Every code in the source, with `<name>` for the part that is a claim's name."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            found.update(_GENERAL.sub(r"claim.<name>.\g<kind>", code) for code in _codes(node))
    return found


def _codes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        # The few codes without a family are the defaults of a class.
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        named = any(isinstance(target, ast.Name) and target.id == "default_code" for target in targets)
        if named and isinstance(node.value, ast.Constant):
            yield str(node.value.value)
    if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
        yield str(node.value.value)
    text = _text(node)
    if text is not None and _CODE.fullmatch(text):
        yield text


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "<name>" for part in node.values
        )
    return None
