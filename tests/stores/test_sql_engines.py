"""What a SQL store is made from, what it refuses, and what it says when a package is missing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from tests.stores.sql_databases import ENGINES, database

from jwtkit import (
    AsyncRefreshRotator,
    RefreshRotator,
    RotationSecret,
    SigningKey,
    TokenIssuer,
    TokenValidator,
)
from jwtkit.errors import ConfigurationError
from jwtkit.stores.sql import AsyncSQLAlchemySessionStore, SQLAlchemySessionStore
from jwtkit.stores.sql.engines import engine_of
from jwtkit.testing import ManualClock
from jwtkit.testing.given import a_family

CLOCK = ManualClock()
SECRET = "pa55word"


@pytest.fixture
def tables(engine_name, request, tmp_path):
    with database(engine_name, request, tmp_path / "sessions.db") as made:
        yield made


def refused(kind, *arguments, **options):
    with pytest.raises(ConfigurationError) as refusal:
        kind(*arguments, **options)
    assert SECRET not in f"{refusal.value}{refusal.value!r}{refusal.value.__cause__}"
    return refusal.value


@ENGINES
def test_a_store_is_made_from_a_text_a_url_or_an_engine(tables):
    for given in (tables.url(), make_url(tables.url()), tables.engine):
        with SQLAlchemySessionStore(given, prefix=tables.prefix) as store:
            assert store.read("session").family is None


@ENGINES
async def test_an_async_store_too(tables):
    from tests.stores.sql_databases import ASYNC_DRIVERS

    url = tables.url(ASYNC_DRIVERS[tables.name][0])
    engine = create_async_engine(url)
    for given in (url, make_url(url), engine):
        async with AsyncSQLAlchemySessionStore(given, prefix=tables.prefix) as store:
            assert (await store.read("session")).family is None
    await engine.dispose()


@pytest.mark.parametrize(("option", "ready"), [("", True), ("&ssl_disabled=true", False)])
def test_pymysql_gets_ready_for_tls_on_a_unix_socket_unless_the_url_forbids_it(
    request, tmp_path, option, ready
):
    """As the page on SQL stores says; the store takes the option."""
    with database("mariadb", request, tmp_path / "none") as made:
        engine, _ = engine_of(made.url() + option)
        with engine.connect() as connection:
            assert connection.connection.dbapi_connection.ssl is ready
        engine.dispose()
        with SQLAlchemySessionStore(made.url() + option, prefix=made.prefix) as store:
            assert store.read("session").family is None


@ENGINES
def test_the_time_is_the_servers_own(tables):
    """Milliseconds since the epoch, the same as ours on one machine but for the time it takes to ask."""
    import time

    with tables.store() as store:
        before = time.time_ns() // 1_000_000
        times = [store.read("session").now, store.epoch([]).now]
        store.insert(a_family(CLOCK, subject="client-43"))
        times.append(store.list_subject("https://orders.example", "client-43")[0].now)
        after = time.time_ns() // 1_000_000 + 1
    assert all(before - 1 <= now <= after for now in times), (before, times, after)
    assert times == sorted(times)


@pytest.mark.parametrize(
    "given",
    [
        *("", "postgresql", "not a url", 7, None),
        *("oracle://user@host/database", f"nosuch+driver://user:{SECRET}@host/database"),
        *("postgresql+psycopg2://user@host/database", "postgresql+asyncpg://user@host/database"),
        *("mariadb+asyncmy://user@host/database", "sqlite+aiosqlite:///sessions.db"),
        f"postgresql+psycopg://user:{SECRET}@host:port/database",
    ],
)
def test_what_is_no_engine_is_refused(given):
    error = refused(SQLAlchemySessionStore, given)
    assert error.code == "store.engine"
    assert error.hint


@pytest.mark.parametrize("given", ["mariadb+pymysql://user@host/database", "sqlite:///sessions.db", 7])
def test_what_is_no_async_engine_is_refused(given):
    error = refused(AsyncSQLAlchemySessionStore, given)
    assert error.code == "store.engine"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_sqlite_in_memory_is_another_store(url):
    """Each connection would have sessions of its own."""
    error = refused(SQLAlchemySessionStore, url)
    assert error.code == "store.engine"
    assert "MemorySessionStore" in str(error)
    engine = create_engine(url)
    assert refused(SQLAlchemySessionStore, engine).code == "store.engine"
    engine.dispose()


async def test_an_engine_of_the_other_kind_is_refused(tmp_path):
    blocking = create_engine(f"sqlite:///{tmp_path}/sessions.db")
    awaited = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/sessions.db")
    assert "AsyncSQLAlchemySessionStore" in str(refused(SQLAlchemySessionStore, awaited))
    assert "SQLAlchemySessionStore" in str(refused(AsyncSQLAlchemySessionStore, blocking))
    await awaited.dispose()


def test_what_is_no_clock_is_refused(tmp_path):
    refused(SQLAlchemySessionStore, f"sqlite:///{tmp_path}/sessions.db", clock=5)


def test_a_store_shows_no_password():
    store = SQLAlchemySessionStore(f"postgresql+psycopg://user:{SECRET}@host/database")
    assert SECRET not in repr(store)
    assert SECRET not in repr(store._sessions._connections._engine)
    store.close()


def test_the_sync_store_is_kept_out_of_async_code(tmp_path):
    key = SigningKey.generate("ES256")
    issuer = TokenIssuer("https://orders.example", audience="orders-api", keys=key)
    validator = TokenValidator("https://orders.example", audience="orders-api", keys=key)
    store = SQLAlchemySessionStore(f"sqlite:///{tmp_path}/sessions.db")
    store.create_tables()
    secret = RotationSecret.generate()
    RefreshRotator(issuer, validator, store=store, secret=secret)
    error = refused(AsyncRefreshRotator, issuer, validator, store=store, secret=secret)
    assert error.code == "rotator.store"
    awaited = AsyncSQLAlchemySessionStore(f"sqlite+aiosqlite:///{tmp_path}/sessions.db")
    AsyncRefreshRotator(issuer, validator, store=awaited, secret=secret)
    assert refused(RefreshRotator, issuer, validator, store=awaited, secret=secret).code == "rotator.store"
    store.close()


@pytest.mark.parametrize(
    ("missing", "given", "extra"),
    [
        ("sqlalchemy", "sqlite:///sessions.db", "jwtkit[sql]"),
        ("psycopg", "postgresql+psycopg://user@host/database", "jwtkit[postgresql]"),
        ("pymysql", "mariadb+pymysql://user@host/database", "jwtkit[mariadb]"),
        ("asyncpg", "postgresql+asyncpg://user@host/database", "jwtkit[postgresql-async]"),
        ("asyncmy", "mariadb+asyncmy://user@host/database", "jwtkit[mariadb-async]"),
        ("aiosqlite", "sqlite+aiosqlite:///sessions.db", "jwtkit[sqlite-async]"),
        ("greenlet", "sqlite+aiosqlite:///sessions.db", "jwtkit[sql]"),
    ],
)
def test_a_package_that_is_missing(missing, given, extra):
    """The message says what to install; importing the package of the stores needs none of them."""
    code = f"""
import sys
sys.modules[{missing!r}] = None
from jwtkit.stores.sql import AsyncSQLAlchemySessionStore, SQLAlchemySessionStore, metadata
from jwtkit.errors import ConfigurationError
awaited = {given!r}.partition(":")[0].partition("+")[2] in ("asyncpg", "asyncmy", "aiosqlite")
try:
    (AsyncSQLAlchemySessionStore if awaited else SQLAlchemySessionStore)({given!r})
except ConfigurationError as error:
    print(error.code, error)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("store.extra "), answer
    assert f"pip install '{extra}'" in answer.stdout


def test_importing_the_stores_loads_no_extra():
    code = """
import sys
import jwtkit.stores.sql
assert not {"sqlalchemy", "psycopg", "asyncio"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("engine_name", ["postgresql", "mariadb"])
def test_a_store_made_before_a_fork_works_in_the_child(tables):
    """Each process has connections of its own: their answers never get mixed up."""
    code = """
import os, sys
from jwtkit.stores.sql import SQLAlchemySessionStore
store = SQLAlchemySessionStore(sys.argv[1], prefix=sys.argv[2])
mine = store.read("session").now
children = []
for _ in range(3):
    child = os.fork()
    if not child:
        for _ in range(200):
            assert store.read("session").family is None
        os._exit(0)
    children.append(child)
for _ in range(200):
    assert store.read("session").family is None
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
store.close()
"""
    subprocess.run([sys.executable, "-c", code, tables.url(), tables.prefix], check=True, timeout=60)
