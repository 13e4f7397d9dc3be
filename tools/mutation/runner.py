"""Run a room's tests against each of its mutants: one fork each, only the tests that reach the change."""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import pytest
from tools.mutation.mutants import Mutant, apply, caches_of, functions_by_place
from tools.mutation.score import ALIVE

_OUTCOMES = {0: "survived", 1: "killed", 2: "impossible"}
_MEMORY = 3 << 30  # a mutant that never stops appending must not take the machine with it


class Verdict(NamedTuple):
    """What became of a mutant: the outcome, and the test that killed it."""

    outcome: str
    killer: str | None = None


class Runner:
    """A pytest plugin that runs the collected tests against mutants instead of running them once.

    Args:
        room: What it is called on the terminal.
        mutants: What to run.
        jobs: How many at a time.
    """

    def __init__(self, room: str, mutants: list[Mutant], *, jobs: int) -> None:
        self._room = room
        self._mutants = mutants
        self._jobs = jobs
        self._failed = False
        self.verdicts: dict[str, Verdict] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that a test failed."""
        self._failed = self._failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every mutant in a fork of its own, once the unchanged code has passed."""
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        self._items = session.items
        with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as scratch:
            self._scratch = Path(scratch)
            self._run_all()
        return True

    def _run_all(self) -> None:
        self._caches = caches_of(functions_by_place(Path("src")))
        self._forget()
        reached, modules = self._in_fork(self._measure_lines)
        # What the tests import late is imported once, here, and not anew in every fork.
        for name in modules:
            with suppress(Exception):
                importlib.import_module(name)
        self._seconds: list[float] = self._in_fork(self._measure_times)
        self._functions = functions_by_place(Path("src"))
        gc.collect()
        gc.freeze()  # so that no fork copies pages only to count references anew
        killers: dict[str, list[int]] = defaultdict(list)
        running: dict[int, Mutant] = {}
        started = time.monotonic()
        for number, mutant in enumerate(self._mutants):
            tests = self._tests_for(mutant, reached, killers[mutant.function])
            if not tests:
                self.verdicts[mutant.id] = Verdict("unreached")
                continue
            while len(running) >= self._jobs:
                self._collect(running, killers)
            running[self._fork(lambda mutant=mutant, tests=tests: self._try(mutant, tests))] = mutant
            if number % 250 == 249:
                self._say(number + 1, time.monotonic() - started)
        while running:
            self._collect(running, killers)
        self._say(len(self._mutants), time.monotonic() - started)

    def _say(self, done: int, seconds: float) -> None:
        alive = sum(verdict.outcome in ALIVE for verdict in self.verdicts.values())
        print(f"{self._room}: {done}/{len(self._mutants)}, {alive} alive, {seconds:.0f} s", flush=True)

    def _tests_for(
        self, mutant: Mutant, reached: dict[str, dict[int, set[int]]], killers: list[int]
    ) -> list[int]:
        """Return the tests that execute the changed lines: recent killers first, then the fast ones."""
        lines = reached.get(str(mutant.path.resolve()), {})
        # A default is read where the function is called, and its line runs at import.
        wanted = mutant.body if mutant.is_default else mutant.lines
        found = set[int]().union(*(lines.get(line, set()) for line in wanted))
        ahead = {index: place for place, index in enumerate(reversed(killers))}
        return sorted(found, key=lambda index: (ahead.get(index, len(ahead)), self._seconds[index], index))

    def _collect(self, running: dict[int, Mutant], killers: dict[str, list[int]]) -> None:
        pid, status = os.wait()
        mutant = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        if code < 0:
            outcome = "timeout" if -code == signal.SIGALRM else "crashed"
        else:
            outcome = _OUTCOMES.get(code, "crashed")
        killer = None
        answer = self._scratch / f"{pid}.killer"
        if answer.exists():
            index = int(answer.read_text())
            killer = self._items[index].nodeid
            known = killers[mutant.function]
            if index in known:
                known.remove(index)
            known.append(index)
            answer.unlink()
        shutil.rmtree(self._scratch / f"{pid}.tmp", ignore_errors=True)
        self.verdicts[mutant.id] = Verdict(outcome, killer)
        if outcome in ALIVE:
            print(f"  alive: {mutant}", flush=True)

    def _fork(self, work: Callable[[], int]) -> int:
        """Do something in a child that sees nothing of what other children did; return its id."""
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            return pid
        code = 4
        try:
            temporary = self._scratch / f"{os.getpid()}.tmp"
            temporary.mkdir()
            self._items[0].config._tmp_path_factory._basetemp = temporary  # type: ignore[attr-defined]
            code = work()
        finally:
            os._exit(code)

    def _in_fork(self, work: Callable[[], Any]) -> Any:
        """Return what a measurement finds, made in a child so that this process stays as imported."""
        answer = self._scratch / "answer"

        log = self._scratch / "log"

        def measured() -> int:
            _write_to(log)
            answer.write_bytes(pickle.dumps(work()))
            return 0

        pid = self._fork(measured)
        if os.waitpid(pid, 0)[1] or not answer.exists():
            print(log.read_text(encoding="utf-8", errors="replace")[-4000:])
            raise pytest.UsageError("the tests do not pass on the unchanged code")
        found = pickle.loads(answer.read_bytes())  # noqa: S301 - written by our child
        answer.unlink()
        return found

    def _measure_lines(self) -> tuple[dict[str, dict[int, set[int]]], list[str]]:
        before = set(sys.modules)
        measure = coverage.Coverage(data_file=None, include=["src/jwtkit/*"], config_file=False)
        measure.start()
        for index in range(len(self._items)):
            self._forget()
            measure.switch_context(str(index))
            self._run(index, index + 1)
        measure.stop()
        data = measure.get_data()
        reached = {
            path: {
                line: {int(context) for context in contexts if context}
                for line, contexts in data.contexts_by_lineno(path).items()
            }
            for path in data.measured_files()
        }
        return reached, [name for name in sys.modules if name not in before]

    def _forget(self) -> None:
        """Empty the caches: what an import or an earlier test computed is no mutant's answer."""
        for cache in self._caches:
            cache.cache_clear()

    def _measure_times(self) -> list[float]:
        seconds = []
        for index in range(len(self._items)):
            started = time.perf_counter()
            self._run(index, index + 1)
            seconds.append(time.perf_counter() - started)
        return seconds

    def _run(self, index: int, following: int | None) -> None:
        item = self._items[index]
        after = self._items[following] if following is not None and following < len(self._items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if self._failed:
            raise AssertionError(f"{item.nodeid} fails")

    def _try(self, mutant: Mutant, tests: list[int]) -> int:
        _write_to(os.devnull)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 10 + 8 * sum(self._seconds[index] for index in tests))
        if not apply(mutant, self._functions):
            return 2
        for index, following in zip(tests, [*tests[1:], None], strict=True):
            try:
                self._run(index, following)
            except BaseException:
                (self._scratch / f"{os.getpid()}.killer").write_text(str(index))
                return 1
        return 0


def _write_to(path: str | Path) -> None:
    """Send what this process prints to a file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
