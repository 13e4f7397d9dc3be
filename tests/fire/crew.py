"""The processes of a service, as a test sees them: hired, given orders, killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.fire.service import Terms
from tests.fire.stores import MODULES

__all__ = ["Crew", "Hand", "KilledError", "crew_for", "crew_of_all"]

_ROOT = Path(__file__).parents[2]
_PATIENCE = 120.0


class KilledError(Exception):
    """The process is gone, and its answer with it."""


class Hand:
    """One process."""

    def __init__(self, channel: socket.socket) -> None:
        channel.settimeout(_PATIENCE)
        self._channel = channel
        self._lines = channel.makefile("rw", encoding="utf-8")
        self.pid = self.answer()["pid"]

    def tell(self, do: str, **order) -> None:
        """Give an order and go on."""
        self._lines.write(json.dumps({"do": do, **order}) + "\n")
        self._lines.flush()

    def answer(self):
        """Wait for the answer to the oldest order; `KilledError` when there will be none."""
        try:
            line = self._lines.readline()
        except ConnectionResetError:
            line = ""
        if not line.endswith("\n"):
            raise KilledError
        said = json.loads(line)
        if isinstance(said, dict) and "broke" in said:
            raise AssertionError(f"a worker broke:\n{said['broke']}")
        return said

    def ask(self, do: str, **order):
        """Give an order and wait for the answer."""
        self.tell(do, **order)
        return self.answer()

    def open(self, terms: Terms, *, awaited: bool = False) -> Hand:
        """Make it a process of that service."""
        self.ask("open", terms=asdict(terms), awaited=awaited)
        return self

    def kill(self) -> None:
        """Kill it, wherever it is, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(KilledError):
            while True:
                self.answer()
        self.dismiss()

    def dismiss(self) -> None:
        """Let it go; it ends when it sees that."""
        with contextlib.suppress(OSError):
            self._lines.close()
        self._channel.close()


class Crew:
    """Forks processes from one that has everything imported. A context manager."""

    def __init__(self, modules) -> None:
        self._control, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fire.worker", str(theirs.fileno()), *modules],
            pass_fds=[theirs.fileno()],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self._hired: list[Hand] = []

    def hire(self, terms: Terms, *, awaited: bool = False) -> Hand:
        """Start one process of that service."""
        return self.hire_all(1, terms, awaited=awaited)[0]

    def hire_all(self, number: int, terms: Terms, *, awaited: bool = False) -> list[Hand]:
        """Start so many."""
        hands = [self._fork() for _ in range(number)]
        for hand in hands:
            hand.tell("open", terms=asdict(terms), awaited=awaited)
        for hand in hands:
            hand.answer()
        return hands

    def _fork(self) -> Hand:
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"+"], [theirs.fileno()])
        self._hired.append(Hand(ours))
        return self._hired[-1]

    def dismiss_all(self) -> None:
        """Let every one of them go."""
        for hand in self._hired:
            hand.dismiss()
        self._hired.clear()

    def end(self) -> None:
        self.dismiss_all()
        self._control.close()
        self._process.wait(_PATIENCE)


@contextmanager
def crew_of_all() -> Iterator[Crew]:
    """Yield a crew that can open every store there is."""
    crew = Crew(sorted({module for modules in MODULES.values() for module in modules}))
    try:
        yield crew
    finally:
        crew.end()


@contextmanager
def crew_for(place) -> Iterator[Crew]:
    """Yield the place's crew, or one for the time being; whoever was hired is gone afterwards."""
    if place.crew is not None:
        yield place.crew
        place.crew.dismiss_all()
        return
    crew = Crew(MODULES[place.spec.partition(":")[0]])
    try:
        yield crew
    finally:
        crew.end()
