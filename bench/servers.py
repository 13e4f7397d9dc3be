"""The servers of a run: started when a suite first asks, gone when the run is over."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from importlib.metadata import version
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.servers.lease import ServerMissingError

from bench.engines import Engine, Place
from bench.results import Absent

__all__ = ["PROMPT", "SETTINGS", "Servers"]

PROMPT = "prompt"
"""The PostgreSQL database whose commits do not wait for the disk."""

_VALKEY = {"appendonly": "yes", "appendfsync": "everysec"}

SETTINGS = (
    "SQLite: WAL, synchronous=FULL (no wait: NORMAL)",
    "PostgreSQL: fsync and full_page_writes on, shared_buffers 128 MB (no wait: synchronous_commit=off)",
    "MariaDB: innodb_flush_log_at_trx_commit=1, no binary log",
    "Valkey: appendonly, appendfsync everysec",
    "client and server on one machine, over a Unix socket",
)
"""How each keeps what it is given."""


class Servers:
    """Starts each server once, with settings as in production where they matter: a commit is on the disk."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: dict[str, Any] = {}
        self._missing: dict[str, str] = {}
        self._numbers = count(1)
        self._folder: Path | None = None

    def place(self, engine: Engine) -> Place | Absent:
        """Return a place of its own in an engine, or why there is none."""
        try:
            return self._place(engine)
        except ModuleNotFoundError as error:
            return Absent(engine.name, f"{error.name} is not installed")
        except ServerMissingError as error:
            return Absent(engine.name, str(error))

    def postgres(self) -> Any:
        """Return the running PostgreSQL (`tests.servers.postgres.PostgreSQL`)."""
        from tests.servers import postgres

        running = self._started("postgres", lambda: postgres.running(durable=True))
        if "prompt" not in self._running:
            running.execute(f"CREATE DATABASE {PROMPT}")
            running.execute(f"ALTER DATABASE {PROMPT} SET synchronous_commit = off")
            self._running["prompt"] = True
        return running

    def versions(self) -> dict[str, str]:
        """Return the versions of what was used so far."""
        import sqlite3

        found = {"SQLite": sqlite3.sqlite_version}
        if (running := self._running.get("postgres")) is not None:
            found["PostgreSQL"] = running.execute("SHOW server_version")[0][0].partition(" ")[0]
        if (running := self._running.get("mariadb")) is not None:
            found["MariaDB"] = running.execute("SELECT version()")[0][0].partition("-")[0]
        if (running := self._running.get("valkey")) is not None:
            with running.client() as client:
                found["Valkey"] = client.info("server").get("valkey_version", "of its own")
        for distribution in ("sqlalchemy", "psycopg", "asyncpg", "pymysql", "redis"):
            try:
                found[distribution] = version(distribution)
            except ModuleNotFoundError:
                continue
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _place(self, engine: Engine) -> Place:
        prefix = f"bench{next(self._numbers)}_"
        if engine.server == "file":
            return Place(engine, str(self._own_folder() / f"{prefix}.db"), prefix)
        if engine.server == "postgres":
            database = "postgres" if engine.waits else PROMPT
            return Place(engine, self.postgres().url(engine.driver, database=database), prefix)
        if engine.server == "mariadb":
            from tests.servers import mariadb

            running = self._started("mariadb", lambda: mariadb.running(durable=True))
            return Place(engine, running.url(engine.driver), prefix)
        from tests.servers import valkey

        running = self._started("valkey", lambda: valkey.valkey_server(_VALKEY))
        return Place(engine, running.path, prefix)

    def _started(self, name: str, starting: Callable[[], AbstractContextManager[Any]]) -> Any:
        if name in self._missing:
            raise ServerMissingError(self._missing[name])
        if name not in self._running:
            try:
                self._running[name] = self._stack.enter_context(starting())
            except ServerMissingError as error:
                self._missing[name] = str(error)
                raise
        return self._running[name]

    def _own_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(
                self._stack.enter_context(tempfile.TemporaryDirectory(prefix="jwtkit-bench-"))
            )
        return self._folder
