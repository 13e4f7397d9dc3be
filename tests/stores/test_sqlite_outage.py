"""Whatever happens to the file while the service runs, the caller gets our error, without values in it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from datetime import timedelta

import pytest

from jwtkit.errors import ContentionError, StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores import AsyncSQLiteSessionStore, SQLiteSessionStore
from jwtkit.stores.sqlite.errors import at_construction, at_run_time
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family, rotated

CLOCK = ManualClock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sessions.db"


@pytest.fixture
def store(path):
    with SQLiteSessionStore(path, clock=CLOCK, busy_timeout=timedelta(0)) as store:
        yield store


@pytest.fixture
def family(store):
    family = a_family(CLOCK)
    store.insert(family)
    return family


def every_call(store, family):
    return {
        "insert": lambda: store.insert(a_family(CLOCK)),
        "read": lambda: store.read(family.session_id),
        "compare_and_swap": lambda: store.compare_and_swap(rotated(family, CLOCK), expected_version=1),
        "epoch": lambda: store.epoch([EpochScope(ISSUER, "all")]),
        "bump_epoch": lambda: store.bump_epoch(EpochScope(ISSUER, "all")),
        "deny": lambda: store.deny(ISSUER, "token-1", until=2**60),
        "status": lambda: store.status(RevocationQuery(ISSUER)),
        "list_subject": lambda: store.list_subject(ISSUER, family.subject),
        "purge": lambda: store.purge(2**60),
        "live_key_ids": lambda: store.live_key_ids(ISSUER),
    }


def failing(store, family, names=None):
    """Call every method and return the errors."""
    errors = []
    for name, call in every_call(store, family).items():
        if names is None or name in names:
            with pytest.raises((StoreUnavailableError, ContentionError)) as failure:
                call()
            assert family.session_id not in str(failure.value)
            assert family.subject not in str(failure.value)
            errors.append(failure.value)
    return errors


def test_a_damaged_file_is_an_outage(path, store, family):
    store._connections._idle.pop().close()
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 100_000)
    for error in failing(store, family):
        assert error.code == "store.unavailable"
        assert "SQLITE_CORRUPT" in str(error) or "SQLITE_NOTADB" in str(error)


def test_a_file_that_was_removed_is_an_outage_and_not_a_new_store(path, store, family):
    store._connections._idle.pop().close()
    path.unlink()
    assert {error.code for error in failing(store, family)} == {"store.unavailable"}
    assert not path.exists()


def test_tables_that_are_missing_are_an_outage(path, store, family):
    other = sqlite3.connect(path)
    for table in ("families", "epochs", "denials"):
        other.execute(f"DROP TABLE {table}")
    other.close()
    assert {str(error) for error in failing(store, family)} == {
        "the session file could not answer (SQLITE_ERROR)"
    }


def test_a_text_that_is_not_unicode_is_an_outage(path, store, family):
    """Damage that SQLite itself does not notice."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("UPDATE families SET label = CAST(x'ff' AS TEXT)")
    other.close()
    [error] = failing(store, family, {"read"})
    assert error.code == "store.unavailable"


def test_a_full_disk_is_an_outage_until_there_is_room(store, family):
    """What was committed stays, and the next call works when there is room again."""
    store._connections.execute("PRAGMA max_page_count = 1")
    large = a_family(CLOCK, claims="x" * 1_000_000)
    with pytest.raises(StoreUnavailableError, match="SQLITE_FULL"):
        store.insert(large)
    assert store.read(family.session_id).family == family
    store.insert(large)


def test_a_writer_elsewhere_holds_up_writes_and_no_reads(path, store, family):
    """A write waits its time and changes nothing; reading never waits."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    writes = {"insert", "compare_and_swap", "bump_epoch", "deny", "purge"}
    errors = failing(store, family, writes)
    assert [type(error) for error in errors] == [ContentionError] * 5
    assert {error.code for error in errors} == {"store.contention"}
    assert store.read(family.session_id).family == family
    assert store.status(RevocationQuery(ISSUER, session_id=family.session_id)) is RevocationStatus.ACTIVE
    holder.close()
    assert store.compare_and_swap(rotated(family, CLOCK), expected_version=1)


def test_a_writer_in_another_thread_holds_up_writes_and_no_reads(store, family):
    """The threads of a process queue before they reach SQLite, and wait no longer for it."""
    with store._connections._writing:
        errors = failing(store, family, {"insert", "compare_and_swap"})
        assert store.read(family.session_id).family == family
    assert [type(error) for error in errors] == [ContentionError] * 2
    assert store.compare_and_swap(rotated(family, CLOCK), expected_version=1)


def test_a_write_waits_for_its_turn(path, family, store):
    """A writer elsewhere that is done in time is no error."""
    with SQLiteSessionStore(path, clock=CLOCK, busy_timeout=timedelta(seconds=30)) as patient:
        holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
        end = threading.Timer(0.05, holder.close)
        end.start()
        assert patient.compare_and_swap(rotated(family, CLOCK), expected_version=1)
        end.join()


def test_a_wrong_type_is_an_outage_of_ours_too(store):
    """STRICT tables refuse it; it is the caller's mistake, and still no foreign exception."""
    with pytest.raises(StoreUnavailableError) as failure:
        store.insert(a_family(CLOCK)._replace(generation="seven"))
    assert failure.value.code == "store.unavailable"


def test_the_errors_keep_their_cause(store, family):
    with pytest.raises(StoreUnavailableError) as failure:
        store.insert(family)
    assert failure.value.code == "store.duplicate"
    assert isinstance(failure.value.__cause__, sqlite3.IntegrityError)


def test_an_error_without_a_code_of_sqlites_is_named_by_its_type():
    assert str(at_run_time(sqlite3.ProgrammingError("secret"))) == (
        "the session file could not answer (ProgrammingError)"
    )
    assert "(Permission denied)" in str(at_construction(PermissionError(13, "Permission denied", "secret")))
    assert "secret" not in str(at_construction(PermissionError(13, "Permission denied", "secret")))


def test_a_closed_store_says_so(store, family):
    store.close()
    store.close()
    assert {error.code for error in failing(store, family)} == {"store.closed"}


def test_closing_does_not_break_a_call_under_way(path, store, family):
    """It is done, and its connection closed after it."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    with SQLiteSessionStore(path, clock=CLOCK, busy_timeout=timedelta(seconds=30)) as waiting:
        other.execute("BEGIN IMMEDIATE")
        outcome = []
        thread = threading.Thread(
            target=lambda: outcome.append(
                waiting.compare_and_swap(rotated(family, CLOCK), expected_version=1)
            )
        )
        thread.start()
        while not waiting._connections._in_use:
            pass
        waiting.close()
        other.close()
        thread.join()
        assert outcome == [True]
        assert waiting._connections._idle == []


def test_a_thread_that_ends_leaves_nothing_open(store, family):
    """A connection belongs to a call: a hundred threads one after the other share one."""
    for _ in range(100):
        thread = threading.Thread(target=store.read, args=[family.session_id])
        thread.start()
        thread.join()
    assert len(store._connections._idle) == 1


class TestAsync:
    async def test_a_closed_async_store_says_so(self, path):
        async with AsyncSQLiteSessionStore(path, clock=CLOCK) as store:
            await store.insert(a_family(CLOCK))
        with pytest.raises(StoreUnavailableError) as failure:
            await store.read("session")
        assert failure.value.code == "store.closed"
        await store.aclose()

    async def test_the_event_loop_runs_on_while_a_call_waits(self, path):
        holder = sqlite3.connect(path, isolation_level=None)
        async with AsyncSQLiteSessionStore(path, clock=CLOCK, busy_timeout=timedelta(seconds=30)) as store:
            holder.execute("BEGIN IMMEDIATE")
            writing = asyncio.ensure_future(store.insert(a_family(CLOCK)))
            for _ in range(100):
                await asyncio.sleep(0)
            assert await store.live_key_ids(ISSUER) == frozenset()
            assert not writing.done()
            holder.close()
            await writing

    async def test_no_more_threads_than_allowed(self, path):
        async with AsyncSQLiteSessionStore(path, clock=CLOCK, threads=2) as store:
            await asyncio.gather(*(store.read("session") for _ in range(50)))
            names = [t.name for t in threading.enumerate() if t.name.startswith("jwtkit-sessions")]
            assert 1 <= len(names) <= 2

    def test_one_store_serves_several_event_loops(self, path):
        store = AsyncSQLiteSessionStore(path, clock=CLOCK)
        family = a_family(CLOCK)
        asyncio.run(store.insert(family))
        assert asyncio.run(store.read(family.session_id)).family == family
        store.close()
