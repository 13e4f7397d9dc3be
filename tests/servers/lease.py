"""Servers for tests and benchmarks: started when first asked for, gone when the last user is.

A server lives in a folder of its own under the system's temporary folder and listens on a Unix socket there;
nothing is shared between runs. `start` gives one to the caller alone; `join` gives the one of this run, which
the worker processes of pytest-xdist share.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["Lease", "Recipe", "ServerEndedError", "ServerMissingError", "join", "start"]

_KEEPER = Path(__file__).with_name("keeper.py")
_PATIENCE = 60.0


class ServerMissingError(Exception):
    """The server, or what it takes to run it, cannot be had here; the message says what to install."""


class ServerEndedError(RuntimeError):
    """The server ended by itself; the message shows its log."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to run a server in a folder.

    Attributes:
        prepare: Commands that make its data, run one after the other.
        serve: The command of the server, which stays in the foreground.
        user: The system user it runs as, or None for the caller's.
        stop_signal: Ends it.
        last_signal: What it gets when nobody is left to end it properly.
    """

    prepare: Sequence[Sequence[str]]
    serve: Sequence[str]
    user: str | None = None
    stop_signal: int = signal.SIGTERM
    last_signal: int = signal.SIGKILL


class Lease:
    """A running server; while it is open the server lives. A context manager, and closed when forgotten.

    Attributes:
        folder: Where the server has its data, its log and its socket.
    """

    def __init__(self, folder: Path, pipe: int, keeper: subprocess.Popen[bytes] | None = None) -> None:
        self.folder = folder
        self._pipe = pipe
        self._keeper = keeper

    def order_stop(self) -> None:
        """Have the server stopped. Only for one that is the caller's alone."""
        os.write(self._pipe, b"-")

    def order_kill(self) -> None:
        """Have the server killed with all its processes, as a crash would. Only for one's own, as above."""
        os.write(self._pipe, b"!")

    def order_start(self) -> None:
        """Have the server started again."""
        (self.folder / "ended").unlink(missing_ok=True)
        os.write(self._pipe, b"+")

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until `condition` holds; show the server's log where it never does.

        Raises:
            ServerEndedError: The server runs no more, and was not told to stop.
            RuntimeError: It took too long, or a command that prepares the server failed.
        """
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if (self.folder / "ended").exists():
                raise ServerEndedError(f"the server ended by itself; its log says:\n{self.log()}")
            gone = self._keeper is not None and self._keeper.poll() is not None
            if gone or time.monotonic() > deadline:
                raise RuntimeError(f"{what} did not come true; the server's log says:\n{self.log()}")
            time.sleep(0.02)

    def log(self) -> str:
        """Return the end of the server's log."""
        try:
            return (self.folder / "log").read_text(errors="replace")[-4000:]
        except OSError:
            return "(its folder is gone: a command that prepares it failed)"

    def close(self) -> None:
        """Give the server back; the last one to do so waits until it is gone."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
            if self._keeper is None:
                return
            if self._keeper.args[-1] == "shared":
                # It may live on for the others; without this, forgetting it would be a ResourceWarning.
                self._keeper.returncode = 0
            else:
                self._keeper.wait(_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start(name: str, recipe: Callable[[Path], Recipe]) -> Lease:
    """Start a server for the caller alone.

    Args:
        name: Part of its folder's name.
        recipe: Says how to run it in the folder given; raises `ServerMissingError` where it cannot be.
    """
    return _start(name, recipe, address=None, lock=None)


def join(name: str, recipe: Callable[[Path], Recipe], run_folder: Path) -> Lease:
    """Use the server of this run, started by whoever comes first.

    Args:
        name: Which one.
        recipe: See `start`.
        run_folder: A folder that the processes of this run share, and nobody else.
    """
    address, lock = run_folder / f"{name}.address", run_folder / f"{name}.lock"
    with lock.open("w") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        if address.exists():
            folder = Path(address.read_text(encoding="utf-8"))
            try:
                return Lease(folder, os.open(folder / "lease", os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                address.unlink()  # its keeper was killed
        lease = _start(name, recipe, address=address, lock=lock)
        address.write_text(str(lease.folder), encoding="utf-8")
        return lease


def _start(name: str, recipe: Callable[[Path], Recipe], *, address: Path | None, lock: Path | None) -> Lease:
    # Short: the path of a Unix socket has 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix=f"jwtkit-{name}-"))
    try:
        how = recipe(folder)
        os.mkfifo(folder / "lease", stat.S_IRUSR | stat.S_IWUSR)
        if how.user is not None:
            shutil.chown(folder, how.user)
        order = {
            "folder": str(folder),
            "address": None if address is None else str(address),
            "lock": None if lock is None else str(lock),
            "prepare": [list(command) for command in how.prepare],
            "serve": list(how.serve),
            "user": how.user,
            "stop_signal": how.stop_signal,
            "last_signal": how.last_signal,
        }
        (folder / "recipe.json").write_text(json.dumps(order), encoding="utf-8")
        # A session of its own: Ctrl-C in the terminal reaches the tests only.
        keeper = subprocess.Popen(
            [
                sys.executable,
                "-IS",  # it imports nothing of the environment's, and starts sooner without looking there
                str(_KEEPER),
                str(folder / "recipe.json"),
                "alone" if address is None else "shared",
            ],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        # Blocks until the keeper reads.
        return Lease(folder, os.open(folder / "lease", os.O_WRONLY), keeper)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
