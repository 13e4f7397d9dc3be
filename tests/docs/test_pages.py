"""The code on every page of the documentation runs as printed."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.pages import LOCAL, ROOT, every_page, fences, is_run, run, write_files

from jwtkit.stores import SQLiteSessionStore

PAGES = [page for page in every_page() if any(map(is_run, fences(page)))]
# A page that talks to a running server has a test of its own beside this one.
SERVED = [page for page in PAGES if any(LOCAL in fence.code for fence in fences(page) if is_run(fence))]


def test_there_are_pages_with_code():
    assert ROOT / "README.md" in PAGES
    assert len(PAGES) > 3


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page not in SERVED], ids=lambda page: str(page.relative_to(ROOT))
)
def test_the_code_of_a_page_runs_as_printed(page: Path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(page, tmp_path)
    try:
        run(page)
        _run_tests(tmp_path)
    finally:
        _close_stores()


def _run_tests(folder: Path) -> None:
    """Run the tests that a page writes down as files."""
    files = sorted(path.name for path in folder.glob("test_*.py"))
    if files:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
        answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout


def _close_stores() -> None:
    """Close what a page opened: a page is a whole program, whose end does that."""
    # By type, not isinstance, which has lazy objects of other packages load what they stand for.
    for store in [found for found in gc.get_objects() if issubclass(type(found), SQLiteSessionStore)]:
        store.close()


def test_the_readme_says_what_it_is_for_and_rotates_within_twenty_lines():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:20]
    assert lines[2].startswith("jwtkit gives a Python service login sessions")
    assert any("auth.rotator.rotate(" in line for line in lines)


@pytest.mark.parametrize("page", every_page(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_uses_known_languages_only(page: Path):
    known = {"python", "pycon", "console", "text", "toml", "json", "http", "sql", "ini", "javascript"}
    assert {fence.language for fence in fences(page) if not fence.language.startswith("{")} <= known
