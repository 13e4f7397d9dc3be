"""Servers for tests end with whoever uses them, however that ends, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.servers import postgres
from tests.servers.fixtures import server_of_this_run
from tests.servers.lease import Recipe, ServerEndedError, ServerMissingError, join, start

ROOT = Path(__file__).parent.parent.parent

# Says that it runs, and would for a long time.
SERVER = "import os, time, pathlib; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(600)"

USER = """
import signal, sys, time
from pathlib import Path
from tests.servers.lease import join
from tests.servers.test_lease import recipe, pid_of
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell runs in the background
lease = join("stub", recipe, Path(sys.argv[1]))
print(lease.folder, pid_of(lease), flush=True)
time.sleep(600)
"""


def recipe(folder):
    del folder
    return Recipe(prepare=[[sys.executable, "-c", "print('prepared')"]], serve=[sys.executable, "-c", SERVER])


def pid_of(lease):
    said = lease.folder / "pid"
    lease.wait_until(lambda: said.exists() and said.read_text() != "", "the stub says its number")
    return int(said.read_text())


def runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_until_gone(folder, pid):
    deadline = time.monotonic() + 30
    while folder.exists() or runs(pid):
        assert time.monotonic() < deadline, (folder, pid)
        time.sleep(0.02)


def user(run_folder):
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(run_folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    folder, pid = process.stdout.readline().split()
    return process, Path(folder), int(pid)


def end(process, number):
    with process:
        process.send_signal(number)


def test_a_server_ends_when_it_is_given_back():
    with start("stub", recipe) as lease:
        pid = pid_of(lease)
        assert runs(pid)
        assert "prepared" in lease.log()
    assert not lease.folder.exists()
    assert not runs(pid)


def test_a_server_is_stopped_and_started_again():
    with start("stub", recipe) as lease:
        first = pid_of(lease)
        lease.order_stop()
        lease.wait_until(lambda: not runs(first), "it stops")
        (lease.folder / "pid").unlink()
        lease.order_start()
        assert pid_of(lease) != first


def test_a_server_is_killed_with_all_its_processes():
    """Also with those that have a session of their own, as PostgreSQL's have; then it is started again."""
    child = "import subprocess, sys, time; from pathlib import Path; time.sleep(0.1); "
    child += f"one = subprocess.Popen([sys.executable, '-c', {SERVER!r}], start_new_session=True); one.wait()"

    def with_a_child(folder):
        del folder
        return Recipe(prepare=[], serve=[sys.executable, "-c", child])

    with start("stub", with_a_child) as lease:
        first = pid_of(lease)
        lease.order_kill()
        deadline = time.monotonic() + 10
        while Path(f"/proc/{first}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (lease.folder / "pid").unlink()
        lease.order_start()
        assert pid_of(lease) != first
        # An orderly stop would leave the child of this one behind.
        lease.order_kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_with_whoever_used_it(tmp_path, number):
    """By kill -9 as well: the system closes the pipe."""
    process, folder, pid = user(tmp_path)
    end(process, number)
    wait_until_gone(folder, pid)


def test_a_server_is_shared_until_the_last_one_goes(tmp_path):
    one, folder, pid = user(tmp_path)
    other, same_folder, same_pid = user(tmp_path)
    assert (same_folder, same_pid) == (folder, pid)
    end(one, signal.SIGKILL)
    time.sleep(0.3)
    assert runs(pid)
    third = join("stub", recipe, tmp_path)
    assert third.folder == folder
    end(other, signal.SIGKILL)
    assert runs(pid)
    third.close()
    wait_until_gone(folder, pid)


def test_a_server_that_is_gone_is_started_anew(tmp_path):
    process, folder, pid = user(tmp_path)
    end(process, signal.SIGKILL)
    wait_until_gone(folder, pid)
    with join("stub", recipe, tmp_path) as lease:
        assert pid_of(lease) != pid
        last = lease.folder
    wait_until_gone(last, pid)


def test_a_server_does_not_outlive_its_keeper():
    """The keeper itself killed: the server asked for a signal then."""
    lease = start("stub", recipe)
    pid = pid_of(lease)
    lease._keeper.kill()
    lease.close()
    deadline = time.monotonic() + 30
    while runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for left in lease.folder.iterdir():
        left.unlink()
    lease.folder.rmdir()


def test_a_server_that_cannot_start_shows_its_log():
    def failing(folder):
        del folder
        return Recipe(prepare=[[sys.executable, "-c", "raise SystemExit('no room')"]], serve=["true"])

    with start("stub", failing) as lease, pytest.raises(RuntimeError, match="did not come true"):
        lease.wait_until(lambda: False, "it runs")


def test_a_server_that_ends_by_itself_shows_its_log(tmp_path):
    """At once; it can be started again when what it lacked is there."""
    lacking = f"from pathlib import Path; Path({str(tmp_path / 'room')!r}).exists() or exit('no room')"

    def failing(folder):
        del folder
        return Recipe(prepare=[], serve=[sys.executable, "-c", f"{lacking}\n{SERVER}"])

    with start("stub", failing) as lease:
        with pytest.raises(ServerEndedError, match="no room"):
            lease.wait_until(lambda: False, "it runs")
        (tmp_path / "room").touch()
        lease.order_start()
        assert runs(pid_of(lease))


def test_a_server_that_is_not_installed(tmp_path_factory, monkeypatch):
    """Its tests skip, and fail where servers are required."""

    def missing(run_folder):
        raise ServerMissingError("not here")

    def shared(run_folder):
        from contextlib import contextmanager

        return contextmanager(lambda: (yield missing(run_folder)))()

    monkeypatch.delenv("JWTKIT_REQUIRE_SERVERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not here"):
        next(server_of_this_run(shared, tmp_path_factory))
    monkeypatch.setenv("JWTKIT_REQUIRE_SERVERS", "1")
    with pytest.raises(pytest.fail.Exception, match="not here"):
        next(server_of_this_run(shared, tmp_path_factory))


def test_postgresql_is_reached_by_its_socket_only(postgres_server):
    assert isinstance(postgres_server, postgres.PostgreSQL)
    assert postgres_server.execute("SHOW listen_addresses") == [("",)]
