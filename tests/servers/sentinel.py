"""A primary, its replica and a sentinel that watches them, of Valkey or of Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.servers.lease import Lease, Recipe, start
from tests.servers.valkey import ValkeyServer, binary, started, valkey_server

__all__ = ["NAME", "Watched", "watched_servers"]

NAME = "sessions"
"""What the sentinel calls the primary."""


class Watched:
    """The two servers, as the sentinel knows them.

    Attributes:
        primary: The one that was it at first.
        replica: The other.
        port: Where the sentinel listens on loopback.
    """

    def __init__(self, primary: ValkeyServer, replica: ValkeyServer, lease: Lease, port: int) -> None:
        self.primary, self.replica, self.port = primary, replica, port
        lease.wait_until(self._is_known, "the sentinel knows the replica")

    def _is_known(self) -> bool:
        import redis

        try:
            with redis.Redis(port=self.port, retry=None) as sentinel:
                replicas = sentinel.sentinel_slaves(NAME)
        except redis.exceptions.RedisError:
            return False
        return any(one["master-link-status"] == "ok" for one in replicas)


@contextmanager
def watched_servers(program: str) -> Iterator[Watched]:
    """Start all three for the caller alone; a primary that is gone is replaced after a second or two."""
    # Where there is a disk to wait for, replication begins after five seconds.
    options = {"repl-diskless-sync-delay": "0"}
    with ExitStack() as stack:
        primary = started(stack, lambda port, _: valkey_server(options, program=program, port=port))
        options["replicaof"] = f"127.0.0.1 {primary.port}"
        replica = started(stack, lambda port, _: valkey_server(options, program=program, port=port))
        lease, port = started(stack, partial(_sentinel, program, primary.port))
        yield Watched(primary, replica, lease, port)


@contextmanager
def _sentinel(program: str, primary: int, port: int, _: int) -> Iterator[tuple[Lease, int]]:
    with start("sentinel", partial(_recipe, program, primary, port)) as lease:
        yield lease, port


def _recipe(program: str, primary: int, port: int, folder: Path) -> Recipe:
    settings = [
        f"port {port}",
        "bind 127.0.0.1",
        f"dir {folder}",
        f"sentinel monitor {NAME} 127.0.0.1 {primary} 1",
        f"sentinel down-after-milliseconds {NAME} 200",
        f"sentinel failover-timeout {NAME} 2000",
    ]
    # It writes to this file what it learns.
    (folder / "sentinel.conf").write_text("\n".join(settings) + "\n", encoding="ascii")
    return Recipe(prepare=[], serve=[binary(program), str(folder / "sentinel.conf"), "--sentinel"])
