"""A streaming replica of a PostgreSQL of the tests, which applies what it receives late."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.lease import Recipe, start
from tests.servers.postgres import PostgreSQL, _programs

__all__ = ["PostgreSQLReplica", "postgres_replica"]


class PostgreSQLReplica(PostgreSQL):
    """A hot standby."""

    def __init__(self, lease, primary: PostgreSQL) -> None:
        super().__init__(lease)
        self._primary = primary

    def spec_like(self, spec: str) -> str:
        """Return what names the same tables here."""
        return spec.replace(str(self._primary.folder), str(self.folder))

    def catch_up(self) -> None:
        """Wait until it has applied all that the primary has committed."""
        [(target,)] = self._primary.execute("SELECT pg_current_wal_lsn()::text")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            [(done,)] = self.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", target)
            if done:
                return
            time.sleep(0.02)
        raise AssertionError("the replica does not catch up")

    def cut_off(self) -> None:
        """Let it receive nothing more."""
        self.execute("ALTER SYSTEM SET primary_conninfo = ''")
        self.execute("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 30
        while self.execute("SELECT 1 FROM pg_stat_wal_receiver"):
            if time.monotonic() > deadline:
                raise AssertionError("the replica still receives")
            time.sleep(0.02)

    def promote(self) -> None:
        """Make it the primary."""
        self.execute("SELECT pg_promote(true, 30)")


@contextmanager
def postgres_replica(primary: PostgreSQL, *, delay: float) -> Iterator[PostgreSQLReplica]:
    """Start a replica that applies every commit `delay` seconds after it was made."""

    def recipe(folder: Path) -> Recipe:
        user = "nobody" if os.geteuid() == 0 else None
        if user is not None:
            shutil.chown(folder, user)
        programs, data = _programs(folder, user) / "bin", folder / "data"
        settings = {
            "unix_socket_directories": str(folder),
            "listen_addresses": "",
            "max_connections": "200",
            "fsync": "off",
            "recovery_min_apply_delay": f"{round(delay * 1000)}ms",
        }
        backup = [
            str(programs / "pg_basebackup"),
            "-h",
            str(primary.folder),
            "-U",
            "postgres",
            "-D",
            str(data),
        ]
        return Recipe(
            prepare=[[*backup, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]],
            serve=[
                str(programs / "postgres"),
                *("-D", str(data)),
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ],
            user=user,
            stop_signal=signal.SIGINT,
            last_signal=signal.SIGQUIT,
        )

    with start("postgres-replica", recipe) as lease:
        yield PostgreSQLReplica(lease, primary)
