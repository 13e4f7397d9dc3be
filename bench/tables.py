"""Results as text: tables for the terminal, and the same in Markdown for the documentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from bench.results import SUBJECT, Group, Report, Suite, Unit
from bench.targets import Standing, Target, Verdict, standings

_NOTHING = "–"
_COLUMNS = 6
"""Groups side by side; more of them go below, so that a line fits a terminal."""

_COUNTED = ("bytes", "count", "share")
"""Units of what is counted and not measured: there is no spread to it."""

_NO_BREAK = "\N{NO-BREAK SPACE}"
_UNITS = re.compile(r"(?<=\d) (?=(?:s|ms|µs|ns|B|KiB|MiB|GiB)\b|/s|%)|(?<=[≤≥]) (?=\d)")

Lines = Sequence[Sequence[str]]


def terminal(report: Report) -> str:
    """Return the whole report for a terminal."""
    parts = [heading(report)]
    parts += [in_terminal(suite) for suite in report.suites]
    parts.append(targets_in_terminal(report))
    return "\n\n".join(parts) + "\n"


def heading(report: Report) -> str:
    """Say what was measured on."""
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    lines = [f"{report.python} on {report.machine}; {report.pace} pace", versions]
    lines += [f"left out: {one.contender}: {one.reason}" for one in report.absent]
    return "\n".join(lines)


def in_terminal(suite: Suite) -> str:
    """Return a suite as tables: contenders down, groups across, with spread and ratio to jwtkit."""
    parts = [f"== {suite.title} ({suite.took:.0f} s)"]
    for caption, groups in suite.parts().items():
        parts += [f"-- {caption}"] if caption else []
        parts += [
            _aligned(_matrix(groups[start : start + _COLUMNS], _full_cell))
            for start in range(0, len(groups), _COLUMNS)
        ]
    for group in suite.groups:
        parts += [
            f"not timed, {group.title}: {one.contender}: {one.reason}" for one in group.absent if one.reason
        ]
    return "\n".join([*parts, *(f"note: {note}" for note in suite.notes)])


def targets_in_terminal(report: Report) -> str:
    """Return every target with what was found and whether it is held."""
    found = standings(report)
    if not found:
        return "== No target goes by these suites"
    held = sum(one.verdict is Verdict.HELD for one in found)
    missed = sum(one.verdict is Verdict.MISSED for one in found)
    total = f"{held} held, {missed} missed, {len(found) - held - missed} not measured"
    lines = [[*line[:-1], line[-1].replace("missed", "MISSED")] for line in _targets(found)]
    return f"== Targets: {total}\n{_aligned(lines)}"


def in_markdown(suite: Suite) -> str:
    """Return a suite's medians and ratios as Markdown tables, one for each part."""
    return "\n\n".join(
        f"**{caption}**\n\n{_part_in_markdown(groups)}" if caption else _part_in_markdown(groups)
        for caption, groups in suite.parts().items()
    )


def _part_in_markdown(groups: Sequence[Group]) -> str:
    lines = _matrix(groups, _short_cell)
    if len(groups) > _COLUMNS:
        # Too many columns for a page: let the groups go down instead.
        lines = [list(column) for column in zip(*lines, strict=True)]
    return _piped(lines)


def targets_in_markdown(report: Report) -> str:
    """Return the targets as a Markdown table."""
    return _piped(_targets(standings(report)))


def time_in_words(seconds: float) -> str:
    """Return a time with three digits and a unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size * 0.9995:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-9)} ns"


def bytes_in_words(number: float) -> str:
    """Return a size in bytes, or in the unit that fits."""
    if number < 10_000:
        return f"{number:.0f} B"
    for unit, size, least in (("GiB", 1 << 30, 1 << 30), ("MiB", 1 << 20, 10 << 20)):
        if number >= least:
            return f"{number / size:,.1f} {unit}"
    return f"{number / 1024:.1f} KiB"


def value_in_words(unit: Unit, value: float) -> str:
    """Return a measured value with its unit."""
    if unit == "seconds":
        return time_in_words(value)
    if unit == "bytes":
        return bytes_in_words(value)
    if unit == "per second":
        return f"{_three_digits(value)} /s"
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if unit == "count" else f"{value:.2f}"


def _three_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 99.95 else f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"


def _matrix(groups: Sequence[Group], cell: Callable[[Group, str], str]) -> list[list[str]]:
    """Return a line for each contender and a column for each group."""
    names: dict[str, None] = {}
    for group in groups:
        names.update(dict.fromkeys(row.contender for row in group.rows))
    for group in groups:
        names.update(dict.fromkeys(one.contender for one in group.absent))
    lines = [["", *(group.title for group in groups)]]
    lines += [[name, *(cell(group, name) for group in groups)] for name in names]
    return lines


def _full_cell(group: Group, contender: str) -> str:
    row = group.row(contender)
    if row is None:
        return _NOTHING
    text = value_in_words(group.unit, row.value.median)
    if group.unit in _COUNTED:
        return text
    parts = [text, f"±{row.value.percent:.0f}%"]
    if row.ratio is not None and contender != SUBJECT:
        parts.append(f"×{_three_digits(row.ratio.median)}")
    return " ".join(parts)


def _short_cell(group: Group, contender: str) -> str:
    row = group.row(contender)
    if row is None:
        return _NOTHING
    text = value_in_words(group.unit, row.value.median)
    if row.ratio is None or contender == SUBJECT:
        return text
    return f"{text} (×{_three_digits(row.ratio.median)})"


def _targets(found: Sequence[Standing]) -> list[list[str]]:
    """Return a line for each target; a row's name is written once."""
    lines = [["target", "", "to reach", "measured", "±", ""]]
    previous = ""
    for one in found:
        target = one.target
        lines.append(
            [
                "" if target.what == previous else target.what,
                target.which,
                f"{target.sign} {_figure(target, target.limit)}",
                _NOTHING if one.found is None else _figure(target, one.found.median),
                "" if one.found is None else f"{one.found.percent:.0f}%",
                one.verdict.value + (", by less than the spread" if one.close else ""),
            ]
        )
        previous = target.what
    return lines


def _figure(target: Target, value: float) -> str:
    return time_in_words(value) if target.seconds else f"{value:.3g}" if value >= 10 else f"{value:.2f}"


def _aligned(lines: Lines) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _piped(lines: Lines) -> str:
    def written() -> Iterator[str]:
        for number, line in enumerate(lines):
            yield f"| {' | '.join(map(_unbroken, line))} |"
            if number == 0:
                yield f"|{' --- |' * len(line)}"

    return "\n".join(written())


def _unbroken(cell: str) -> str:
    """Keep a number and its unit on one line, and make our own name stand out."""
    if cell == SUBJECT:
        return f"**{cell}**"
    return _UNITS.sub(_NO_BREAK, cell)
