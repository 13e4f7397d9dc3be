"""The tutorial's service starts and answers as printed, over HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, run, write_files

TUTORIAL = ROOT / "docs" / "tutorial" / "index.md"


@pytest.mark.slow
def test_the_tutorial_works_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(TUTORIAL, tmp_path)
    with _servers(tmp_path) as start:
        namespace = run(
            TUTORIAL, on_console=lambda code: start() if "$ uvicorn service:app" in code else None
        )
        namespace["http"].close()
    assert "third" in namespace, "the sessions after the server's start were not run"


@contextmanager
def _servers(folder: Path) -> Iterator:
    """Yield a function that starts the service on a free port; what was started is stopped at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "service:app",
            "--port",
            str(port),
            "--log-level",
            "warning",
        ]
        started.append(subprocess.Popen(command, cwd=folder))
        _wait_for(started[-1], port)
        return f"http://127.0.0.1:{port}"

    try:
        yield start
    finally:
        for server in started:
            server.terminate()
            server.wait(timeout=20)


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the tutorial's server ended at once"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the tutorial's server did not answer within a minute")
