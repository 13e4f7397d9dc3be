"""The command line: `python -m bench`, or `make bench BENCH_ARGS=…`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench import compare, suites, tables
from bench.interleave import FULL, QUICK
from bench.peers import ENTRIES
from bench.results import Report
from bench.workbench import Workbench

RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, store; compare where asked. Returns 1 when something got worse than the margin."""
    options = _options(arguments)
    if options.show or options.publish:
        return _from_stored(options)
    # Read first: a path that is wrong should not cost five minutes.
    stored = Report.read(options.compare) if options.compare else None
    report = measure(options.suites or list(suites.SUITES), quick=options.quick)
    print(tables.targets_in_terminal(report))
    path = options.json or RESULTS / f"{_python_name()}.json"
    report.write(path)
    print(f"\nwritten to {os.path.relpath(path)}")
    return 0 if stored is None else _compare(report, stored, options.margin / 100)


def measure(names: list[str], *, quick: bool) -> Report:
    """Run suites and print each as it is done."""
    bench = Workbench.set_up(QUICK if quick else FULL)
    report = Report(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        machine=_machine(),
        pace=bench.pace.name,
        versions=_versions(),
        suites=(),
        absent=bench.absent,
    )
    print(tables.heading(report), flush=True)
    found = []
    for name in names:
        suite = suites.run(name, bench)
        print(f"\n{tables.in_terminal(suite)}\n", flush=True)
        found.append(suite)
    return Report(
        python=report.python,
        machine=report.machine,
        pace=report.pace,
        versions=report.versions,
        suites=tuple(found),
        absent=report.absent,
    )


def _from_stored(options: argparse.Namespace) -> int:
    if options.publish:
        from bench import publish

        for path in publish.publish(Report.read(options.publish)):
            print(f"written to {os.path.relpath(path)}")
    else:
        print(tables.terminal(Report.read(options.show)), end="")
    return 0


def _compare(report: Report, stored: Report, margin: float) -> int:
    found = compare.changes(report, stored)
    if (report.python.rpartition(".")[0], report.pace) != (stored.python.rpartition(".")[0], stored.pace):
        print(f"\nthe stored result is of {stored.python} at the {stored.pace} pace: expect differences")
    print(f"\n{compare.in_words(found, margin)}")
    return 1 if any(change.is_worse(margin) for change in found) else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure jwtkit beside its peers.")
    parser.add_argument(
        "suites", nargs="*", metavar="suite", help=f"of {', '.join(suites.SUITES)}; all if none"
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: under a minute")
    parser.add_argument("--json", type=Path, metavar="PATH", help="where the result goes")
    parser.add_argument(
        "--compare", type=Path, metavar="PATH", help="exit with 1 if worse than this stored result"
    )
    parser.add_argument(
        "--margin", type=float, default=compare.MARGIN * 100, metavar="PERCENT", help="how much worse is bad"
    )
    parser.add_argument("--show", type=Path, metavar="PATH", help="print a stored result and measure nothing")
    parser.add_argument(
        "--publish", type=Path, metavar="PATH", help="draw a stored result for the documentation"
    )
    options = parser.parse_args(arguments)
    for name in options.suites:
        if name not in suites.SUITES:
            parser.error(f"there is no suite {name!r}; there are {', '.join(suites.SUITES)}")
    return options


def _python_name() -> str:
    return f"{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}"


def _machine() -> str:
    """Return processor and system, without anything that names the machine."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    return f"{processor} ({os.cpu_count()} cores), {platform.system()}"


def _versions() -> dict[str, str]:
    found = {}
    for distribution in ("cryptography", *(entry.distribution for entry in ENTRIES)):
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
