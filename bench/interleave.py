"""One way to time: contenders take turns, a short batch each, for many rounds.

What disturbs a machine for a moment (another process, a slower clock) then disturbs neighbours alike, and
falls out of the median of the rounds' ratios. Times are wall-clock (`time.perf_counter`).

Garbage: collected before every round, and the collector is off while a batch runs, as in `timeit`. What a
call leaves to reference counting is paid in its batch; cyclic garbage is not.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from time import perf_counter

Call = Callable[[], object]
Samples = Mapping[str, tuple[float, ...]]
"""Seconds per call, by contender, one for each round."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how often to measure.

    Attributes:
        name: ``full`` or ``quick``.
        rounds: How often each contender has its turn.
        batch: Seconds one turn takes, or the time of one call where that is longer.
        slow_rounds: The rounds of what takes a tenth of a second and more: processes, threads.
    """

    name: str
    rounds: int
    batch: float
    slow_rounds: int

    def slow(self) -> Pace:
        """Return the pace for what is slow."""
        return replace(self, rounds=self.slow_rounds)


FULL = Pace("full", rounds=101, batch=0.003, slow_rounds=15)
QUICK = Pace("quick", rounds=9, batch=0.001, slow_rounds=3)


def interleave(
    calls: Mapping[str, Call], pace: Pace, *, clock: Callable[[], float] = perf_counter
) -> Samples:
    """Time every call in turn, round after round.

    Args:
        calls: What to time, by name; each is called a few times before, to warm up.
        pace: How long and how often.
        clock: Gives seconds; tests bring their own.
    """
    turns = {
        name: partial(_seconds_per_call, call, _batch_size(call, pace.batch, clock), clock)
        for name, call in calls.items()
    }
    return in_turns(turns, pace.rounds)


def in_turns(turns: Mapping[str, Callable[[], float]], rounds: int) -> Samples:
    """Let every contender take its turn in every round.

    Args:
        turns: By name, what measures once and returns what it measured.
        rounds: How often. Each round begins with another contender.
    """
    names = tuple(turns)
    samples: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        with collector_off():
            for name in (*names[first:], *names[:first]):
                samples[name].append(turns[name]())
    return {name: tuple(taken) for name, taken in samples.items()}


@contextmanager
def collector_off() -> Iterator[None]:
    """Collect the garbage now, and none until the block is left."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _batch_size(call: Call, seconds: float, clock: Callable[[], float]) -> int:
    """Return how many calls take about so long."""
    call()
    size = 1
    while size < 1 << 24:
        # The shorter of two: the longer one was interrupted.
        taken = min(_seconds_per_call(call, size, clock), _seconds_per_call(call, size, clock)) * size
        if taken >= seconds / 4:
            return max(1, round(size * seconds / taken))
        size *= 2
    raise ValueError("the call takes no time that this clock can see")


def _seconds_per_call(call: Call, size: int, clock: Callable[[], float]) -> float:
    turns = repeat(None, size)
    started = clock()
    for _ in turns:
        call()
    return (clock() - started) / size
