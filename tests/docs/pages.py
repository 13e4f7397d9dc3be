"""Reads the code out of a Markdown page, so that what is printed is what runs."""

from __future__ import annotations

import doctest
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL = "http://127.0.0.1:8000"
_FENCE = re.compile(
    r"^(?P<ticks>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=ticks)[ ]*$", re.MULTILINE | re.DOTALL
)
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


def write_files(page: Path, folder: Path) -> None:
    """Write the files a page builds, block by block: the blocks whose caption is a file's name."""
    for fence in fences(page):
        if fence.caption is not None and fence.caption.endswith(".py"):
            with (folder / fence.caption).open("a", encoding="utf-8") as file:
                file.write(fence.code + "\n\n")


def run(page: Path, *, on_console: Callable[[str], str | None] = lambda _: None) -> dict[str, Any]:
    """Run a page's `python` and `pycon` blocks from top to bottom in one namespace, and return it.

    `on_console` is told of each console block, in its place; it may start a server and return its
    address, which then stands for the one that is printed.
    """
    # A real module: dataclasses and pydantic look their class's module up.
    sys.modules["page"] = module = ModuleType("page")
    namespace = module.__dict__
    base_url = LOCAL
    for fence in fences(page):
        if fence.language == "console":
            base_url = on_console(fence.code) or base_url
        if not is_run(fence):
            continue
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
