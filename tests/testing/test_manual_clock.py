"""The clock of tests stands still until it is moved, and then moves exactly."""

from __future__ import annotations

import doctest
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtkit.testing import ManualClock, clock


def test_it_stands_still():
    manual = ManualClock(start=5)
    assert [manual(), manual()] == [5.0, 5.0]
    assert repr(manual) == "ManualClock(5.0)"


def test_its_examples_hold():
    assert doctest.testmod(clock).failed == 0
    assert doctest.testmod(clock).attempted > 0


def test_it_starts_at_a_time_that_is_the_same_every_day():
    assert ManualClock()() == ManualClock()() == 1_750_000_000


@pytest.mark.parametrize("step", [timedelta(milliseconds=1), 0.001])
def test_small_steps_add_up_exactly(step):
    manual = ManualClock()
    for _ in range(10_000):
        manual.advance(step)
    assert manual() == 1_750_000_010


@given(st.integers(0, 10**9))
def test_every_millisecond_is_told_to_the_millisecond(milliseconds):
    manual = ManualClock()
    manual.advance(timedelta(milliseconds=milliseconds))
    assert round(manual() * 1000) == 1_750_000_000_000 + milliseconds


def test_it_can_be_set_to_seconds_and_to_an_instant():
    manual = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert manual() == 1_767_225_600
    assert manual.set(10.5) == manual() == 10.5
    assert manual.set(datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == 0


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="aware datetime"):
        ManualClock().set(datetime(2026, 1, 1))


def test_no_step_of_many_threads_is_lost():
    manual = ManualClock(start=0)
    with ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            threads.submit(lambda: [manual.advance(1) for _ in range(1000)])
    assert manual() == 8000
