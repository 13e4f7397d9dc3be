"""What is explored in every run, and what more when ``JWTKIT_MODEL=large``."""

from __future__ import annotations

import os
from dataclasses import replace

from tests.model.world import Scope

LARGE = os.environ.get("JWTKIT_MODEL") == "large"

NEAR_IDLE = (15_000, 30_000, 299_000)
PAST_LAG = (15_000, 60_000)

SCOPES: dict[str, tuple[Scope, int]] = {
    "lost answers and writes": (Scope(calls=3, ticks=2, losses=1, unknowns=1), 53_000),
    "a thief": (Scope(calls=2, thefts=2, ticks=2), 49_000),
    "logouts against a login": (
        Scope(calls=2, thefts=1, ticks=1, revokes=1, bumps=1, login=True), 79_000),
    "a new rotation secret": (Scope(calls=3, ticks=1, deploys=2), 8_000),
    "a clock set back": (Scope(calls=2, thefts=1, ticks=2, skews=1), 33_000),
    "a lagging replica": (
        Scope(calls=2, thefts=1, ticks=2, durations=NEAR_IDLE, stale_reads=1), 40_000),
    "a failover": (
        Scope(calls=2, thefts=1, ticks=1, durations=PAST_LAG, failovers=1, revokes=1), 79_000),
    "a failover and late writes": (
        Scope(calls=1, thefts=1, ticks=1, durations=(15_000,), failovers=1, revokes=1, unknowns=1), 13_000),
    "a failover and a clock set back": (
        Scope(calls=2, thefts=1, failovers=1, revokes=1, skews=1), 14_000),
    "a little of everything": (
        Scope(calls=1, thefts=1, ticks=1, durations=(30_000,), unknowns=1, revokes=1, deploys=1,
              stale_reads=1), 26_000),
}  # fmt: skip
"""What may happen, and the fewest different states that must come of it: no exploration shrinks unnoticed."""


def chosen(name: str) -> tuple[Scope, int]:
    """Return the scope to explore: as it stands, or with one more call of the tabs."""
    scope, fewest = SCOPES[name]
    return (replace(scope, calls=scope.calls + 1), 3 * fewest) if LARGE else (scope, fewest)
