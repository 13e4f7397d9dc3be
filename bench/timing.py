"""One way to time: the best of several rounds, so that whatever else runs counts as little as possible."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS = 7
SECONDS_PER_ROUND = 0.15


def seconds_per_call(work: Callable[[], object]) -> float:
    """Return the least seconds one call took on average over a round."""
    work()
    calls = 1
    while (elapsed := _run(work, calls)) < SECONDS_PER_ROUND / 4:
        calls *= 2
    calls = max(1, int(calls * SECONDS_PER_ROUND / elapsed))
    return min(_run(work, calls) for _ in range(ROUNDS)) / calls


def _run(work: Callable[[], object], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        work()
    return time.perf_counter() - started
