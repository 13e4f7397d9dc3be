from __future__ import annotations

import gc

import pytest
from bench.interleave import FULL, QUICK, Pace, collector_off, in_turns, interleave


class Machine:
    """A clock that moves only when work is done, and a log of who worked."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log: list[str] = []
        self.slowdown = 1.0

    def clock(self) -> float:
        return self.now

    def work(self, name: str, seconds: float):
        def call() -> None:
            self.log.append(name)
            self.now += seconds * self.slowdown

        return call


def test_every_contender_has_one_turn_in_every_round():
    turns = {name: lambda: 0.0 for name in "abc"}
    samples = in_turns(turns, 5)
    assert {name: len(taken) for name, taken in samples.items()} == {"a": 5, "b": 5, "c": 5}


def test_each_round_begins_with_another_contender():
    log: list[str] = []
    in_turns({name: lambda name=name: log.append(name) or 0.0 for name in "abc"}, 4)
    assert "".join(log) == "abc" + "bca" + "cab" + "abc"


def test_batches_are_interleaved_and_never_run_in_one_go():
    machine = Machine()
    calls = {"slow": machine.work("slow", 0.002), "fast": machine.work("fast", 0.0005)}
    interleave(calls, Pace("test", rounds=4, batch=0.01, slow_rounds=1), clock=machine.clock)
    slow, fast = ["slow"] * 5, ["fast"] * 20
    assert machine.log[-100:] == slow + fast + fast + slow + slow + fast + fast + slow


def test_an_interrupted_batch_is_taken_again():
    """Every other batch is: the longer of the two never counts."""
    machine = Machine()
    interrupted = 0

    def work() -> None:
        nonlocal interrupted
        machine.now += 0.001
        if machine.log:
            machine.now += 5
            interrupted += 1
        machine.log = [] if machine.log else ["next"]

    pace = Pace("test", rounds=4, batch=0.001, slow_rounds=1)
    samples = interleave({"only": work}, pace, clock=machine.clock, interruptions=lambda: interrupted)
    assert samples["only"] == pytest.approx([0.001] * 4)


def test_a_long_batch_is_not_taken_again():
    machine = Machine()
    calls = {"only": machine.work("only", 1.0)}
    pace = Pace("test", rounds=2, batch=0.001, slow_rounds=1)
    interleave(calls, pace, clock=machine.clock, interruptions=lambda: len(machine.log))
    warm_up = 3
    assert len(machine.log) == warm_up + 2


def test_a_machine_that_always_interrupts_is_measured_all_the_same():
    machine = Machine()
    calls = {"only": machine.work("only", 0.001)}
    pace = Pace("test", rounds=2, batch=0.001, slow_rounds=1)
    samples = interleave(calls, pace, clock=machine.clock, interruptions=lambda: len(machine.log))
    assert samples["only"] == pytest.approx([0.001] * 2)


def test_what_is_returned_is_the_time_of_one_call():
    machine = Machine()
    calls = {"slow": machine.work("slow", 0.002), "fast": machine.work("fast", 0.0005)}
    samples = interleave(calls, Pace("test", rounds=3, batch=0.01, slow_rounds=1), clock=machine.clock)
    assert samples["slow"] == pytest.approx([0.002] * 3)
    assert samples["fast"] == pytest.approx([0.0005] * 3)


def test_a_call_longer_than_a_batch_is_made_once_a_turn():
    machine = Machine()
    interleave({"only": machine.work("only", 1.0)}, Pace("test", 3, 0.001, 1), clock=machine.clock)
    warm_up = 3  # one, and two that are timed to find the batch's size
    assert len(machine.log) == warm_up + 3


def test_a_call_that_takes_no_time_is_an_error_and_no_endless_loop(pace):
    with pytest.raises(ValueError, match="no time"):
        interleave({"nothing": lambda: None}, pace, clock=lambda: 0.0)


def test_no_garbage_is_collected_in_a_round_and_all_of_it_before():
    seen: list[bool] = []
    assert gc.isenabled()
    in_turns({"only": lambda: seen.append(gc.isenabled()) or 0.0}, 3)
    assert seen == [False] * 3
    assert gc.isenabled()


def test_the_collector_is_on_again_after_an_error():
    with pytest.raises(RuntimeError), collector_off():
        raise RuntimeError
    assert gc.isenabled()


def test_the_quick_pace_is_the_quicker_one():
    assert QUICK.rounds * QUICK.batch * 10 < FULL.rounds * FULL.batch
    assert FULL.slow().rounds == FULL.slow_rounds
