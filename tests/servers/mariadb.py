"""MariaDB as the system's package installs it, by itself or shared by the processes of a test run."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers.lease import Lease, Recipe, ServerMissingError, join, start

__all__ = ["MariaDB", "running", "shared"]

_DATABASE = "jwtkit"
_FOLDERS = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/usr/bin", os.environ.get("PATH", "")))


_UNKNOWN_THREAD = 1094


class MariaDB:
    """A running server; everybody who can reach its socket may do everything.

    Attributes:
        folder: Its data, log and socket.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self.folder = lease.folder
        lease.wait_until(self.answers, "MariaDB answers")
        self.execute(f"CREATE DATABASE IF NOT EXISTS {_DATABASE}")

    @property
    def socket(self) -> Path:
        """The Unix socket it listens on."""
        return self.folder / "socket"

    def url(self, driver: str = "pymysql", *, database: str = _DATABASE) -> str:
        """Return the address as SQLAlchemy writes it."""
        return f"mariadb+{driver}://root@localhost/{database}?unix_socket={self.socket}"

    def execute(self, statement: str, *parameters: object) -> list[tuple]:
        """Run one statement on a connection of its own and return its rows."""
        import pymysql

        # By a socket of ours: pymysql leaves one of its own open that was refused. And not ready for TLS, as
        # that reads every certificate of the system, each time.
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect(str(self.socket))
            made = pymysql.Connection(user="root", autocommit=True, defer_connect=True, ssl_disabled=True)
            made.connect(wire)
            try:
                with made.cursor() as cursor:
                    cursor.execute(statement, parameters or None)
                    return list(cursor.fetchall())
            finally:
                made.close()

    def answers(self) -> bool:
        """Say whether it can be asked."""
        import pymysql

        try:
            return self.execute("SELECT 1") == [(1,)]
        # Not `pymysql.err`: that of Django's MySQLdb, which is PyMySQL once more, takes its place.
        except (OSError, pymysql.OperationalError):
            return False

    def kill(self, number: int) -> bool:
        """Cut the connection of that number; say whether there was one."""
        try:
            self.execute(f"KILL {number}")
        except Exception as error:
            # By its number: several errors are of its class.
            if error.args[:1] != (_UNKNOWN_THREAD,):
                raise
            return False
        return True

    def cut_connections(self) -> int:
        """End every other connection, whatever it does, and say how many there were."""
        rows = self.execute(
            "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND user = 'root'"
        )
        return sum(self.kill(number) for (number,) in rows)

    def stop(self) -> None:
        """Stop it; only one of `running`."""
        self._lease.order_stop()
        self._lease.wait_until(lambda: not self.answers(), "MariaDB stops")

    def crash(self) -> None:
        """Kill it, every process of it at once; only one of `running`."""
        self._lease.order_kill()
        self._lease.wait_until(lambda: not self.answers(), "MariaDB is gone")

    def start(self) -> None:
        """Start it again and wait until it answers."""
        self._lease.order_start()
        self._lease.wait_until(self.answers, "MariaDB answers")


@contextmanager
def running(*, durable: bool = False, environment: Mapping[str, str] | None = None) -> Iterator[MariaDB]:
    """Start a server for the caller alone.

    Args:
        durable: Whether a commit waits for the disk, as in production; tests need no more than that what
            was committed survives the death of the server, which it does either way.
        environment: Variables to start it with.
    """
    variables = [f"{name}={value}" for name, value in (environment or {}).items()]
    with start("mariadb", lambda folder: _recipe(folder, durable=durable, variables=variables)) as lease:
        yield MariaDB(lease)


@contextmanager
def shared(run_folder: Path) -> Iterator[MariaDB]:
    """Use the server of the test run whose processes share `run_folder`."""
    with join("mariadb", lambda folder: _recipe(folder, durable=False), run_folder) as lease:
        yield MariaDB(lease)


def _recipe(folder: Path, *, durable: bool, variables: Sequence[str] = ()) -> Recipe:
    install, server = _program("mariadb-install-db"), _program("mariadbd")
    # As root it wants to be told; as anybody else it stays who it is.
    as_user = ["--user=root"] if os.geteuid() == 0 else []
    data = f"--datadir={folder / 'data'}"
    return Recipe(
        prepare=[
            [
                *(install, "--no-defaults", data, *as_user),
                *("--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"),
            ]
        ],
        serve=[
            *(["env", *variables] if variables else ()),
            *(server, "--no-defaults", data, *as_user),
            f"--socket={folder / 'socket'}",
            f"--pid-file={folder / 'pid'}",
            "--skip-networking",
            "--skip-log-bin",
            "--max-connections=200",
            "--innodb-buffer-pool-size=128M",
            f"--innodb-flush-log-at-trx-commit={1 if durable else 2}",
            # A character set and collation that would spoil everything, were they ever used.
            "--character-set-server=latin1",
            "--collation-server=latin1_swedish_ci",
        ],
    )


def _program(name: str) -> str:
    found = shutil.which(name, path=_FOLDERS)
    if found is None:
        raise ServerMissingError("MariaDB is not here: apt-get install mariadb-server")
    return found
