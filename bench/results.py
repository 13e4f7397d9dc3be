"""What a run found: plain frozen records, written as JSON and read back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench.interleave import Samples
from bench.spread import Spread

SUBJECT = "jwtkit"
FORMAT = 1

Unit = Literal["seconds", "bytes", "per second", "count", "share", "ratio"]


@dataclass(frozen=True, slots=True)
class Absent:
    """A contender that was not timed, and why; an empty reason is "it does not know this algorithm"."""

    contender: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One contender of a group.

    Attributes:
        contender: Its name.
        value: What was measured, in the group's unit.
        ratio: The same ÷ jwtkit's of the same round. Of costs: above 1 it costs more than jwtkit does.
    """

    contender: str
    value: Spread
    ratio: Spread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What was measured side by side, such as the validators of one algorithm.

    Attributes:
        title: A column's heading, such as ``ES256``.
        unit: Of the values.
        rows: One for each contender.
        absent: Who was not timed.
        yardstick: The contender that changes with the machine and never with jwtkit; `--compare` goes by
            what jwtkit costs beside it. None where there is no such thing.
        part: The groups of a part stand in a table of their own, with this above it.
    """

    title: str
    rows: tuple[Row, ...]
    unit: Unit = "seconds"
    absent: tuple[Absent, ...] = ()
    yardstick: str | None = None
    part: str = ""

    def row(self, contender: str) -> Row | None:
        """Return a contender's row, or None if it was not timed."""
        return next((row for row in self.rows if row.contender == contender), None)


@dataclass(frozen=True, slots=True)
class Suite:
    """What one file of `bench.suites` found; the notes say what a reader of the figures must know."""

    name: str
    title: str
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()
    took: float = 0.0

    def group(self, title: str, part: str = "") -> Group | None:
        """Return a group by its title, and its part where it has one."""
        return next((group for group in self.groups if (group.title, group.part) == (title, part)), None)

    def parts(self) -> dict[str, tuple[Group, ...]]:
        """Return the groups by the table they stand in."""
        found: dict[str, tuple[Group, ...]] = {}
        for group in self.groups:
            found[group.part] = (*found.get(group.part, ()), group)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run."""

    python: str
    machine: str
    pace: str
    versions: Mapping[str, str]
    suites: tuple[Suite, ...]
    absent: tuple[Absent, ...] = ()
    format: int = field(default=FORMAT)

    def group(self, suite: str, title: str) -> Group | None:
        """Return a group, or None if its suite was not run."""
        found = next((one for one in self.suites if one.name == suite), None)
        return None if found is None else found.group(title)

    def suite(self, name: str) -> Suite | None:
        """Return a suite, or None if it was not run."""
        return next((one for one in self.suites if one.name == name), None)

    def write(self, path: Path) -> None:
        """Write it as JSON, with as many digits as mean something."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(_rounded(asdict(self)), indent=1, ensure_ascii=False)
        # What holds no further object goes on one line: a spread, an absent contender.
        text = re.sub(r"\{[^{}\[\]]*\}", lambda inner: " ".join(inner[0].split()), text)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Report:
        """Read what `write` wrote.

        Raises:
            ValueError: It is of another format.
        """
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.get("format") != FORMAT:
            raise ValueError(f"{path} is no result of this version of the benchmarks: measure it anew")
        return cls(
            **{**data, "suites": tuple(map(_suite, data["suites"])), "absent": _absent(data["absent"])}
        )


def rows(samples: Samples, *, subject: str | None = SUBJECT) -> tuple[Row, ...]:
    """Return the rows of samples that were taken in the same rounds."""
    ours = None if subject is None else samples.get(subject)
    return tuple(
        Row(name, Spread.of(taken), None if ours is None else Spread.of_ratio(taken, ours))
        for name, taken in samples.items()
    )


def ratio(group: Group | None, above: str, below: str) -> Spread | None:
    """Return one contender's cost ÷ another's, of which one is jwtkit; None where either was not timed."""
    if group is None:
        return None
    row = group.row(below if above == SUBJECT else above)
    if row is None or row.ratio is None:
        return None
    return row.ratio.inverted() if above == SUBJECT else row.ratio


def _suite(data: Mapping[str, Any]) -> Suite:
    return Suite(
        data["name"], data["title"], tuple(map(_group, data["groups"])), tuple(data["notes"]), data["took"]
    )


def _group(data: Mapping[str, Any]) -> Group:
    return Group(
        title=data["title"],
        unit=data["unit"],
        rows=tuple(map(_row, data["rows"])),
        absent=_absent(data["absent"]),
        yardstick=data["yardstick"],
        part=data.get("part", ""),
    )


def _row(data: Mapping[str, Any]) -> Row:
    ratio_ = data["ratio"]
    return Row(data["contender"], Spread(**data["value"]), None if ratio_ is None else Spread(**ratio_))


def _absent(data: Iterable[Mapping[str, str]]) -> tuple[Absent, ...]:
    return tuple(Absent(**one) for one in data)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {name: _rounded(member) for name, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_rounded(member) for member in value]
    return value
