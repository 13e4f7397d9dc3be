"""Where the sessions of a proof lie, and what can be done to it: stopped, killed, cut off, saved, put back.

Every place has tables, keys or a file of its own, so several proofs can use one server.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from tests.fire.crew import Crew
from tests.fire.stores import open_store

__all__ = ["DJANGO", "ENGINES", "DjangoPlace", "Place", "SQLPlace", "SQLitePlace", "ValkeyPlace", "place"]

ENGINES = ("sqlite", "sqlite-sql", "postgresql", "mariadb", "valkey", "valkey-cluster")
"""All of them: the SQLite store, the SQL store on SQLite, PostgreSQL and MariaDB, the Redis store twice."""

DJANGO = ("django-postgresql", "django-mariadb")
"""The store of the Django adapter, which has connections of its own."""


class Place:
    """One engine.

    Attributes:
        name: The engine's, for tables.
        spec: Names the store to any process (see `tests.fire.stores`).
        can_stop: Whether `stop` and `start` work.
        can_be_cut: Whether `cut` works, and `crash`.
        crew: Processes that may be hired for proofs here, or None where each proof brings its own.
    """

    name: str
    spec: str
    crew: Crew | None = None
    can_stop = False
    can_be_cut = False

    def again(self) -> Place:
        """Return the same place for sessions of another service: empty, and apart from these."""
        other = self._again()
        other.crew = self.crew
        return other

    def _again(self) -> Place:
        raise NotImplementedError

    def stop(self) -> None:
        """Make it unavailable."""

    def crash(self) -> None:
        """Kill the server, with nothing written that was not yet; `start` works after it."""
        raise NotImplementedError

    def start(self) -> None:
        """Make it available again, and wait until it answers."""

    def cut(self) -> int:
        """End every connection to it; return how many there were."""
        raise NotImplementedError

    def save(self) -> None:
        """Make a backup."""

    def put_back(self) -> None:
        """Restore it."""

    def end(self) -> None:
        """Leave nothing behind."""


class SQLitePlace(Place):
    """A file. Another program's lock on it is what an outage is there."""

    can_stop = True

    def __init__(self, folder: Path, *, busy: float = 5.0, name: str = "sqlite") -> None:
        self.name = name
        self._folder, self._busy = folder, busy
        self._file = folder / f"{token_hex(6)}.db"
        if name == "sqlite":
            self.spec = f"sqlite:{self._file}?busy={busy}"
        else:
            self.spec = f"sqlite+pysqlite:///{self._file}#t_"
            with open_store(self.spec) as store:
                store.create_tables()
        self._lock: sqlite3.Connection | None = None

    def _again(self) -> SQLitePlace:
        return SQLitePlace(self._folder, busy=self._busy, name=self.name)

    def stop(self) -> None:
        # Waits for whoever writes now.
        self._lock = sqlite3.connect(self._file, isolation_level=None, timeout=30, check_same_thread=False)
        self._lock.execute("BEGIN IMMEDIATE")

    def start(self) -> None:
        self._lock.execute("ROLLBACK")
        self._lock.close()

    def save(self) -> None:
        shutil.copyfile(self._file, self._file.with_suffix(".backup"))

    def put_back(self) -> None:
        for left in self._folder.glob(self._file.name + "-*"):
            left.unlink()
        shutil.copyfile(self._file.with_suffix(".backup"), self._file)


class SQLPlace(Place):
    """Tables in a PostgreSQL or MariaDB.

    Args:
        name: ``postgresql`` or ``mariadb``.
        server: The running server (`tests.servers`).
        own: Whether it is ours to stop and to cut.
    """

    def __init__(self, name: str, server, *, own: bool) -> None:
        self.name, self.server, self.can_stop, self.can_be_cut = name, server, own, own
        self.prefix = f"t{token_hex(6)}_"
        self._make_tables()

    def _make_tables(self) -> None:
        self._url = self.server.url()
        self.spec = f"{self._url}#{self.prefix}"
        with open_store(self.spec) as store:
            store.create_tables()

    def _again(self) -> SQLPlace:
        return type(self)(self.name, self.server, own=self.can_stop)

    def stop(self) -> None:
        self.server.stop()

    def crash(self) -> None:
        self.server.crash()

    def start(self) -> None:
        self.server.start()

    def cut(self) -> int:
        return self.server.cut_connections()

    @property
    def tables(self) -> list[str]:
        from jwtkit.stores.sql import metadata

        return [table.name for table in metadata(prefix=self.prefix).sorted_tables]

    def execute(self, *statements: str) -> list[tuple]:
        """Run statements as one who owns the tables, each by itself, and return the rows of the last."""
        from sqlalchemy import NullPool, create_engine

        engine = create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            results = [connection.exec_driver_sql(statement) for statement in statements]
            return [tuple(row) for row in results[-1]] if results[-1].returns_rows else []

    def save(self) -> None:
        self.execute(*(f"CREATE TABLE {table}_backup AS SELECT * FROM {table}" for table in self.tables))

    def put_back(self) -> None:
        for table in self.tables:
            self.execute(f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM {table}_backup")

    def end(self) -> None:
        for table in self.tables:
            self.execute(f"DROP TABLE IF EXISTS {table}", f"DROP TABLE IF EXISTS {table}_backup")


class DjangoPlace(SQLPlace):
    """The tables of a Django project, whose names are fixed, in a database of their own."""

    def _make_tables(self) -> None:
        from tests.fire.django_project import alias_of, make_tables

        self.prefix = "jwtkit_"
        name = f"fire_{token_hex(6)}"
        self._url = self.server.url(database=name)
        self.server.execute(f"CREATE DATABASE {name}")
        engine, host, user = (
            ("postgresql", self.server.folder, "postgres")
            if self.name == "django-postgresql"
            else ("mysql", self.server.socket, "root")
        )
        self.spec = f"django:{engine}?name={name}&host={host}&user={user}"
        make_tables(alias_of(engine, name=name, host=str(host), user=user))


class ValkeyPlace(Place):
    """Keys in a Valkey, or in a cluster of three.

    Args:
        server: A `ValkeyServer` or `ValkeyCluster` of `tests.servers.valkey`.
        own: Whether it is ours to kill and to cut.
    """

    def __init__(self, server, *, own: bool) -> None:
        self.server, self.can_stop, self.can_be_cut = server, own, own
        self._nodes = getattr(server, "servers", [server])
        self.prefix = f"t{token_hex(6)}:"
        if hasattr(server, "servers"):
            self.name = "valkey-cluster"
            self.spec = server.url().replace("redis:", "redis+cluster:", 1) + f"#{self.prefix}"
        else:
            self.name = "valkey"
            self.spec = f"redis+unix:{server.path}#{self.prefix}"
        self._saved: dict = {}
        self._settings: dict[str, str] = {}

    def _again(self) -> ValkeyPlace:
        other = ValkeyPlace(self.server, own=self.can_stop)
        # One for all of them, as it is of the server.
        other._settings = self._settings
        return other

    def configure(self, name: str, value: str) -> None:
        """Change a setting of the server, now and after each `start`."""
        self._settings[name] = value
        self._set()

    def _set(self) -> None:
        for node in self._nodes:
            with node.client() as client:
                for name, value in self._settings.items():
                    client.config_set(name, value)

    def stop(self) -> None:
        for node in self._nodes:
            node.kill()

    crash = stop

    def start(self) -> None:
        for node in self._nodes:
            node.start()
        self._set()

    def cut(self) -> int:
        cut = 0
        for node in self._nodes:
            with node.client() as client:
                cut += client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        return cut

    def save(self) -> None:
        self._saved = {}
        for node in self._nodes:
            with node.client() as client:
                for key in client.scan_iter(match=f"{self.prefix}*", count=1000):
                    self._saved[node.path, key] = client.dump(key), max(0, client.pttl(key))

    def put_back(self) -> None:
        self.end()
        for node in self._nodes:
            with node.client() as client:
                for (path, key), (value, left) in self._saved.items():
                    if path == node.path:
                        client.restore(key, left, value)

    def end(self) -> None:
        for node in self._nodes:
            with node.client() as client:
                for key in list(client.scan_iter(match=f"{self.prefix}*", count=1000)):
                    client.delete(key)


@contextmanager
def place(name: str, server=None, **options) -> Iterator[Place]:
    """Yield a place on that engine; on a server of its own unless one is given.

    Args:
        name: One of `ENGINES` or `DJANGO`.
        server: A running server that others use too.
        options: For SQLite ``busy``; for the others ``environment``, variables to start it with, and more.
    """
    own = server is None
    if name.startswith("sqlite"):
        with TemporaryDirectory(prefix="jwtkit-fire-") as folder:
            yield SQLitePlace(Path(folder), name=name, **options)
        return
    with _server(name, options) if own else nullcontext(server) as running:
        if name.startswith("valkey"):
            made: Place = ValkeyPlace(running, own=own)
        else:
            made = (DjangoPlace if name in DJANGO else SQLPlace)(name, running, own=own)
        yield made
        if not own:
            made.end()


def _server(name, options):
    if name.endswith("postgresql"):
        from tests.servers.postgres import running
    elif name.endswith("mariadb"):
        from tests.servers.mariadb import running
    else:
        from tests.servers.valkey import valkey_cluster, valkey_server

        # A crash of the process must lose nothing; what one of the machine loses is measured elsewhere.
        kept = {"appendonly": "yes", "appendfsync": "everysec"}
        return valkey_cluster(kept) if name == "valkey-cluster" else valkey_server(kept, **options)
    return running(**options)
