"""A rotation beside the bare read and swap of its row, by the same driver on the same engine, in turns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from time import perf_counter

from bench.bare import bare_narrow_row, bare_row
from bench.desk import Desk, Runner, runner
from bench.engines import ENGINES, Engine, Place
from bench.interleave import Pace, Samples, collector_off
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
        return Group(title=engine.name, rows=rows(one_by_one(calls, running, bench.pace)), yardstick=BARE)


def one_by_one(calls: Mapping[str, Call], running: Runner, pace: Pace) -> Samples:
    """Time calls in turns of one call each, so that none finds its code, or the server, warm from itself.

    In a service a session is read and swapped between other work. A thousand times on end, the engine's own
    part alone would be faster than it ever is there, and what is beside it look dearer.
    """
    seconds = pace.batch * _BATCHES_PER_TURN
    cycles = max(1, round(seconds / max(_seconds_per_call(call, running) for call in calls.values())))
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(pace.rounds):
        with collector_off():
            taken = running.run(_cycles(calls, cycles))
        for name, whole in taken.items():
            samples[name].append(whole / cycles)
    return {name: tuple(each) for name, each in samples.items()}


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


async def _cycles(calls: Mapping[str, Call], number: int) -> dict[str, float]:
    names = tuple(calls)
    taken = dict.fromkeys(names, 0.0)
    for cycle in range(number):
        first = cycle % len(names)  # nobody has the same one before it each time
        for name in (*names[first:], *names[:first])[:: 1 if cycle // len(names) % 2 else -1]:
            started = perf_counter()
            await calls[name]()
            taken[name] += perf_counter() - started
    return taken


def _seconds_per_call(call: Call, running: Runner) -> float:
    # Twenty to warm up: drivers prepare a statement that comes again.
    running.run(_cycles({"": call}, 20))
    return running.run(_cycles({"": call}, 20))[""] / 20
