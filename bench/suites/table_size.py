"""PostgreSQL with a thousand to ten million sessions: does anything get slower, and how much room they take.

Rows are written by the server itself, as copies of a real one with other keys, in batches; between two
batches a real session begins, so that those that are asked for lie all over the table. One row in ten is
over, for `purge`.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter, time
from typing import Any

from bench.desk import Desk, Runner, runner
from bench.engines import ASYNCHRONOUS_COMMIT, ENGINES, Place
from bench.interleave import Samples, in_turns
from bench.results import Absent, Group, Row, Unit
from bench.servers import PROMPT, SETTINGS
from bench.spread import Spread
from bench.tokens import ISSUER, Material
from bench.workbench import Workbench
from jwtkit import RotationSecret
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.sql import metadata
from jwtkit.stores.sql.keys import session_key

TITLE = "PostgreSQL by the number of sessions in the table"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
LARGE = 10_000_000
RATE, ROOM, HEAP_ONLY, DAY = (
    "Calls per second, one client",
    "Room for each session",
    "Rotations that wrote to no index",
    "How many rotations the day had, for each session",
)
ROTATE, STATUS, LIST, PURGE = "rotate", "status", "list_subject (3 sessions)", "sessions purged"
TABLE, INDEXES, TABLE_LATER, INDEXES_LATER = (
    "table",
    "indexes",
    "table, after the day",
    "indexes, after the day",
)
ROTATIONS = "rotations"
REAL_SHARE, DAY_SHARE = "those measured", "those of the day"

_REAL = 2000
_OVER = 10
"""One row in so many is over."""

_A_DAY = 24
_MOST_ROTATIONS = 2_000_000
_BATCHES_PER_TURN = 50


@dataclass(slots=True)
class Stand:
    """One table and the sessions of it that can be rotated.

    Attributes:
        size: How many families it was filled with.
        place: Where it is.
        desk: Rotates its tokens.
        rotations: One for each real session.
        queries: Asks of them.
        subjects: Whose they are.
        room: Bytes of the table and of its indexes.
    """

    size: int
    place: Place
    desk: Desk
    rotations: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    queries: list[RevocationQuery] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    room: list[tuple[int, int]] = field(default_factory=list)


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    sizes = SIZES if bench.pace.name == "full" else SIZES[:2]
    return measure(bench, (*sizes, LARGE) if bench.large else sizes)


def title_of(size: int) -> str:
    """Return how a table is called."""
    return f"{size:,} sessions"


def measure(bench: Workbench, sizes: Sequence[int]) -> tuple[list[Group], list[str]]:
    """Fill a table of each size, measure them in turns, then let a day pass in each."""
    assert bench.servers is not None
    engine = next(one for one in ENGINES if one.driver == "psycopg" and not one.waits)
    place = bench.servers.place(engine)
    if isinstance(place, Absent):
        return [Group(title=title_of(sizes[0]), rows=(), absent=(place,))], []
    groups: list[Group] = []
    with _asking(bench.servers.postgres()) as ask, runner(awaited=False) as running:
        with ExitStack() as stack:
            with _filled_quickly(ask):
                stands = [
                    stack.enter_context(_stand(size, place, bench.material("HS256"), running, ask))
                    for size in sizes
                ]
            groups += _rates(stands, bench, running)
        for stand in stands:
            measured = _updates(stand, ask)
            rotations = _live_a_day(stand, ask)
            stand.room.append(_room(stand, ask))
            shares = {
                REAL_SHARE: _share(measured),
                DAY_SHARE: _share(_updates(stand, ask), since=measured),
            }
            groups += _counted(stand, shares, rotations)
        for stand in stands:
            ask(
                "DROP TABLE "
                + ", ".join(stand.place.prefix + name for name in ("families", "epochs", "denials"))
            )
    order = [RATE, ROOM, HEAP_ONLY, DAY]
    return sorted(groups, key=lambda group: order.index(group.part)), [
        f"{ASYNCHRONOUS_COMMIT}: synchronous_commit=off, else the disk would hide what the table costs",
        f"a day: {_A_DAY} rotations of each session, at random, by the server; {_MOST_ROTATIONS:,} at most",
        "autovacuum is on; the table is as the store makes it (fillfactor 75)",
        SETTINGS[1],
        SETTINGS[-1],
    ]


@contextmanager
def _stand(
    size: int, place: Place, material: Material, running: Runner, ask: Callable[..., list[Any]]
) -> Iterator[Stand]:
    place = replace(place, prefix=f"{place.prefix}{size}_")
    with running.opened(Desk.opened(place, material, RotationSecret.generate())) as desk:
        stand = Stand(size, place, desk)
        real = min(_REAL, size // 5)
        template = session_key(running.run(desk.mature_session()))
        done = 0
        for number in range(real):
            subject = f"2f1c1f7e-52a1-4a3a-9f0b-{number // 3:012d}"
            pair = running.run(desk.start(subject))
            stand.rotations.append(running.run(desk.rotation(pair.refresh_token)))
            stand.queries.append(
                RevocationQuery(issuer=ISSUER, id="1", session_id=pair.session_id, subject=subject, epoch=0)
            )
            stand.subjects.append(subject)
            until = size * (number + 1) // real - number - 1
            ask(_filling(place, done, until), template)
            done = until
        ask(f"VACUUM (ANALYZE) {place.prefix}families")
        stand.room.append(_room(stand, ask))
        yield stand


def _filling(place: Place, first: int, end: int) -> str:
    """Return the statement that copies a row, by the key it is given; each copy has other keys."""
    past, to_come = "t.created_at - 86400000 - n.n", "t.over_at + n.n % 1209600000"
    over = f"CASE WHEN n.n % {_OVER} = 0 THEN {past} ELSE {to_come} END"
    made = {
        "session_key": "decode(m.session, 'hex')",
        "session_id": "rtrim(translate(encode(decode(m.session, 'hex'), 'base64'), '+/', '-_'), '=')",
        "subject_key": "decode(m.subject, 'hex')",
        "subject": "m.subject::uuid::text",
        "digest": "substr(decode(m.session || m.subject, 'hex'), 1, length(t.digest))",
        "created_at": "t.created_at - n.n % 86400000",
        "over_at": over,
        "purge_check_at": over,
    }
    table = metadata(prefix=place.prefix).tables[f"{place.prefix}families"]
    names = [column.name for column in table.columns]
    values = [made.get(name, f"t.{name}") for name in names]
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(values)}"
        f" FROM {table.name} AS t, generate_series({first}, {end - 1}) AS n (n),"
        " LATERAL (SELECT md5('session' || n.n) AS session, md5('subject' || n.n / 3) AS subject) AS m"
        " WHERE t.session_key = %s"
    ).replace(" % ", " %% ")


@contextmanager
def _filled_quickly(ask: Callable[..., list[Any]]) -> Iterator[None]:
    """Let no checkpoint fall into the block: after each of them every page is written to the log again."""
    ask("ALTER SYSTEM SET max_wal_size = '32GB'")
    ask("ALTER SYSTEM SET checkpoint_timeout = '1h'")
    ask("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        ask("ALTER SYSTEM RESET ALL")
        ask("SELECT pg_reload_conf()")
        ask("CHECKPOINT")


def _rates(stands: Sequence[Stand], bench: Workbench, running: Runner) -> Iterator[Group]:
    seconds = bench.pace.batch * _BATCHES_PER_TURN
    turns: dict[str, Callable[[], float]] = {}
    for stand in stands:
        ways: dict[str, Sequence[Callable[[], Awaitable[Any]]]] = {
            ROTATE: stand.rotations,
            STATUS: [partial(_status, stand.desk, query) for query in stand.queries],
            LIST: [partial(_list, stand.desk, subject) for subject in stand.subjects],
        }
        for what, calls in ways.items():
            shuffled = random.Random(1).sample(calls, len(calls))
            turns[f"{what} @ {stand.size}"] = partial(_rate, _Circle(shuffled), seconds, running)
        over = (stand.size - len(stand.rotations)) // _OVER
        limit = max(1, min(1000, over // bench.pace.slow_rounds))
        turns[f"{PURGE} @ {stand.size}"] = partial(_purge_rate, stand, limit, running)
    samples: Samples = in_turns(turns, bench.pace.slow_rounds)
    for stand in stands:
        rows = tuple(
            Row(what, Spread.of(samples[f"{what} @ {stand.size}"])) for what in (ROTATE, STATUS, LIST, PURGE)
        )
        yield Group(title=title_of(stand.size), part=RATE, unit="per second", rows=rows)


class _Circle:
    """Calls, one after the other and round again."""

    def __init__(self, calls: Sequence[Callable[[], Awaitable[Any]]]) -> None:
        self._calls = calls
        self._at = 0

    async def some(self, seconds: float) -> float:
        """Go on for so long; return how many there were in a second."""
        started = now = perf_counter()
        number = 0
        while not number or now - started < seconds:
            await self._calls[self._at]()
            self._at = (self._at + 1) % len(self._calls)
            number += 1
            now = perf_counter()
        return number / (now - started)


def _rate(circle: _Circle, seconds: float, running: Runner) -> float:
    # A second and more ago another table was at work: what it pushed out comes back first.
    running.run(circle.some(seconds / 4))
    return running.run(circle.some(seconds))


async def _status(desk: Desk, query: RevocationQuery) -> None:
    assert await desk.answer(desk.store.status, query) is RevocationStatus.ACTIVE


async def _list(desk: Desk, subject: str) -> None:
    assert await desk.answer(desk.store.list_subject, ISSUER, subject)


def _purge_rate(stand: Stand, limit: int, running: Runner) -> float:
    started = perf_counter()
    removed = running.run(stand.desk.answer(stand.desk.store.purge, int(time() * 1000), limit=limit))
    assert removed == limit, "too few rows were over"
    return float(removed / (perf_counter() - started))


def _live_a_day(stand: Stand, ask: Callable[..., list[Any]]) -> float:
    """Rotate sessions in random order, a few in each transaction; return how often each, on average."""
    table = f"{stand.place.prefix}families"
    wanted = min(stand.size * _A_DAY, _MOST_ROTATIONS)
    at_once = min(50, max(1, stand.size // 1000))
    # As a rotation does: every column that one sets, and none that an index is over.
    ask(f"""
        DO $$
        DECLARE first bytea;
        BEGIN
          FOR _ IN 1..{wanted // at_once} LOOP
            first := decode(md5(random()::text), 'hex');
            UPDATE {table} SET version = (random() * 1e18)::bigint, generation = generation + 1,
              previous_digest = digest,
              digest = substr(decode(md5(random()::text) || md5(generation::text), 'hex'), 1, length(digest)),
              nonce = substr(decode(md5(random()::text) || md5(random()::text), 'hex'), 1, length(nonce)),
              previous_rotated_at = rotated_at, rotated_at = rotated_at + 900000, used_at = used_at + 900000,
              idle_expires_at = idle_expires_at + 900000, over_at = over_at + 900000
            WHERE session_key = ANY (ARRAY(
              SELECT session_key FROM {table} WHERE session_key >= first
              ORDER BY session_key LIMIT {at_once}));
            COMMIT;
          END LOOP;
        END $$""")
    return wanted // at_once * at_once / stand.size


def _room(stand: Stand, ask: Callable[..., list[Any]]) -> tuple[int, int]:
    name = f"{stand.place.prefix}families"
    [(table, indexes)] = ask("SELECT pg_table_size(%s::regclass), pg_indexes_size(%s::regclass)", name, name)
    return table, indexes


def _updates(stand: Stand, ask: Callable[..., list[Any]]) -> tuple[int, int]:
    """Return how many rows were updated so far, and how many of them wrote to no index."""
    ask("SELECT pg_stat_force_next_flush()")
    [(updates, heap_only)] = ask(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s",
        f"{stand.place.prefix}families",
    )
    return updates, heap_only


def _share(updates: tuple[int, int], *, since: tuple[int, int] = (0, 0)) -> float:
    return (updates[1] - since[1]) / max(1, updates[0] - since[0])


def _counted(stand: Stand, shares: dict[str, float], rotations: float) -> Iterator[Group]:
    (table, indexes), (table_later, indexes_later) = stand.room
    parts: dict[str, tuple[Unit, dict[str, float]]] = {
        ROOM: (
            "bytes",
            {
                TABLE: table / stand.size,
                INDEXES: indexes / stand.size,
                TABLE_LATER: table_later / stand.size,
                INDEXES_LATER: indexes_later / stand.size,
            },
        ),
        HEAP_ONLY: ("share", shares),
    }
    for part, (unit, values) in parts.items():
        rows = tuple(Row(name, Spread.exactly(value)) for name, value in values.items())
        yield Group(title=title_of(stand.size), part=part, unit=unit, rows=rows)
    times = (Row(ROTATIONS, Spread.exactly(rotations)),)
    yield Group(title=title_of(stand.size), part=DAY, unit="ratio", rows=times)


@contextmanager
def _asking(server: Any) -> Iterator[Callable[..., list[Any]]]:
    """Return what asks the database whose commits do not wait."""
    import psycopg
    from sqlalchemy import make_url

    url = make_url(server.url(database=PROMPT))
    where: dict[str, Any] = {"host": url.query["host"], "user": url.username, "dbname": url.database}
    with psycopg.connect(**where, autocommit=True) as connection:

        def ask(statement: Any, *values: object) -> list[Any]:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

        yield ask
