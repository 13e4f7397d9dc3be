"""The page of attacks: every test and case it names is there, and every advisory of the corpus is on it."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest
from tests.hostile import corpus

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "security" / "refused.md"
ADVISORY = re.compile(r"CVE-\d{4}-\d{4,7}")


def rows() -> list[list[str]]:
    """The cells of every row of the page's tables."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in cells if row[0] != "attack"]


def whys() -> dict[str, str]:
    """Each case's name and the reason given for it."""
    families = [
        *(corpus.token_cases(family) for family in corpus.TOKEN_FAMILIES),
        *(corpus.key_cases(family) for family in corpus.KEY_FAMILIES),
        *(corpus.set_cases(family) for family in corpus.SET_FAMILIES),
    ]
    return {case.name: case.why for family in families for case in family}


@cache
def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_page_has_its_tables() -> None:
    assert len(rows()) >= 40
    assert all(len(row) == 4 and all(row) for row in rows())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_what_shows_it_is_there(row: list[str]) -> None:
    shown_by = re.findall(r"`([^`]+)`", row[3])
    assert shown_by
    names = whys()
    for name in shown_by:
        path, _, function = name.partition("::")
        if path.startswith("tests/"):
            assert (ROOT / path).is_file(), path
            assert not function or function in functions(ROOT / path), name
        else:
            assert any(fnmatchcase(case, name) for case in names), name


def test_every_advisory_of_the_corpus_is_on_the_page() -> None:
    cited = {found for why in whys().values() for found in ADVISORY.findall(why)}
    assert len(cited) >= 30
    assert cited - set(ADVISORY.findall(PAGE.read_text(encoding="utf-8"))) == set()


def test_every_family_of_the_corpus_is_on_the_page() -> None:
    patterns = [
        name for row in rows() for name in re.findall(r"`([^`]+)`", row[3]) if not name.startswith("tests/")
    ]
    families = {**corpus.TOKEN_FAMILIES, **corpus.KEY_FAMILIES, **corpus.SET_FAMILIES}
    for family, cases in families.items():
        names = [case.name for case in cases()]
        assert any(fnmatchcase(name, pattern) for name in names for pattern in patterns), family
