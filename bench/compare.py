"""A run against a stored one: what got worse, as ratios, so that the machine hardly matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.results import SUBJECT, Group, Report, ratio

MARGIN = 0.15
"""How much worse a ratio may be: interleaved runs on a quiet machine differ by a few per cent."""


@dataclass(frozen=True, slots=True)
class Change:
    """One ratio then and now.

    Attributes:
        suite: Its suite.
        group: Its group.
        what: What is divided by what.
        before: The stored ratio.
        after: This run's.
    """

    suite: str
    group: str
    what: str
    before: float
    after: float

    @property
    def growth(self) -> float:
        """By which part it grew; above 0 jwtkit costs more than it did."""
        return self.after / self.before - 1

    def is_worse(self, margin: float) -> bool:
        """Say whether it grew by more than the margin."""
        return self.growth > margin


def changes(report: Report, stored: Report) -> tuple[Change, ...]:
    """Return what both runs measured, in the order of this one."""
    return tuple(_changes(report, stored))


def in_words(found: tuple[Change, ...], margin: float) -> str:
    """Return the comparison for a terminal, what got worse last."""
    lines = [f"== Against the stored result: jwtkit's cost, worse if it grew by more than {margin:.0%}"]
    for change in sorted(found, key=lambda one: one.growth):
        mark = "WORSE" if change.is_worse(margin) else ""
        name = f"{change.suite}, {change.group}: {change.what}"
        lines.append(
            f"{change.growth:+7.1%}  {change.before:10.4g} → {change.after:10.4g}  {name}  {mark}".rstrip()
        )
    worse = sum(change.is_worse(margin) for change in found)
    lines.append(f"{worse} of {len(found)} worse" if found else "nothing in common with the stored result")
    return "\n".join(lines)


def _changes(report: Report, stored: Report) -> Iterator[Change]:
    for suite in report.suites:
        for group in suite.groups:
            before = stored.group(suite.name, group.title)
            costs = None if before is None else (_cost(before), _cost(group))
            if costs is not None and costs[0] is not None and costs[1] is not None:
                what = "bytes" if group.unit == "bytes" else f"{SUBJECT} ÷ {group.yardstick}"
                yield Change(suite.name, group.title, what, costs[0], costs[1])


def _cost(group: Group) -> float | None:
    """Return what jwtkit costs in what does not change with the machine: yardsticks, or bytes."""
    if group.unit == "bytes":
        row = group.row(SUBJECT)
        return None if row is None else row.value.median
    if group.yardstick is None:
        return None
    found = ratio(group, SUBJECT, group.yardstick)
    return None if found is None else found.median
