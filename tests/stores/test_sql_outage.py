"""Whatever happens between a SQL store and its database, the caller gets our error, without values in it."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, event
from tests.stores.sql_databases import ASYNC_ENGINES, ENGINES, database

from jwtkit.errors import ContentionError, JWTKitError, StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope
from jwtkit.revocation import RevocationQuery
from jwtkit.stores.sql import SQLAlchemySessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family, rotated

pytestmark = pytest.mark.usefixtures("sockets_left_open")

CLOCK = ManualClock()
SERVERS = pytest.mark.parametrize("engine_name", ["postgresql", "mariadb"])
AS_ADVISED = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
HOW_MADE = pytest.mark.parametrize("options", [AS_ADVISED, {}], ids=["as advised", "plain"])


@pytest.fixture
def tables(engine_name, request, tmp_path):
    with database(engine_name, request, tmp_path / "sessions.db") as made:
        yield made


@pytest.fixture
def family(tables):
    family = a_family(CLOCK)
    with tables.store(clock=CLOCK) as store:
        store.insert(family)
    return family


def every_call(store, family):
    return {
        "insert": lambda: store.insert(a_family(CLOCK)),
        "read": lambda: store.read(family.session_id),
        "compare_and_swap": lambda: store.compare_and_swap(
            rotated(family, CLOCK), expected_version=family.version
        ),
        "epoch": lambda: store.epoch([EpochScope(ISSUER, "all")]),
        "bump_epoch": lambda: store.bump_epoch(EpochScope(ISSUER, "all")),
        "deny": lambda: store.deny(ISSUER, "token-1", until=2**60),
        "status": lambda: store.status(RevocationQuery(ISSUER)),
        "list_subject": lambda: store.list_subject(ISSUER, family.subject),
        "purge": lambda: store.purge(2**60),
        "live_key_ids": lambda: store.live_key_ids(ISSUER),
    }


def failing(store, family):
    """Call every method and return the errors."""
    errors = []
    for call in every_call(store, family).values():
        with pytest.raises(StoreUnavailableError) as failure:
            call()
        assert family.session_id not in str(failure.value)
        assert family.subject not in str(failure.value)
        errors.append(failure.value)
    return errors


class Cuttable:
    """A store each of whose connections says its number, so that no other test's are cut."""

    def __init__(self, tables, **options):
        self.tables = tables
        self.engine = create_engine(tables.url(), **options)
        self.store = SQLAlchemySessionStore(self.engine, prefix=tables.prefix, clock=CLOCK)
        self.numbers = []

        @event.listens_for(self.engine, "connect")
        def note(connection, _record):
            cursor = connection.cursor()
            own = {"postgresql": "SELECT pg_backend_pid()", "mariadb": "SELECT connection_id()"}
            cursor.execute(own[tables.name])
            self.numbers.append(cursor.fetchone()[0])
            cursor.close()
            connection.rollback()

    def occupy(self, number=4):
        """Open so many connections, and leave them in the pool."""
        for connection in [self.engine.connect() for _ in range(number)]:
            connection.close()

    def cut(self):
        """Cut every connection that was ever opened."""
        for number in self.numbers:
            if self.tables.name == "postgresql":
                self.tables.server.execute("SELECT pg_terminate_backend(%s)", number)
            else:
                self.tables.server.kill(number)
        self.numbers.clear()

    def wait_until_it_waits(self, call):
        """Wait until one of the connections waits for a lock, on behalf of `call`."""
        if self.tables.name == "postgresql":
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        else:
            waiting = (
                "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
            )
        while not {number for (number,) in self.tables.server.execute(waiting)} & set(self.numbers):
            assert not call.done(), call.exception()
            # Longer than 0.1 s: asked more often, InnoDB shows the list of transactions it made before.
            time.sleep(0.15)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.engine.dispose()


@SERVERS
@HOW_MADE
def test_a_reading_survives_connections_that_were_cut_while_idle(tables, family, options):
    """A restarted server, or a firewall that forgets: readings are tried again on a new connection."""
    with Cuttable(tables, **options) as cuttable:
        for name in ("read", "epoch", "status", "list_subject", "live_key_ids"):
            cuttable.occupy()
            cuttable.cut()
            every_call(cuttable.store, family)[name]()


@SERVERS
def test_a_write_on_a_cut_connection_fails_once(tables, family):
    """What became of it is not known, so it is not tried again; the whole pool is renewed."""
    with Cuttable(tables, **AS_ADVISED) as cuttable:
        for name in ("insert", "compare_and_swap", "deny", "bump_epoch"):
            cuttable.occupy()
            cuttable.cut()
            call = every_call(cuttable.store, family)[name]
            with pytest.raises(StoreUnavailableError) as failure:
                call()
            assert failure.value.code == "store.unavailable"
            for _ in range(5):
                call()


@SERVERS
def test_a_call_that_is_cut_while_it_waits(tables, family):
    """An outage; nothing was written, and the next call works."""
    with Cuttable(tables) as cuttable, ThreadPoolExecutor(1) as threads:
        with tables.engine.execution_options(isolation_level="READ COMMITTED").connect() as holder:
            holder.exec_driver_sql(f"SELECT * FROM {tables.prefix}families FOR UPDATE")
            swapping = threads.submit(every_call(cuttable.store, family)["compare_and_swap"])
            cuttable.wait_until_it_waits(swapping)
            cuttable.cut()
            with pytest.raises(StoreUnavailableError) as failure:
                swapping.result(30)
            assert failure.value.code == "store.unavailable"
            holder.rollback()
        assert cuttable.store.read(family.session_id).family == family
        assert cuttable.store.compare_and_swap(rotated(family, CLOCK), expected_version=family.version)


@SERVERS
def test_a_row_that_others_hold_is_contention(tables, family):
    """A lock timeout, set as an operator would: nothing was written, and a reading never waits."""
    statement = {"postgresql": "SET lock_timeout = 50", "mariadb": "SET innodb_lock_wait_timeout = 0"}
    with Cuttable(tables) as cuttable:

        @event.listens_for(cuttable.engine, "connect")
        def be_impatient(connection, _record):
            connection.cursor().execute(statement[tables.name])
            connection.commit()

        with tables.engine.execution_options(isolation_level="READ COMMITTED").connect() as holder:
            holder.exec_driver_sql(f"SELECT * FROM {tables.prefix}families FOR UPDATE")
            with pytest.raises(ContentionError) as failure:
                every_call(cuttable.store, family)["compare_and_swap"]()
            assert failure.value.code == "store.contention"
            assert cuttable.store.read(family.session_id).family == family
            holder.rollback()
        assert cuttable.store.compare_and_swap(rotated(family, CLOCK), expected_version=family.version)


@SERVERS
def test_a_deadlock_is_tried_again(tables, family):
    """Purging locks rows in order of time and not of key, so it may meet others; it goes on."""
    rows = [a_family(CLOCK, idle_expires_at=1, session_id=f"over-{number}") for number in range(20)]
    with tables.store(clock=CLOCK) as store:
        for row in rows:
            store.insert(row)
        removed = []

        def purge(_):
            count = store.purge(2**60, limit=1)
            removed.append(count)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(purge, range(40)))
        assert sum(removed) + store.purge(2**60) == len(rows)


@SERVERS
def test_purging_passes_over_rows_that_others_hold(tables, family):
    """It neither waits for them nor removes them; the next time it finds them."""
    over = [a_family(CLOCK, idle_expires_at=1) for _ in range(3)]
    with tables.store(clock=CLOCK) as store:
        for row in over:
            store.insert(row)
        with tables.engine.execution_options(isolation_level="READ COMMITTED").connect() as holder:
            held = holder.exec_driver_sql(
                f"SELECT session_id FROM {tables.prefix}families WHERE over_at = 1 LIMIT 1 FOR UPDATE"
            ).scalar_one()
            assert store.purge(2**60) == 2
            assert store.read(held).family is not None
            holder.rollback()
        assert store.purge(2**60) == 1
        assert store.read(family.session_id).family == family


@ENGINES
def test_tables_that_are_missing(tables, family):
    """Every call says which function makes them."""
    with tables.store(clock=CLOCK) as store:
        for table in reversed(tables.tables):
            table.drop(tables.engine)
        for error in failing(store, family):
            assert error.code == "store.tables"
            assert "create_tables()" in str(error)
        # So that they can be dropped after the test.
        store.create_tables()
        assert store.read(family.session_id).family is None


@SERVERS
def test_a_database_or_schema_that_is_missing(tables):
    """The same advice."""
    with SQLAlchemySessionStore(tables.url(), prefix=tables.prefix, schema="nowhere") as store:
        with pytest.raises(StoreUnavailableError) as failure:
            store.read("session")
        assert failure.value.code == "store.tables"


@ENGINES
def test_a_closed_store_says_so(tables, family):
    store = tables.store()
    store.read("session")
    store.close()
    store.close()
    assert {error.code for error in failing(store, family)} == {"store.closed"}


@ENGINES
def test_an_engine_that_was_given_is_left_open(tables, family):
    with SQLAlchemySessionStore(tables.engine, prefix=tables.prefix) as store:
        store.read("session")
    assert tables.rows("SELECT count(*) FROM {p}families") == [(1,)]
    assert {error.code for error in failing(store, family)} == {"store.closed"}


@ENGINES
def test_a_wrong_type_is_an_outage_of_ours_too(tables):
    """It is the caller's mistake, and still no foreign exception."""
    with tables.store() as store, pytest.raises(StoreUnavailableError):
        store.insert(a_family(CLOCK, generation=object()))


@ENGINES
def test_a_pool_without_a_free_connection_is_an_outage(tables):
    engine = create_engine(tables.url(), pool_size=1, max_overflow=0, pool_timeout=0.05)
    with SQLAlchemySessionStore(engine, prefix=tables.prefix) as store:
        taken = engine.connect()
        with pytest.raises(StoreUnavailableError) as failure:
            store.read("session")
        assert "TimeoutError" in str(failure.value)
        taken.close()
        store.read("session")
    engine.dispose()


@SERVERS
def test_a_server_that_is_not_there(engine_name):
    """Neither the password nor the path of the socket is in the message."""
    store = SQLAlchemySessionStore(
        {
            "postgresql": "postgresql+psycopg://user:pa55word@/nowhere?host=/nowhere",
            "mariadb": "mariadb+pymysql://user:pa55word@localhost/nowhere?unix_socket=/nowhere/socket",
        }[engine_name]
    )
    texts = []
    for call in every_call(store, a_family(CLOCK)).values():
        with pytest.raises(StoreUnavailableError) as failure:
            call()
        texts.append(f"{failure.value.code} {failure.value!r} {store!r}")
        texts += traceback.format_exception(failure.value)
    store.close()
    assert any(text.startswith("store.unavailable") for text in texts)
    assert not any("pa55word" in text for text in texts)


@SERVERS
def test_the_callers_transaction_is_no_part_of_it(tables):
    """A request that rolls back does not undo the end of a session."""
    engine = create_engine(tables.url())
    family = a_family(CLOCK)
    with SQLAlchemySessionStore(engine, prefix=tables.prefix, clock=CLOCK) as store:
        with engine.connect() as connection, connection.begin() as transaction:
            connection.exec_driver_sql("SELECT 1")
            store.insert(family)
            store.bump_epoch(EpochScope(ISSUER, "all"))
            transaction.rollback()
        assert store.read(family.session_id).family == family
        assert store.read(family.session_id).epoch > 0
    engine.dispose()


class TestAsync:
    @ASYNC_ENGINES
    async def test_missing_tables_and_closing(self, tables, driver):
        async with tables.async_store(driver) as store:
            for table in reversed(tables.tables):
                table.drop(tables.engine)
            with pytest.raises(StoreUnavailableError) as failure:
                await store.read("session")
            assert failure.value.code == "store.tables"
            await store.create_tables()
            assert (await store.read("session")).family is None
        with pytest.raises(StoreUnavailableError) as failure:
            await store.read("session")
        assert failure.value.code == "store.closed"

    @ASYNC_ENGINES
    async def test_calls_are_under_way_at_the_same_time(self, tables, driver):
        """More of them than connections, in one thread (but for aiosqlite's own)."""
        before = threading.active_count()
        families = [a_family(CLOCK) for _ in range(40)]
        async with tables.async_store(driver, clock=CLOCK) as store:
            await asyncio.gather(*map(store.insert, families))
            read = await asyncio.gather(*(store.read(family.session_id) for family in families))
            assert [snapshot.family for snapshot in read] == families
            if driver != "aiosqlite":
                assert threading.active_count() == before

    @pytest.mark.parametrize(
        ("engine_name", "driver"),
        [("postgresql", "psycopg"), ("postgresql", "asyncpg"), ("mariadb", "asyncmy")],
    )
    async def test_a_call_that_is_cancelled_or_cut_spoils_no_other(self, tables, driver, family):
        """Its connection is thrown away, and the next call opens another."""
        async with tables.async_store(driver, clock=CLOCK) as store:
            swap = rotated(family, CLOCK)
            holder = tables.engine.execution_options(isolation_level="READ COMMITTED").connect()
            holder.exec_driver_sql(f"SELECT * FROM {tables.prefix}families FOR UPDATE")
            swapping = asyncio.ensure_future(store.compare_and_swap(swap, expected_version=family.version))
            await asyncio.sleep(0.2)
            swapping.cancel()
            with pytest.raises(asyncio.CancelledError):
                await swapping
            holder.rollback()
            holder.close()
            for _ in range(3):
                try:
                    assert (await store.read(family.session_id)).family in (family, swap)
                except JWTKitError as error:
                    pytest.fail(repr(error))
