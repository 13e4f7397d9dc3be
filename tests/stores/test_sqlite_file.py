"""What the SQLite store does with its file: makes it, checks it, brings it up to date, and refuses others."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from jwtkit.errors import ConfigurationError, ContentionError
from jwtkit.stores import AsyncSQLiteSessionStore, SQLiteSessionStore, rows
from jwtkit.stores.sqlite import file, schema
from jwtkit.testing import ManualClock
from jwtkit.testing.given import a_family, rotated

CLOCK = ManualClock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sessions.db"


def refused(*arguments, error=ConfigurationError, **options):
    with pytest.raises(error) as refusal:
        SQLiteSessionStore(*arguments, **options)
    return refusal.value


def pragma(store, name):
    [(value,)] = store._connections.execute(f"PRAGMA {name}").rows
    return value


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_and_its_logs_are_for_their_owner_only(path):
    before = os.umask(0)
    try:
        with SQLiteSessionStore(path) as store:
            store.insert(a_family(CLOCK))
            assert {made.name: mode(made) for made in path.parent.iterdir()} == {
                "sessions.db": 0o600,
                "sessions.db-wal": 0o600,
                "sessions.db-shm": 0o600,
            }
    finally:
        os.umask(before)


def test_the_mode_of_a_file_that_was_there_is_left_alone(path):
    """An operator may share it with a group on purpose."""
    path.touch()
    path.chmod(0o660)
    with SQLiteSessionStore(path):
        assert mode(path) == 0o660


def test_closing_leaves_one_file_behind(path):
    with SQLiteSessionStore(path) as store:
        store.insert(a_family(CLOCK))
    assert [made.name for made in path.parent.iterdir()] == ["sessions.db"]


def test_a_store_that_is_forgotten_closes_its_file(path):
    """No ResourceWarning, which would be an error here, and no log left behind."""
    store = SQLiteSessionStore(path)
    store.insert(a_family(CLOCK))
    del store
    assert [made.name for made in path.parent.iterdir()] == ["sessions.db"]


@pytest.mark.parametrize(("synchronous", "number"), [("FULL", 2), ("NORMAL", 1)])
def test_the_settings_are_those_of_every_connection(path, synchronous, number):
    """Asked of the connections the store really uses."""
    with SQLiteSessionStore(path, synchronous=synchronous, busy_timeout=timedelta(seconds=1.5)) as store:
        for _ in range(2):
            assert pragma(store, "synchronous") == number
            assert pragma(store, "journal_mode") == "wal"
            assert pragma(store, "busy_timeout") == 1500
            assert pragma(store, "trusted_schema") == 0
            # The next one is opened anew, as for a second thread.
            store._connections._idle.pop().close()


def test_every_commit_is_durable_unless_told_otherwise(path):
    with SQLiteSessionStore(path) as store:
        assert pragma(store, "synchronous") == 2


def test_the_file_says_whose_it_is(path):
    with SQLiteSessionStore(path) as store:
        assert pragma(store, "application_id") == 0x6A6B7473
        assert pragma(store, "user_version") == len(schema.MIGRATIONS)
        tables = store._connections.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' AND strict"
        ).rows
        assert {name for (name,) in tables} == {"families", "epochs", "denials"}


def test_sessions_of_the_first_schema_are_kept(path):
    """A file made before sessions had an address is used on, its sessions with it."""
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection, schema.MIGRATIONS[:1])
    family = a_family(CLOCK, address=None)
    columns = [column for column in rows.COLUMNS if column != "address"]
    values = [getattr(family, column) for column in columns]
    connection.execute(
        f"INSERT INTO families ({', '.join(columns)}, over_at, purge_check_at)"
        f" VALUES ({', '.join('?' * len(columns))}, ?, ?)",
        (*values, family.idle_expires_at, family.idle_expires_at),
    )
    connection.close()
    with SQLiteSessionStore(path) as store:
        assert store.read(family.session_id).family == family
        assert store.compare_and_swap(rotated(family, CLOCK, address="::1"), expected_version=family.version)
        assert store.read(family.session_id).family.address == "::1"


def test_sessions_outlive_the_store(path):
    family = a_family(CLOCK)
    with SQLiteSessionStore(path) as store:
        store.insert(family)
    with SQLiteSessionStore(path) as store:
        assert store.read(family.session_id).family == family


def test_a_store_stays_where_it_was_made(path, monkeypatch):
    """A relative path does not move with the working directory."""
    monkeypatch.chdir(path.parent)
    with SQLiteSessionStore(path.name) as store:
        monkeypatch.chdir("/")
        store.insert(a_family(CLOCK))
    assert path.exists()


def test_a_path_may_hold_any_character(tmp_path):
    path = tmp_path / "ü ?#%20&mode=memory'\"\udcff.db"
    with SQLiteSessionStore(path) as store:
        store.insert(a_family(CLOCK))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("path", [":memory:", ""])
def test_memory_is_another_store(path):
    error = refused(path)
    assert error.code == "store.path"
    assert "MemorySessionStore" in str(error)


@pytest.mark.parametrize(
    "path", ["file:sessions.db", "file::memory:?cache=shared", "a\0b", None, 5, object()]
)
def test_what_is_no_path_is_refused(path):
    assert refused(path).code == "store.path"


def test_the_directory_must_exist(tmp_path):
    error = refused(tmp_path / "absent" / "sessions.db")
    assert error.code == "store.file"
    assert "existing directory" in str(error)


def test_a_directory_is_no_file(tmp_path):
    assert refused(tmp_path).code == "store.file"


@pytest.mark.parametrize("content", [b"not a database at all, but a text of some length\n" * 100, b"xy"])
def test_a_file_of_another_kind_is_refused_and_left_alone(path, content):
    path.write_bytes(content)
    assert refused(path).code == "store.file"
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE users (name)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"]
)
def test_a_database_of_another_program_is_refused_and_left_alone(path, statement):
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.close()
    content = path.read_bytes()
    assert refused(path).code == "store.foreign_file"
    assert path.read_bytes() == content


def test_a_newer_schema_is_refused_and_left_alone(path):
    SQLiteSessionStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    connection.close()
    content = path.read_bytes()
    error = refused(path)
    assert error.code == "store.newer_schema"
    assert "install the jwtkit that wrote it" in str(error)
    assert path.read_bytes() == content


AS_NOBODY = """
import os, sys
from jwtkit.errors import ConfigurationError
from jwtkit.stores import SQLiteSessionStore
path, elsewhere = sys.argv[1:]
SQLiteSessionStore(elsewhere).close()  # everything is imported now, as this interpreter may be root's own
if os.getuid() == 0:
    os.setgid(65534), os.setuid(65534)
try:
    SQLiteSessionStore(path)
except ConfigurationError as error:
    print(error.code)
"""


@pytest.mark.parametrize("unwritable", ["file", "directory", "directory of an existing file"])
def test_a_place_this_user_may_not_write_to_is_refused(path, unwritable, tmp_path_factory):
    """Tried as another user where the tests run as root, who may write anywhere."""
    if unwritable != "directory":
        SQLiteSessionStore(path).close()
    path.parent.chmod(0o755 if unwritable == "file" else 0o555)
    if path.exists():
        path.chmod(0o444 if unwritable == "file" else 0o666)
    folder = path.parent
    while folder != folder.parent and not folder.stat().st_mode & stat.S_IXOTH:
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
        folder = folder.parent
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "sessions.db"
    ran = subprocess.run([sys.executable, "-c", AS_NOBODY, path, elsewhere], capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.stderr) == ("store.file", "")


def test_a_file_system_without_shared_memory_is_refused(path, monkeypatch):
    """SQLite's own locking by a dot file, as used on network file systems, has no write-ahead log."""
    as_uri = Path.as_uri
    monkeypatch.setattr(Path, "as_uri", lambda self: f"{as_uri(self)}?vfs=unix-dotfile&rest=")
    error = refused(path)
    assert error.code == "store.file"
    assert "local disk" in str(error)


def test_an_sqlite_too_old_is_refused(path, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    assert "3.37" in str(refused(path))
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("busy_timeout", timedelta(seconds=-1)),
        ("busy_timeout", timedelta(days=1)),
        ("busy_timeout", 5),
        ("synchronous", "OFF"),
        ("synchronous", "full"),
        ("synchronous", 2),
        ("clock", 1_750_000_000.0),
    ],
)
def test_a_wrong_setting_is_refused(path, name, value):
    error = refused(path, **{name: value})
    assert (error.code, name in str(error)) == ("configuration", True)
    assert not path.exists()


@pytest.mark.parametrize("threads", [0, -1, 1.5, None])
def test_an_async_store_needs_a_thread(path, threads):
    with pytest.raises(ConfigurationError, match="threads"):
        AsyncSQLiteSessionStore(path, threads=threads)


def test_a_file_kept_locked_is_contention_not_a_wrong_setting(path):
    """Trying again later helps, changing the configuration does not."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    error = refused(path, error=ContentionError, busy_timeout=timedelta(0))
    assert error.code == "store.contention"
    holder.close()
    SQLiteSessionStore(path).close()


def test_a_reader_of_a_file_not_in_wal_mode_yet_is_waited_for(path):
    """The switch to the write-ahead log needs the file alone, and says so after the time it may wait."""
    made = sqlite3.connect(path, isolation_level=None)
    schema.migrate(made)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM families").fetchall()
    error = refused(path, error=ContentionError, busy_timeout=timedelta(milliseconds=30))
    assert error.code == "store.contention"
    reader.close()
    made.close()
    SQLiteSessionStore(path).close()


def test_a_writer_in_the_middle_of_the_switch_is_waited_for(path, monkeypatch):
    """Another process that makes the same file; SQLite itself would fail at once."""
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    end = threading.Timer(0.05, holder.close)

    def migrate(connection):
        schema.migrate(connection)
        holder.execute("BEGIN IMMEDIATE")
        end.start()

    monkeypatch.setattr(file, "migrate", migrate)
    with SQLiteSessionStore(path, busy_timeout=timedelta(seconds=30)) as store:
        assert pragma(store, "journal_mode") == "wal"
    end.join()


class TestMigration:
    """Steps that were released stay; new ones are applied to older files, once, whole or not at all."""

    OLD = (("CREATE TABLE first (a)",),)
    NEW = (*OLD, ("CREATE TABLE second (b)", "INSERT INTO first VALUES (1)"))

    @pytest.fixture
    def connection(self, path):
        connection = sqlite3.connect(path, isolation_level=None)
        yield connection
        connection.close()

    @staticmethod
    def tables(connection):
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}

    def test_an_older_file_is_brought_up_to_date_once(self, connection):
        schema.migrate(connection, self.OLD)
        assert self.tables(connection) == {"first"}
        schema.migrate(connection, self.NEW)
        schema.migrate(connection, self.NEW)
        assert self.tables(connection) == {"first", "second"}
        assert connection.execute("SELECT count(*) FROM first").fetchone() == (1,)
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)

    def test_an_older_program_refuses_the_newer_file(self, connection):
        schema.migrate(connection, self.NEW)
        with pytest.raises(ConfigurationError) as refusal:
            schema.migrate(connection, self.OLD)
        assert refusal.value.code == "store.newer_schema"
        assert not connection.in_transaction

    def test_a_step_that_fails_changes_nothing(self, connection):
        schema.migrate(connection, self.OLD)
        broken = (*self.OLD, ("CREATE TABLE second (b)", "INSERT INTO absent VALUES (1)"))
        with pytest.raises(sqlite3.OperationalError):
            schema.migrate(connection, broken)
        assert self.tables(connection) == {"first"}
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert not connection.in_transaction
