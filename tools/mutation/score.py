"""The score of a room: the share of its mutants that a test killed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TO_REACH = 90
DEAD = ("killed", "timeout", "crashed")
ALIVE = ("survived", "unreached")


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a room's mutants.

    Attributes:
        room: Its name.
        counts: How many had which outcome.
        made: How many there are, tried or not.
        wording: How many more were left out, since they change only words for a reader.
    """

    room: str
    counts: Mapping[str, int]
    made: int
    wording: int

    @classmethod
    def of(cls, room: str, outcomes: Iterable[str], *, made: int, wording: int) -> Score:
        """Count the outcomes."""
        return cls(room, Counter(outcomes), made, wording)

    @property
    def dead(self) -> int:
        """How many a test killed."""
        return sum(self.counts[name] for name in DEAD)

    @property
    def tried(self) -> int:
        """How many could be tried."""
        return self.dead + sum(self.counts[name] for name in ALIVE)

    @property
    def percent(self) -> float:
        """The share killed."""
        return 100 * self.dead / self.tried if self.tried else 0.0

    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval of the share, for a sample."""
        count, share, z = max(self.tried, 1), self.percent / 100, 1.96
        middle = (share + z * z / (2 * count)) / (1 + z * z / count)
        half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
        return 100 * (middle - half), 100 * (middle + half)

    def __str__(self) -> str:
        sampled = ""
        if sum(self.counts.values()) < self.made:
            low, high = self.interval()
            sampled = f", a sample of {self.made} (95 % interval {low:.1f} to {high:.1f} %)"
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))
        words = f"wording left out: {self.wording}"
        return f"{self.room}: {self.percent:.1f} % of {self.tried}{sampled}: {counts}; {words}"
