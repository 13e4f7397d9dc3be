"""Programs that tests run in processes of their own, started together and free to be killed."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

_PRELUDE = """
import os, signal, sys, threading, time
from datetime import timedelta
from jwtkit.stores import SQLiteSessionStore
from jwtkit.testing import ManualClock
from jwtkit.testing.given import a_family, rotated

path = sys.argv[1]
clock = ManualClock()

def rotate(store, session_id):
    while True:
        family = store.read(session_id).family
        if store.compare_and_swap(rotated(family, clock), expected_version=family.version):
            return family.generation + 1

def start_together():
    print("ready", flush=True)
    sys.stdin.readline()
"""


class Program:
    """A Python program in a process of its own.

    Args:
        source: Its statements; `path`, `clock`, `rotate()` and `start_together()` are there.
        path: Becomes its first argument.
        arguments: Those after it.
    """

    def __init__(self, source: str, path: Path, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PRELUDE + textwrap.dedent(source), str(path), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        assert self.process.stdout.readline() == "ready\n", self.process.communicate()[1]

    def go(self) -> None:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def output(self, *, killed: bool = False) -> list[str]:
        """Wait for its end and return the lines it printed."""
        out, err = self.process.communicate(timeout=60)
        assert killed or (self.process.returncode, err) == (0, ""), err
        return out.splitlines()


def run_together(source: str, path: Path, number: int, *, rounds: int = 1) -> list[list[str]]:
    """Run so many copies, let all pass each `start_together()` at once, and return what each printed."""
    programs = [Program(source, path, index) for index in range(number)]
    for _ in range(rounds):
        for program in programs:
            program.wait_until_ready()
        for program in programs:
            program.go()
    return [program.output() for program in programs]
