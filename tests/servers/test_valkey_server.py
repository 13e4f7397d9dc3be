"""The servers of the tests end with whoever started them, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from tests.servers import valkey as servers
from tests.servers.lease import ServerMissingError

STARTS_ONE = """
import sys, time
from tests.servers.valkey import valkey_server
with valkey_server() as server:
    print(server.client().info("server")["process_id"], flush=True)
    time.sleep(60)
"""


def runs(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process_id}/stat").read_text().split(")")[1].split()[0]


@pytest.mark.skipif(sys.platform != "linux", reason="the signal at a parent's death is Linux'")
def test_a_killed_run_leaves_no_server(valkey):
    program = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    with program:
        server = int(program.stdout.readline())
        assert runs(server)
        program.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while runs(server) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not runs(server)


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
