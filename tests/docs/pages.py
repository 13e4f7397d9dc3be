"""Reads the code out of a Markdown page, so that what is printed is what runs."""

from __future__ import annotations

import doctest
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL = "http://127.0.0.1:8000"
_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=ticks)[ ]*$", re.MULTILINE | re.DOTALL)
_OPTION = re.compile(r"\A:(?P<name>[\w-]+):[ ]*(?P<value>[^\n]*)\n")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Fence:
    """One fenced block: its language, its caption (the file it stands for) and where its code begins."""

    language: str
    caption: str | None
    code: str
    line: int


def every_page() -> list[Path]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "orders" / "README.md"]
    return sorted(page for page in pages if page.exists() and "_build" not in page.parts)


def fences(page: Path) -> list[Fence]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        language = match["info"].replace("{code-block}", "").strip()
        code, caption, start = match["body"], None, match.start("body")
        if "{" in match["info"]:
            while option := _OPTION.match(code):
                caption = option["value"] if option["name"] == "caption" else caption
                code = code[option.end() :]
                start += option.end()
            stripped = code.lstrip("\n")
            start += len(code) - len(stripped)
            code = stripped
        found.append(Fence(language, caption, code, text.count("\n", 0, start) + 1))
    return found


def is_run(fence: Fence) -> bool:
    return fence.caption is None and fence.language in {"python", "pycon"}


def run(page: Path, *, base_url: str = LOCAL) -> dict[str, Any]:
    """Run a page's `python` and `pycon` blocks from top to bottom in one namespace, and return it."""
    namespace: dict[str, Any] = {"__name__": "page"}
    for fence in filter(is_run, fences(page)):
        code = fence.code.replace(LOCAL, base_url)
        if fence.language == "python":
            # The empty lines put the page's own line numbers into a traceback.
            exec(compile("\n" * (fence.line - 1) + code, str(page), "exec"), namespace)
        else:
            _run_session(page, fence, code, namespace)
    return namespace


def _run_session(page: Path, fence: Fence, code: str, namespace: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(code, namespace, page.name, str(page), fence.line - 1)
    test.globs = namespace
    report: list[str] = []
    doctest.DocTestRunner(optionflags=_FLAGS).run(test, out=report.append, clear_globs=False)
    assert not report, "".join(report)
