"""One way to time: contenders take turns, a short batch each, for many rounds.

What disturbs a machine for a moment (another process, a slower clock) then disturbs neighbours alike, and
falls out of the median of the rounds' ratios. Times are wall-clock (`time.perf_counter`). A batch in which
the operating system gave the processor to somebody else is taken again, thrice at most; one that lasts longer
than the processor is usually given for is not, for it would only happen again.

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

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

Call = Callable[[], object]
Samples = Mapping[str, tuple[float, ...]]
"""Seconds per call, by contender, one for each round."""

_TRIES = 4
_UNINTERRUPTED = 0.005


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


FULL = Pace("full", rounds=101, batch=0.002, slow_rounds=15)
QUICK = Pace("quick", rounds=9, batch=0.001, slow_rounds=3)


def times_interrupted() -> int:
    """Return how often this thread lost the processor without asking for it; 0 where nobody counts."""
    if resource is None:
        return 0
    who = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)
    return resource.getrusage(who).ru_nivcsw


def interleave(
    calls: Mapping[str, Call],
    pace: Pace,
    *,
    clock: Callable[[], float] = perf_counter,
    interruptions: Callable[[], int] = times_interrupted,
) -> Samples:
    """Time every call in turn, round after round.

    Args:
        calls: What to time, by name; each is called a few times before, to warm up.
        pace: How long and how often.
        clock: Gives seconds; tests bring their own.
        interruptions: Counts how often this thread was interrupted so far.
    """
    turns = {
        name: partial(_undisturbed, call, *_batch(call, pace.batch, clock), clock, interruptions)
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


def _batch(call: Call, wanted: float, clock: Callable[[], float]) -> tuple[int, float]:
    """Return how many calls take about so long, and how long they take."""
    call()
    size = 1
    while size < 1 << 20:
        # The shorter of two: the longer one was interrupted.
        each = min(_seconds_per_call(call, size, clock), _seconds_per_call(call, size, clock))
        if each * size >= wanted / 4:
            size = max(1, round(wanted / each))
            return size, size * each
        size *= 2
    raise ValueError("the call takes no time that this clock can see")


def _undisturbed(
    call: Call, size: int, usual: float, clock: Callable[[], float], interruptions: Callable[[], int]
) -> float:
    """Return the seconds of one call, from a batch that was not interrupted if one is to be had."""
    taken = 0.0
    for _ in range(_TRIES if usual < _UNINTERRUPTED else 1):
        before = interruptions()
        taken = _seconds_per_call(call, size, clock)
        if interruptions() == before:
            break
    return taken


def _seconds_per_call(call: Call, size: int, clock: Callable[[], float]) -> float:
    turns = repeat(None, size)
    started = clock()
    for _ in turns:
        call()
    return (clock() - started) / size
