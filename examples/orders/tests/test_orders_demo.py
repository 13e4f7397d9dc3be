"""The demo keeps its promises: every step, no secrets on the screen, nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from orders.demo import __main__ as demo
from orders.demo.process import ServiceError, running_service
from orders.demo.transcript import StepError, shortened

COMMAND = [sys.executable, "-m", "orders.demo"]
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


def environment(folder, **more):
    return {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", **more}


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_every_step_holds_and_no_token_or_password_is_shown(tmp_path):
    done = subprocess.run(
        COMMAND, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.count("✓") >= 25
    assert "NOT SO" not in done.stdout
    assert done.stdout.isascii() is False
    assert "\033[" not in done.stdout
    assert not re.search(r"eyJ[\w-]{20}|jkr_[\w-]{20}|canyon|pickle", done.stdout)
    assert list(tmp_path.iterdir()) == []
    assert not is_listening(int(ADDRESS.search(done.stdout)[1]))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_half_way_it_leaves_nothing_behind_either(tmp_path, number, status):
    process = subprocess.Popen(
        COMMAND,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell runs in the background is born ignoring Ctrl-C, and its children are.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    seen = ""
    while "2. It logs in" not in seen:
        seen += process.stdout.readline()
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == status
    assert list(tmp_path.iterdir()) == []
    assert not is_listening(int(ADDRESS.search(seen)[1]))


def test_a_step_that_does_not_hold_makes_the_demo_fail(monkeypatch, capsys):
    def disappointed(story, service):
        story.chapter("A promise")
        assert story.ask("GET", "/orders").status_code == 401
        story.check("It is 200.", False)

    monkeypatch.setattr(demo, "tell", disappointed)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert demo.main() == 1
    output = capsys.readouterr()
    assert "✗ NOT SO: It is 200." in output.out
    assert "FAILED" in output.err


def test_a_service_that_does_not_start_is_told_with_its_own_words():
    with pytest.raises(ServiceError, match="ORDERS_LEEWAY: expected a number"), running_service(LEEWAY="x"):
        raise AssertionError("it started")


def test_equal_tokens_are_shown_alike_and_others_not():
    one, other = "eyJ" + "a" * 40, "eyJ" + "b" * 40
    assert shortened(one) == shortened(one) != shortened(other)
    assert "aaaa" not in shortened(one)
    assert issubclass(StepError, Exception)
