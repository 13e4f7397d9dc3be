"""A stored result drawn and written for the documentation: what its pages on performance include."""

from __future__ import annotations

from pathlib import Path

from bench import tables
from bench.results import Report
from bench.servers import SETTINGS
from bench.suites import SERVED

FOLDER = Path(__file__).parent.parent / "docs" / "_static" / "bench"
STORES = FOLDER / "stores"


def publish(report: Report, folder: Path | None = None) -> list[Path]:
    """Write the tables and the drawings of a report; return what was written.

    Args:
        report: What to show.
        folder: Where; None for the place its page reads it from.
    """
    served = any(suite.name in SERVED for suite in report.suites)
    if served:
        from bench.store_plots import drawings
    else:
        from bench.plots import drawings
    if folder is None:
        folder = STORES if served else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / name, text) for name, text in {**texts(report), **drawings(report)}.items()]


def texts(report: Report) -> dict[str, str]:
    """Return the tables by file name."""
    found = {f"{suite.name}.md": f"{tables.in_markdown(suite)}\n" for suite in report.suites}
    found["targets.md"] = f"{tables.targets_in_markdown(report)}\n"
    found["machine.md"] = f"{_machine(report)}\n"
    if any(suite.name in SERVED for suite in report.suites):
        found["settings.md"] = "".join(f"- {setting}\n" for setting in SETTINGS)
        return found
    notes = [note for suite in report.suites if suite.name == "validate" for note in suite.notes]
    found["unchecked.md"] = "".join(f"- {note}\n" for note in notes)
    return found


def _machine(report: Report) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items() if name != "jwtkit")
    left_out = "".join(f" Left out: {one.contender} ({one.reason})." for one in report.absent)
    took = sum(suite.took for suite in report.suites)
    ran = f"{report.python} on {report.machine}, at the {report.pace} pace, in {took:.0f} seconds"
    return f"{ran}; {versions}.{left_out}"


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
