"""A rotation beside the bare read and swap of its row, by the same driver on the same engine, in turns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from functools import partial
from time import perf_counter

from bench.bare import bare_narrow_row, bare_row
from bench.desk import Desk, Runner, runner
from bench.engines import ENGINES, Engine, Place
from bench.interleave import Pace, Samples, in_turns
from bench.results import SUBJECT, Absent, Group, rows
from bench.servers import SETTINGS
from bench.workbench import Workbench
from jwtkit import RotationSecret

TITLE = "Rotate a refresh token: beside a bare read and swap"
BARE = "bare SELECT + UPDATE"
NARROW = "the same, of a row of three columns"
STORE = "the store's read + swap"
ES256 = "jwtkit, ES256"

_BATCHES_PER_TURN = 5

Call = Callable[[], Awaitable[None]]


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    return [measure(engine, bench) for engine in ENGINES], [
        f"{SUBJECT} signs HS256; on Valkey the bare swap is GET and a script of one line",
        *SETTINGS,
    ]


def measure(engine: Engine, bench: Workbench) -> Group:
    """Measure one engine; an empty group where it cannot be had."""
    assert bench.servers is not None
    place = bench.servers.place(engine)
    if isinstance(place, Absent):
        return Group(title=engine.name, rows=(), absent=(Absent(SUBJECT, place.reason),))
    with runner(awaited=engine.awaited) as running, ExitStack() as stack:
        calls = _calls(place, bench, running, stack)
        return Group(title=engine.name, rows=rows(in_batches(calls, running, bench.pace)), yardstick=BARE)


def in_batches(calls: Mapping[str, Call], running: Runner, pace: Pace) -> Samples:
    """Time calls in turns, a batch of about 10 ms each."""
    seconds = pace.batch * _BATCHES_PER_TURN
    sizes = {name: _calls_in(seconds, call, running) for name, call in calls.items()}
    turns = {name: partial(_seconds_per_call, call, sizes[name], running) for name, call in calls.items()}
    return in_turns(turns, pace.rounds)


def _calls(place: Place, bench: Workbench, running: Runner, stack: ExitStack) -> dict[str, Call]:
    secret = RotationSecret.generate()
    desks = {
        algorithm: stack.enter_context(running.opened(Desk.opened(place, bench.material(algorithm), secret)))
        for algorithm in ("HS256", "ES256")
    }
    desk = desks["HS256"]
    session_id = running.run(desk.mature_session())
    calls = {BARE: stack.enter_context(running.opened(bare_row(place, session_id)))}
    if place.engine.server != "valkey":
        size = 400  # as long as the row's texts together
        calls[NARROW] = stack.enter_context(running.opened(bare_narrow_row(place, session_id, size)))
    calls[STORE] = running.run(desk.stores_own_swap())
    # Nothing that only computes stands among them: on a busy machine the scheduler would make whoever comes
    # after it wait.
    calls[SUBJECT] = running.run(desk.rotation())
    calls[ES256] = running.run(desks["ES256"].rotation())
    return calls


async def _times(call: Call, number: int) -> float:
    started = perf_counter()
    for _ in range(number):
        await call()
    return perf_counter() - started


def _seconds_per_call(call: Call, number: int, running: Runner) -> float:
    return running.run(_times(call, number)) / number


def _calls_in(seconds: float, call: Call, running: Runner) -> int:
    # Twenty to warm up: drivers prepare a statement that comes again.
    running.run(_times(call, 20))
    return max(1, round(seconds / _seconds_per_call(call, 20, running)))
