"""What is measured of the session stores, at a pace that measures nothing: most of it over SQLite."""

from __future__ import annotations

import sqlite3
from array import array
from contextlib import closing

import pytest
from bench.bare import bare_narrow_row, bare_row
from bench.crew import Stint, share_out
from bench.desk import Desk, runner
from bench.engines import DURABLE, ENGINES
from bench.interleave import Pace
from bench.results import SUBJECT, Absent, Group, Report, Row, Suite, ratio
from bench.row_per_refresh import Tokens
from bench.servers import SETTINGS, Servers
from bench.spread import Spread
from bench.suites import load, row_per_refresh, stores, table_size
from bench.targets import TARGETS
from bench.tokens import Material
from bench.workbench import Workbench

from bench import __main__ as command
from bench import publish, tables
from jwtkit import RotationSecret

SQLITE = next(engine for engine in ENGINES if engine.server == "file" and not engine.waits)

REFERENCES = sorted((publish.FOLDER.parents[2] / "bench" / "results").glob("stores-reference-*.json"))


@pytest.fixture
def servers():
    with Servers() as started:
        yield started


@pytest.fixture
def bench(servers, pace):
    return Workbench(pace, servers=servers)


@pytest.fixture
def place(servers):
    return servers.place(SQLITE)


@pytest.fixture
def desk(place):
    with (
        runner(awaited=False) as running,
        running.opened(Desk.opened(place, Material.generate("HS256"), RotationSecret.generate())) as opened,
    ):
        yield opened, running


def versions(place) -> list[int]:
    with closing(sqlite3.connect(place.address)) as connection:
        return [
            number for (number,) in connection.execute("SELECT version FROM families ORDER BY created_at")
        ]


def test_a_rotation_swaps_its_row_every_time(desk, place):
    opened, running = desk
    rotate = running.run(opened.rotation())
    seen = set()
    for _ in range(5):
        running.run(rotate())
        seen.update(versions(place))
    assert len(seen) == 5


def test_the_bare_swap_writes_every_time_and_fails_when_somebody_else_has_written(desk, place):
    opened, running = desk
    session_id = running.run(opened.mature_session())
    (before,) = versions(place)
    with running.opened(bare_row(place, session_id)) as swap:
        seen = []
        for _ in range(4):
            running.run(swap())
            seen += versions(place)
        assert seen == [before + 1, before, before + 1, before]
        with closing(sqlite3.connect(place.address)) as connection, connection:
            connection.execute("UPDATE families SET version = 7")
        with pytest.raises(AssertionError):
            running.run(swap())


def test_the_bare_swap_leaves_a_row_the_rotator_can_read(desk, place):
    opened, running = desk
    session_id = running.run(opened.mature_session())
    before = opened.store.read(session_id).family
    with running.opened(bare_row(place, session_id)) as swap:
        running.run(swap())
        running.run(swap())
    assert opened.store.read(session_id).family == before


def test_the_narrow_row_is_swapped_too(desk, place):
    opened, running = desk
    session_id = running.run(opened.mature_session())
    with running.opened(bare_narrow_row(place, session_id, 400)) as swap:
        for _ in range(3):
            running.run(swap())


def test_the_rotation_is_measured_beside_everything_it_is_made_of(bench):
    group = stores.measure(SQLITE, bench)
    names = {row.contender for row in group.rows}
    assert names == {stores.BARE, stores.NARROW, stores.STORE, SUBJECT, stores.ES256}
    assert ratio(group, stores.BARE, SUBJECT).median > 0


def test_an_engine_that_is_not_here_is_named_and_nothing_is_measured(bench, monkeypatch):
    monkeypatch.setattr(bench.servers, "place", lambda engine: Absent(engine.name, "not installed"))
    group = stores.measure(SQLITE, bench)
    assert (group.rows, group.absent) == ((), (Absent(SUBJECT, "not installed"),))
    for engine in DURABLE:
        groups, _ = load.measure(bench, [engine], (1,), ())
        assert [one.absent for one in groups] == [(Absent(engine.name, "not installed"),)]


def test_there_is_a_target_for_every_engine_the_ratio_is_promised_on():
    found = {target.which for target in TARGETS if target.suite == "stores"}
    assert found == {
        "SQLite", "PostgreSQL, psycopg", "PostgreSQL, asyncpg", "Valkey", "Valkey, asyncio",
    }  # fmt: skip
    assert {target.limit for target in TARGETS if target.suite == "stores"} == {0.7}


@pytest.mark.parametrize(
    ("clients", "parts"), [(1, [1]), (2, [1, 1]), (4, [1] * 4), (7, [2, 2, 2, 1]), (64, [16] * 4)]
)
def test_clients_are_spread_over_the_processes(clients, parts):
    assert share_out(clients, 4) == parts


def test_percentiles_are_of_the_calls_of_all_processes():
    whole = Stint()
    whole.add(Stint(rate=10, seconds=array("d", [0.3, 0.1]), refused=1, tokens={"one"}))
    whole.add(Stint(rate=5, seconds=array("d", [0.2, 0.4]), tokens={"other"}))
    assert (whole.rate, whole.refused, whole.tokens) == (15, 1, {"one", "other"})
    assert [whole.percentile(percent) for percent in (0, 50, 99)] == [0.1, 0.3, 0.4]


@pytest.mark.slow
def test_clients_rotate_together_and_share_a_session(bench):
    groups, notes = load.measure(bench, [SQLITE], (1, 3), (3,))
    parts = {group.part: group for group in groups}
    for part in (load.RATE, load.MEDIAN, load.SLOWEST, load.OVER_BARE):
        assert [row.contender for row in parts[part].rows] == ["1 client", "3 clients"]
    assert parts[load.SHARED_RATE].row("3 clients").value.median > 0
    assert "0 rotations were answered `try again`" in notes


def test_the_other_design_marks_the_parent_and_adds_a_row_for_each_refresh(desk, place, servers):
    opened, running = desk
    beside = servers.place(SQLITE)
    with running.opened(Tokens.opened(beside, opened.issue())) as tokens:
        rotate = running.run(tokens.rotation("somebody", "a client", "scopes"))
        for _ in range(3):
            running.run(rotate())
        assert running.run(tokens.room())[0] == 4
    with closing(sqlite3.connect(beside.address)) as connection:
        rows = connection.execute(
            f"SELECT id, parent_id, used_at IS NULL FROM {beside.prefix}refresh_tokens ORDER BY id"
        ).fetchall()
    assert rows == [(1, None, 0), (2, 1, 0), (3, 2, 0), (4, 3, 1)]


def test_the_other_design_refuses_a_token_that_was_used(desk, servers):
    opened, running = desk
    with running.opened(Tokens.opened(servers.place(SQLITE), opened.issue())) as tokens:
        first = running.run(tokens.start("somebody", "a client", "scopes"))
        running.run(tokens.refresh(first))
        with pytest.raises(AssertionError):
            running.run(tokens.refresh(first))
        assert running.run(tokens.room())[0] == 2


def test_one_row_stays_one_row(bench, monkeypatch):
    monkeypatch.setattr(row_per_refresh, "ENGINES", (SQLITE,))
    groups, _ = row_per_refresh.measure(bench, (1, 5), 3)
    counts = [group for group in groups if group.part == row_per_refresh.rows_of(SQLITE.name)]
    found = [
        (group.row(SUBJECT).value.median, group.row(row_per_refresh.OTHER).value.median) for group in counts
    ]
    assert found == [(1, 2), (1, 6)]


@pytest.mark.slow
def test_every_engine_that_is_here_is_measured(postgres_server, bench):
    """PostgreSQL is; the server of the fixture says so, the bench has one of its own."""
    for engine in DURABLE:
        group = stores.measure(engine, bench)
        assert group.row(SUBJECT) is not None or group.absent, engine.name
        assert group.rows or engine.server not in ("postgres", "valkey")


@pytest.mark.slow
def test_tables_are_filled_asked_and_purged(postgres_server, bench):
    groups, _ = table_size.measure(bench, (100, 300))
    assert {group.part for group in groups} == {
        table_size.RATE,
        table_size.ROOM,
        table_size.HEAP_ONLY,
        table_size.DAY,
    }
    shares = [group for group in groups if group.part == table_size.HEAP_ONLY]
    assert [group.title for group in shares] == ["100 sessions", "300 sessions"]
    for group in shares:
        assert group.row(table_size.REAL_SHARE).value.median > 0.5


def store_report() -> Report:
    rate = Group(
        title="SQLite",
        part=load.RATE,
        unit="per second",
        rows=(Row("1 client", Spread(2345.0, 2300.0, 2400.0)),),
    )
    share = Group(title="SQLite", part="shares", unit="share", rows=(Row("1 client", Spread.exactly(0.987)),))
    return Report(
        python="CPython 3.13.0",
        machine="a machine",
        pace="test",
        versions={"SQLite": "3"},
        suites=(Suite("load", load.TITLE, (rate, share), SETTINGS, 2.0),),
    )


def test_each_part_of_a_suite_is_a_table_of_its_own(tmp_path):
    report = store_report()
    report.write(tmp_path / "one.json")
    assert Report.read(tmp_path / "one.json") == report
    (suite,) = report.suites
    assert tables.in_markdown(suite).splitlines() == [
        f"**{load.RATE}**", "",
        "|  | SQLite |", "| --- | --- |", "| 1 client | 2,345\N{NO-BREAK SPACE}/s |", "",
        "**shares**", "", "|  | SQLite |", "| --- | --- |", "| 1 client | 98.7\N{NO-BREAK SPACE}% |",
    ]  # fmt: skip
    assert f"-- {load.RATE}" in tables.in_terminal(suite)
    assert suite.group("SQLite", "shares").unit == "share"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (9_999, "9999 B"),
        (20_480, "20.0 KiB"),
        (50 << 20, "50.0 MiB"),
        (8 << 30, "8.0 GiB"),
        (15 << 30, "15.0 GiB"),
    ],
)
def test_sizes_are_written_in_the_unit_that_fits(number, words):
    assert tables.bytes_in_words(number) == words


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["load", "memory"], "are measured apart"),
        (["--large"], "--large is for the suite table-size"),
        (["load", "--large"], "--large is for the suite table-size"),
    ],
)
def test_suites_with_and_without_servers_are_not_mixed(arguments, said, capsys):
    with pytest.raises(SystemExit) as raised:
        command.main(arguments)
    assert raised.value.code == 2
    assert said in capsys.readouterr().err


def test_the_suites_of_the_stores_are_run_and_written_by_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(stores, "ENGINES", (SQLITE,))
    monkeypatch.setattr(command, "QUICK", Pace("quick", rounds=3, batch=1e-5, slow_rounds=1))
    path = tmp_path / "result.json"
    assert command.main(["stores", "--quick", "--json", str(path)]) == 0
    report = Report.read(path)
    assert [suite.name for suite in report.suites] == ["stores"]
    assert report.versions["SQLite"] == sqlite3.sqlite_version
    assert "SQLite, no wait" in capsys.readouterr().out


def test_there_is_a_reference_result_of_the_stores():
    assert REFERENCES


def test_what_the_page_on_stores_shows_is_the_reference_result():
    """After a new reference: `python -m bench --publish` it."""
    shown = {path.name: path.read_text(encoding="utf-8") for path in publish.STORES.glob("*.md")}
    assert shown == publish.texts(Report.read(REFERENCES[-1]))
