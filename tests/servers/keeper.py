"""A process that keeps one server alive for as long as somebody holds its lease, then removes every trace.

    python keeper.py RECIPE.json

The lease is a named pipe, ``lease`` in the server's folder: whoever uses the server has it open for writing.
However its users end (by returning, by Ctrl-C, by kill -9) the system closes the pipe, and the server goes.
Were the keeper itself killed, the system kills the server, which asked for that signal.

What is written to the pipe are orders: ``+`` starts the server if it does not run, ``-`` stops it, and ``!``
kills it and every process it has started, as a crash of all of them would. While the server is one that ended
by itself, there is a file ``ended`` in the folder.

It stands alone: no import of the package or of the tests, because it runs while those are being changed.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 20.0
_LIBC = ctypes.CDLL(None)


def main() -> int:
    recipe = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(recipe["folder"])
    # Ctrl-C is for the tests; they close the pipe. Not SIG_IGN, which the server would inherit.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    # The children of a server that was killed are ours, to see them go.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    # Blocks until the first user has opened it, so there is no moment without one.
    lease = os.open(folder / "lease", os.O_RDONLY)
    keeper = Keeper(recipe)
    try:
        for command in recipe["prepare"]:
            subprocess.run(command, check=True, **keeper.surroundings)
        keeper.serve(lease)
    finally:
        keeper.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


class Keeper:
    """Starts and stops one server."""

    def __init__(self, recipe: dict) -> None:
        self._recipe = recipe
        self._server: subprocess.Popen | None = None
        self._ended = Path(recipe["folder"]) / "ended"
        log = (Path(recipe["folder"]) / "log").open("ab")
        self.surroundings = {
            "cwd": recipe["folder"],
            "stdin": subprocess.DEVNULL,
            "stdout": log,
            "stderr": subprocess.STDOUT,
            "preexec_fn": _die_with_parent(recipe["last_signal"]),
        }
        if recipe["user"] is not None:
            group = pwd.getpwnam(recipe["user"]).pw_gid
            self.surroundings |= {"user": recipe["user"], "group": group, "extra_groups": []}

    def serve(self, lease: int) -> None:
        """Carry out orders until nobody holds the lease, for good."""
        self.start()
        while True:
            # By select first, so that a server that ends is waited for now and then and leaves no zombie.
            readable, _, _ = select.select([lease], [], [], 1.0)
            if self._server is not None and self._server.poll() is not None:
                self._server = None
                self._ended.touch()
            if not readable:
                continue
            orders = os.read(lease, 64)
            if not orders and self._withdrawn(lease):
                return
            for order in orders.decode():
                {"+": self.start, "-": self.stop, "!": self.kill}[order]()

    def start(self) -> None:
        if self._server is None:
            self._ended.unlink(missing_ok=True)
            self._server = subprocess.Popen(self._recipe["serve"], **self.surroundings)

    def stop(self) -> None:
        if self._server is None:
            return
        self._server.send_signal(self._recipe["stop_signal"])
        try:
            self._server.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def kill(self) -> None:
        """Kill the server and its processes, and return when the last of them is gone."""
        if self._server is None:
            return
        # First it stands still, or it would see its children die, and go about it in its own way.
        self._server.send_signal(signal.SIGSTOP)
        children = _descendants(self._server.pid)
        for number in (*children, self._server.pid):
            os.kill(number, signal.SIGKILL)
        self._server.wait()
        self._server = None
        for number in children:
            _see_gone(number)

    def _withdrawn(self, lease: int) -> bool:
        """Take the server's address back; False when somebody came in the last moment."""
        if self._recipe["address"] is None:
            return True
        with Path(self._recipe["lock"]).open("w") as lock:
            # Whoever joins holds this lock while it opens the pipe.
            fcntl.flock(lock, fcntl.LOCK_EX)
            poll = select.poll()
            poll.register(lease, select.POLLIN)
            if not any(event & select.POLLHUP for _, event in poll.poll(0)):
                return False
            Path(self._recipe["address"]).unlink(missing_ok=True)
        return True


def _descendants(pid: int) -> list[int]:
    """Return the processes below that one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            # The name in brackets may hold anything, brackets and spaces too.
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def _see_gone(pid: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):  # not handed down to us yet
            os.waitpid(pid, os.WNOHANG)
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.002)


def _die_with_parent(number: int) -> Callable[[], None]:
    parent = os.getpid()

    def ask() -> None:
        _prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask


def _prctl(option: int, value: int) -> None:
    # Linux alone has it; elsewhere the server outlives a keeper that is killed.
    if sys.platform == "linux":
        _LIBC.prctl(option, value)


if __name__ == "__main__":
    sys.exit(main())
