"""The command line: `python -m bench`, or `make bench BENCH_ARGS=…`, or `make bench-stores`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench import compare, suites, tables
from bench.interleave import FULL, QUICK
from bench.peers import ENTRIES
from bench.results import Report, Suite
from bench.servers import Servers
from bench.workbench import Workbench

RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, store; compare where asked. Returns 1 when something got worse than the margin."""
    options = _options(arguments)
    if options.show or options.publish:
        return _from_stored(options)
    # Read first: a path that is wrong should not cost five minutes.
    stored = Report.read(options.compare) if options.compare else None
    names = options.suites or list(suites.SERVED if options.stores else suites.SUITES)
    measuring = measure_stores if _are_served(names) else measure
    report = measuring(names, quick=options.quick, **({"large": True} if options.large else {}))
    print(tables.targets_in_terminal(report))
    path = options.json or RESULTS / f"{'stores-' if _are_served(names) else ''}{_python_name()}.json"
    report.write(path)
    print(f"\nwritten to {os.path.relpath(path)}")
    return 0 if stored is None else _compare(report, stored, options.margin / 100)


def measure(names: list[str], *, quick: bool) -> Report:
    """Run suites and print each as it is done."""
    bench = Workbench.set_up(QUICK if quick else FULL)
    report = _report(bench, _versions())
    print(tables.heading(report), flush=True)
    return replace(report, suites=_run(names, bench))


def measure_stores(names: list[str], *, quick: bool, large: bool = False) -> Report:
    """Run suites of the session stores, over servers of their own."""
    with Servers() as servers:
        bench = Workbench(QUICK if quick else FULL, servers=servers, large=large)
        found = _run(names, bench)
        return replace(_report(bench, servers.versions()), suites=found)


def _run(names: list[str], bench: Workbench) -> tuple[Suite, ...]:
    found = []
    for name in names:
        suite = suites.run(name, bench)
        print(f"\n{tables.in_terminal(suite)}\n", flush=True)
        found.append(suite)
    return tuple(found)


def _report(bench: Workbench, versions: dict[str, str]) -> Report:
    return Report(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        machine=_machine(),
        pace=bench.pace.name,
        versions=versions,
        suites=(),
        absent=bench.absent,
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
    parser.add_argument(
        "--stores", action="store_true", help=f"the suites of the session stores: {', '.join(suites.SERVED)}"
    )
    parser.add_argument(
        "--large",
        action="store_true",
        help="table-size: ten million sessions too; ten minutes, 30 GB of disk",
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
    known = suites.SUITES | suites.SERVED
    for name in options.suites:
        if name not in known:
            parser.error(f"there is no suite {name!r}; there are {', '.join(known)}")
    if 0 < sum(name in suites.SERVED for name in options.suites) < len(options.suites):
        parser.error(f"{', '.join(suites.SERVED)} are measured apart from the others")
    if options.large and "table-size" not in (options.suites or (suites.SERVED if options.stores else ())):
        parser.error("--large is for the suite table-size")
    return options


def _are_served(names: list[str]) -> bool:
    return names[0] in suites.SERVED


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
