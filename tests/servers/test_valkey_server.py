"""The servers of the tests end with whoever started them, and leave nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from tests.servers import valkey as servers
from tests.servers.lease import ServerMissingError
from tests.servers.test_lease import runs, wait_until_gone

STARTS_FOUR = """
import sys, time
from tests.servers.valkey import valkey_cluster, valkey_server
with valkey_server() as server, valkey_cluster() as cluster:
    for one in (server, *cluster.servers):
        print(one.folder, one.client().info("server")["process_id"], flush=True)
    time.sleep(60)
"""


def test_a_killed_run_leaves_no_server(valkey):
    """Neither processes nor folders, of one server and of a cluster."""
    program = subprocess.Popen(
        [sys.executable, "-c", STARTS_FOUR], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    with program:
        servers = [program.stdout.readline().split() for _ in range(4)]
        assert all(runs(int(number)) for _, number in servers)
        program.send_signal(signal.SIGKILL)
    for folder, number in servers:
        wait_until_gone(Path(folder), int(number))


def test_a_server_is_gone_with_its_folder(valkey):
    with servers.valkey_server() as server:
        folder, client = server.folder, server.client(retry=None)
        assert client.ping()
    assert not folder.exists()
    with pytest.raises(redis.exceptions.ConnectionError):
        client.ping()


def test_a_server_that_cannot_be_had_is_said_to_be_missing(monkeypatch):
    monkeypatch.setenv(servers.BINARY, "/bin/false")
    with pytest.raises(ServerMissingError), servers.valkey_server():
        pass


def test_redis_is_redis(redis_server):
    """And of a version that the store takes."""
    info = redis_server.client().info("server")
    assert "valkey_version" not in info
    assert int(info["redis_version"].partition(".")[0]) >= 7
