"""jwtkit's one row for a session beside a row for each refresh: rotations per second, rows and bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from bench.bare import connected
from bench.desk import Desk, Runner, runner
from bench.engines import ENGINES, Engine, Place
from bench.results import SUBJECT, Absent, Group, Row, rows
from bench.row_per_refresh import Tokens, bytes_of
from bench.servers import SETTINGS
from bench.spread import Spread
from bench.suites.stores import one_by_one
from bench.tokens import CLIENT, SCOPES
from bench.tokens import SUBJECT as WHO
from bench.workbench import Workbench
from jwtkit import RotationSecret

TITLE = "Beside a table with a row for each refresh"
OTHER = "a row for each refresh"
SPEED = "One client"
REFRESHES = (1, 24, 96, 288)
_SESSIONS = 100

Call = Callable[[], Awaitable[None]]

_WHO = (WHO, CLIENT, " ".join(SCOPES))


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    full = bench.pace.name == "full"
    return measure(bench, REFRESHES if full else REFRESHES[:2], _SESSIONS if full else 10)


def room_of(engine: str) -> str:
    """Return the part in which it stands how much room sessions take in an engine."""
    return f"{engine}: room for each session"


def rows_of(engine: str) -> str:
    """Return the part in which it stands how many rows there are."""
    return f"{engine}: rows for each session"


def measure(bench: Workbench, refreshes: Sequence[int], sessions: int) -> tuple[list[Group], list[str]]:
    """Measure speed in turns, then let some sessions be refreshed many times."""
    engines = [one for one in ENGINES if one.driver in ("sqlite3", "psycopg")]
    groups = [_speed(engine, bench) for engine in engines]
    for engine in engines:
        if not engine.waits:
            groups += _growth(engine, bench, refreshes, sessions)
    return groups, [
        "the other design: SELECT … FOR UPDATE, UPDATE, INSERT, COMMIT; it signs the same access token",
        f"{sessions} sessions; bytes of the table and its indexes (SQLite: of the file), nothing purged",
        *SETTINGS,
    ]


def _speed(engine: Engine, bench: Workbench) -> Group:
    assert bench.servers is not None
    place = bench.servers.place(engine)
    if isinstance(place, Absent):
        return Group(title=engine.name, rows=(), absent=(place,), part=SPEED)
    with runner(awaited=False) as running, ExitStack() as stack:
        desk, tokens = _both(place, bench, running, stack)
        calls: dict[str, Call] = {
            OTHER: running.run(tokens.rotation(*_WHO)),
            SUBJECT: running.run(desk.rotation()),
        }
        return Group(title=engine.name, rows=rows(one_by_one(calls, running, bench.pace)), part=SPEED)


def _growth(engine: Engine, bench: Workbench, refreshes: Sequence[int], sessions: int) -> list[Group]:
    """Refresh every session so often; count rows and bytes on the way."""
    assert bench.servers is not None
    place = bench.servers.place(engine)
    if isinstance(place, Absent):
        return []
    found: list[Group] = []
    with runner(awaited=False) as running, ExitStack() as stack:
        desk, tokens = _both(place, bench, running, stack)
        ours = [running.run(desk.rotation()) for _ in range(sessions)]
        others = [running.run(tokens.rotation(*_WHO)) for _ in range(sessions)]
        done = 0
        for until in refreshes:
            for _ in range(until - done):
                for call in (*ours, *others):
                    running.run(call())  # type: ignore[arg-type]
            done = until
            our_rows, our_bytes = running.run(_room(place))
            rows_, bytes_ = running.run(tokens.room())
            title = f"{until} refreshes" if until > 1 else "1 refresh"
            for part, unit, values in (
                (rows_of(engine.name), "count", {SUBJECT: our_rows, OTHER: rows_}),
                (room_of(engine.name), "bytes", {SUBJECT: our_bytes, OTHER: bytes_}),
            ):
                each = tuple(Row(name, Spread.exactly(value / sessions)) for name, value in values.items())
                found.append(Group(title=title, part=part, unit=unit, rows=each))  # type: ignore[arg-type]
    return sorted(found, key=lambda group: group.part)


def _both(place: Place, bench: Workbench, running: Runner, stack: ExitStack) -> tuple[Desk, Tokens]:
    desk = stack.enter_context(
        running.opened(Desk.opened(place, bench.material("HS256"), RotationSecret.generate()))
    )
    return desk, stack.enter_context(running.opened(Tokens.opened(_beside(place), desk.issue())))


def _beside(place: Place) -> Place:
    """Return a place of the other design's own: another file, where the engine is one."""
    if place.engine.server == "file":
        return replace(place, address=f"{place.address}-other")
    return place


async def _room(place: Place) -> tuple[int, int]:
    async with connected(place) as connection:
        is_file = place.engine.server == "file"
        table = "families" if is_file else f"{place.prefix}families"
        row = await connection.row(f"SELECT count(*) FROM {table}")
        assert row is not None
        return int(row[0]), await bytes_of(connection, table, is_file=is_file)
