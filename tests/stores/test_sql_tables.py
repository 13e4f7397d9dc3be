"""The tables of the SQL stores: made on request only, by any number of processes, wherever one likes."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager

import pytest
from sqlalchemy import inspect
from sqlalchemy.schema import CreateTable
from tests.stores.sql_databases import ASYNC_ENGINES, ENGINES, database

from jwtkit.errors import ConfigurationError, StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope
from jwtkit.stores.sql import SQLAlchemySessionStore, metadata
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family

CLOCK = ManualClock()
MAKERS = 4

MAKER = """
import sys
from jwtkit.stores.sql import SQLAlchemySessionStore
with SQLAlchemySessionStore(sys.argv[1], prefix=sys.argv[2]) as store:
    print("ready", flush=True)
    for _ in sys.stdin:
        store.create_tables()
        print(store.read("session").family, flush=True)
"""

BUMPER = """
import sys
from jwtkit.refresh.protocols import EpochScope
from jwtkit.stores.sql import SQLAlchemySessionStore
with SQLAlchemySessionStore(sys.argv[1], prefix=sys.argv[2], clock=lambda: 1000) as store:
    store.read("session")
    print("ready", flush=True)
    sys.stdin.readline()
    kinds = ("all", "tenant", "subject")
    scopes = [EpochScope("https://orders.example", kinds[n % 3], "x" * (n % 3)) for n in range(30)]
    print(*map(store.bump_epoch, scopes))
"""


@pytest.fixture
def tables(engine_name, request, tmp_path):
    with database(engine_name, request, tmp_path / "sessions.db") as made:
        yield made


def drop(tables):
    metadata(prefix=tables.prefix).drop_all(tables.engine)


@contextmanager
def started(program, tables, number):
    """Start so many copies and wait until each is ready."""
    command = [sys.executable, "-c", program, tables.url(), tables.prefix]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(number)]
    try:
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * number
        yield processes
    finally:
        for process in processes:
            with process:
                process.stdin.close()
    assert [process.returncode for process in processes] == [0] * number


def let_go(processes):
    """Let all go on at once, and return the line each printed."""
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.stdout.readline() for process in processes]


@ENGINES
def test_several_processes_make_the_tables_at_once(tables):
    """All of them succeed, and the tables are there once, with their indexes."""
    with started(MAKER, tables, MAKERS) as processes:
        for _ in range(3):
            drop(tables)
            assert let_go(processes) == ["None\n"] * MAKERS
            # SQLite's pragmas believe what the connection knew of the schema.
            tables.engine.dispose()
            names = {
                index["name"] for index in inspect(tables.engine).get_indexes(f"{tables.prefix}families")
            }
            assert names == {f"ix_{tables.prefix}families_{use}" for use in ("subject", "purge", "secret")}


@ENGINES
def test_epochs_of_several_processes_are_all_different(tables):
    """Each issuer has one order of epochs, whichever the scope and whoever asks."""
    with started(BUMPER, tables, 4) as processes:
        epochs = [list(map(int, line.split())) for line in let_go(processes)]
    assert all(own == sorted(own) for own in epochs)
    assert sorted(epoch for own in epochs for epoch in own) == list(range(1_000_000, 1_000_120))


@ENGINES
def test_no_table_is_made_by_itself(tables):
    drop(tables)
    with tables.store() as store, pytest.raises(StoreUnavailableError) as failure:
        store.insert(a_family(CLOCK))
    assert failure.value.code == "store.tables"
    assert not inspect(tables.engine).has_table(f"{tables.prefix}families")


@ENGINES
def test_making_them_again_changes_nothing(tables):
    family = a_family(CLOCK)
    with tables.store(clock=CLOCK) as store:
        store.insert(family)
        store.create_tables()
        assert store.read(family.session_id).family == family


@ASYNC_ENGINES
async def test_the_async_store_makes_them_too(tables, driver):
    drop(tables)
    async with tables.async_store(driver) as store:
        await store.create_tables()
        await store.create_tables()
        assert (await store.read("session")).family is None


@ENGINES
def test_the_metadata_is_what_is_made(tables):
    """Tables made by Alembic, or by `create_all`, are the store's."""
    drop(tables)
    metadata(prefix=tables.prefix).create_all(tables.engine)
    made = inspect(tables.engine)
    for table in tables.tables:
        columns = {column["name"]: column for column in made.get_columns(table.name)}
        assert [*columns] == [column.name for column in table.columns]
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable
        assert made.get_pk_constraint(table.name)["constrained_columns"] == [
            *table.primary_key.columns.keys()
        ]
    with tables.store(clock=CLOCK) as store:
        store.insert(a_family(CLOCK))
        store.bump_epoch(EpochScope(ISSUER, "all"))
        store.deny(ISSUER, "token-1", until=1)


@ENGINES
def test_two_prefixes_are_two_stores(tables):
    family = a_family(CLOCK)
    with tables.store(clock=CLOCK) as one:
        one.insert(family)
        other_prefix = f"{tables.prefix}other_"
        with SQLAlchemySessionStore(tables.engine, prefix=other_prefix, clock=CLOCK) as other:
            other.create_tables()
            assert other.read(family.session_id).family is None
            other.insert(family)
            metadata(prefix=other_prefix).drop_all(tables.engine)
        assert one.read(family.session_id).family == family


@pytest.mark.parametrize("engine_name", ["postgresql", "mariadb"])
def test_the_tables_may_be_in_a_schema(tables):
    """On MariaDB a schema is a database. The connection's own holds nothing then."""
    schema = f"{tables.prefix}schema"
    tables.server.execute(f"CREATE SCHEMA {schema}")
    try:
        family = a_family(CLOCK)
        with SQLAlchemySessionStore(tables.url(), prefix="", schema=schema, clock=CLOCK) as store:
            store.create_tables()
            store.insert(family)
            store.bump_epoch(EpochScope(ISSUER, "all"))
            store.deny(ISSUER, "token-1", until=1)
            assert store.read(family.session_id).family == family
            assert store.live_key_ids(ISSUER) == {family.key_id}
        assert set(inspect(tables.engine).get_table_names(schema=schema)) == {"families", "epochs", "denials"}
        assert tables.rows("SELECT count(*) FROM {p}families") == [(0,)]
    finally:
        tables.server.execute(f"DROP SCHEMA {schema}" + (" CASCADE" if tables.name == "postgresql" else ""))


@pytest.mark.parametrize(
    "names",
    [*({"prefix": name} for name in ("a-b", "1a", "a" * 33, None, 'a"')), {"schema": ""}, {"schema": 7}],
    ids=repr,
)
def test_names_that_cannot_be(names, tmp_path):
    for refused in (
        lambda: SQLAlchemySessionStore(f"sqlite:///{tmp_path}/x.db", **names),
        lambda: metadata(**names),
    ):
        with pytest.raises(ConfigurationError) as refusal:
            refused()
        assert refusal.value.code == "store.table_names"


@pytest.mark.parametrize("engine_name", ["mariadb"])
def test_texts_are_compared_as_they_are_on_mariadb(tables):
    """Whatever the database's own character set and collation, which the tests' server spoils."""
    collations = tables.server.execute(
        "SELECT DISTINCT character_set_name, collation_name FROM information_schema.columns"
        " WHERE table_name LIKE %s AND data_type = 'mediumtext'",
        f"{tables.prefix}%",
    )
    assert collations == [("utf8mb4", "utf8mb4_bin")]
    assert tables.server.execute("SELECT @@collation_server") == [("latin1_swedish_ci",)]


def test_the_definition_needs_no_database():
    """What a migration is generated from; a prefix and a schema are in it."""
    from sqlalchemy.dialects import mysql, postgresql

    tables = metadata(prefix="auth_", schema="sessions").sorted_tables
    assert {table.fullname for table in tables} == {
        "sessions.auth_families",
        "sessions.auth_epochs",
        "sessions.auth_denials",
    }
    [families] = [table for table in tables if table.name == "auth_families"]
    assert "WITH (fillfactor = 75)" in str(CreateTable(families).compile(dialect=postgresql.dialect()))
    assert "BINARY(16)" in str(CreateTable(families).compile(dialect=mysql.dialect()))
