"""A quantity that was measured many times: its median and the middle half of what was seen."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with its quartiles.

    Attributes:
        median: Half of the samples lie below it.
        low: The first quartile.
        high: The third quartile.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """Return the spread of one sample or more."""
        if len(samples) == 1:
            return cls(samples[0], samples[0], samples[0])
        low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(median, low, high)

    @classmethod
    def of_ratio(cls, above: Sequence[float], below: Sequence[float]) -> Spread:
        """Return the spread of the ratios of samples that were taken in the same rounds."""
        return cls.of([top / bottom for top, bottom in zip(above, below, strict=True)])

    @classmethod
    def exactly(cls, value: float) -> Spread:
        """Return the spread of what is counted, not measured."""
        return cls(value, value, value)

    @property
    def percent(self) -> float:
        """Half the distance of the quartiles, in per cent of the median."""
        return 50 * (self.high - self.low) / self.median if self.median else 0.0

    def inverted(self) -> Spread:
        """Return the spread of 1 ÷ x."""
        return Spread(1 / self.median, 1 / self.high, 1 / self.low)
