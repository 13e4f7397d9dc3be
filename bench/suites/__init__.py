"""What is measured, one file each: a `TITLE`, and `run` that returns the groups."""

from __future__ import annotations

from importlib import import_module
from time import perf_counter

from bench.results import Suite
from bench.workbench import Workbench

SUITES = {
    "validate": "validate",
    "floor": "floor",
    "issue": "issue",
    "refuse": "refuse",
    "cache": "cache",
    "keys": "keys",
    "size": "size",
    "parallel": "parallel",
    "rotate": "rotate",
    "import": "imports",
    "memory": "memory",
}
"""What is said on the command line, and the file."""

SERVED = {
    "stores": "stores",
    "load": "load",
    "table-size": "table_size",
    "row-per-refresh": "row_per_refresh",
}
"""Those that need database servers and their drivers: `make bench-stores`."""


def run(name: str, bench: Workbench) -> Suite:
    """Run one suite."""
    module = import_module(f"bench.suites.{(SUITES | SERVED)[name]}")
    started = perf_counter()
    groups, notes = module.run(bench)
    return Suite(name, module.TITLE, tuple(groups), tuple(notes), round(perf_counter() - started, 1))
