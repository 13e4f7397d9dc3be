"""Rotations by 1 to 64 clients at once: how many a second, how long each takes, beside bare swaps."""

from __future__ import annotations

from collections.abc import Sequence

from bench.crew import PROCESSES, Crew, Stint, crew
from bench.engines import DURABLE, Engine
from bench.results import Absent, Group, Row, Unit
from bench.servers import SETTINGS
from bench.spread import Spread
from bench.workbench import Workbench

TITLE = "Rotate refresh tokens, many clients at once"
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
SHARING = (2, 8, 64)
RATE, MEDIAN, SLOWEST, OVER_STORE, OVER_BARE = (
    "Rotations per second",
    "Half of the rotations are answered within",
    "99 per cent are answered within",
    "Rotations per second ÷ the store's own reads + swaps per second by as many clients",
    "Rotations per second ÷ bare reads + swaps per second by as many clients",
)
SHARED_RATE, SHARED_SLOWEST = (
    "All clients present the same token of one session at once: answers per second",
    "The same: 99 per cent are answered within",
)

_SECONDS_PER_BATCH = 250
"""Half a second at the full pace."""

_ROUNDS = 5


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    return measure(bench, DURABLE, CLIENTS, SHARING)


def title_of(clients: int) -> str:
    """Return how a number of clients is called."""
    return "1 client" if clients == 1 else f"{clients} clients"


def measure(
    bench: Workbench, engines: Sequence[Engine], clients: Sequence[int], sharing: Sequence[int]
) -> tuple[list[Group], list[str]]:
    """Measure engines one after the other, the numbers of clients in turns."""
    assert bench.servers is not None
    found: dict[str, list[Group]] = {}
    refused = 0
    for engine in engines:
        place = bench.servers.place(engine)
        if isinstance(place, Absent):
            found.setdefault(RATE, []).append(
                Group(title=engine.name, rows=(), unit="per second", absent=(place,), part=RATE)
            )
            continue
        with crew(place, bench.material("HS256"), processes=min(PROCESSES, max(clients))) as workers:
            stints = _stints(workers, bench, clients, sharing)
        refused += sum(stint.refused for taken in stints.values() for stint in taken)
        for group in _groups(engine, stints):
            found.setdefault(group.part, []).append(group)
    notes = [
        f"clients are spread over up to {PROCESSES} processes, in threads or, by async drivers, tasks",
        "a client goes on at once, with a session of its own; the last two tables: all with one session",
        f"{refused} rotations were answered `try again`",
        *SETTINGS,
    ]
    return [group for groups in found.values() for group in groups], notes


def _stints(
    workers: Crew, bench: Workbench, clients: Sequence[int], sharing: Sequence[int]
) -> dict[tuple[str, int], list[Stint]]:
    seconds = bench.pace.batch * _SECONDS_PER_BATCH
    rounds = min(_ROUNDS, bench.pace.slow_rounds)
    for number in clients:
        # Sessions and connections are made now.
        workers.rotate(number, 0.0)
        workers.store(number, 0.0)
        workers.swap(number, 0.0)
    stints: dict[tuple[str, int], list[Stint]] = {}
    for _ in range(rounds):
        for number in clients:
            stints.setdefault(("rotate", number), []).append(workers.rotate(number, seconds))
            stints.setdefault(("store", number), []).append(workers.store(number, seconds))
            stints.setdefault(("swap", number), []).append(workers.swap(number, seconds))
        for number in sharing:
            stints.setdefault(("share", number), []).append(workers.share(number, seconds))
    return stints


def _groups(engine: Engine, stints: dict[tuple[str, int], list[Stint]]) -> list[Group]:
    def group(part: str, unit: Unit, spreads: dict[int, Spread]) -> Group:
        rows = tuple(Row(title_of(clients), spread) for clients, spread in spreads.items())
        return Group(title=engine.name, part=part, unit=unit, rows=rows)

    def percentiles(task: str, percent: int) -> dict[int, Spread]:
        return {
            clients: Spread.of([stint.percentile(percent) for stint in taken if stint.seconds])
            for (done, clients), taken in stints.items()
            if done == task and any(stint.seconds for stint in taken)
        }

    def rates(task: str) -> dict[int, list[float]]:
        return {
            clients: [stint.rate for stint in taken]
            for (done, clients), taken in stints.items()
            if done == task
        }

    ours, shared = rates("rotate"), rates("share")

    def ratios(task: str) -> dict[int, Spread]:
        others = rates(task)
        return {clients: Spread.of_ratio(ours[clients], others[clients]) for clients in ours}

    return [
        group(RATE, "per second", {clients: Spread.of(taken) for clients, taken in ours.items()}),
        group(MEDIAN, "seconds", percentiles("rotate", 50)),
        group(SLOWEST, "seconds", percentiles("rotate", 99)),
        group(OVER_STORE, "ratio", ratios("store")),
        group(OVER_BARE, "ratio", ratios("swap")),
        group(SHARED_RATE, "per second", {clients: Spread.of(taken) for clients, taken in shared.items()}),
        group(SHARED_SLOWEST, "seconds", percentiles("share", 99)),
    ]
