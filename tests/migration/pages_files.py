"""The files that the pages on migration spell out, written down and imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from tests.docs.pages import ROOT, fences

HOW_TO = ROOT / "docs" / "how-to"


def write(folder: Path, page: str, *files: str) -> None:
    """Write the named files of a page into `folder`."""
    codes = {fence.caption: fence.code for fence in fences(HOW_TO / page)}
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(codes[name], encoding="utf-8")


@contextmanager
def imported(folder: Path, name: str) -> Iterator[ModuleType]:
    """Import a module of `folder`, and forget it and what it brought from there afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        for found in set(sys.modules) - before:
            if str(getattr(sys.modules[found], "__file__", None) or "").startswith(str(folder)):
                del sys.modules[found]
