"""Several threads, and several processes, validating at once: how much of the machine they get."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter

from bench import peers
from bench.interleave import in_turns
from bench.peers.protocol import Validate
from bench.results import Group, rows
from bench.tokens import Material, good
from bench.workbench import Workbench

TITLE = "Validate in several threads and processes: wall time ÷ tokens"
ALGORITHMS = ("HS256", "ES256")
WORKERS = (1, 2, 4)
CONTENDERS = ("jwtkit", "PyJWT")
_BATCHES_PER_TURN = 20
_ONE = {"threads": "thread", "processes": "process"}


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    materials = {algorithm: bench.material(algorithm) for algorithm in ALGORITHMS}
    tokens = {algorithm: good(material) for algorithm, material in materials.items()}
    seconds = bench.pace.batch * _BATCHES_PER_TURN
    groups = []
    with _processes(max(WORKERS), materials) as connections:
        for algorithm, token in tokens.items():
            validators = {name: bench.peer(name).validator(materials[algorithm]) for name in CONTENDERS}
            sizes = {
                name: _calls_in(seconds, partial(validate, token)) for name, validate in validators.items()
            }
            turns: dict[str, Callable[[], float]] = {}
            for workers in WORKERS:
                for name, validate in validators.items():
                    size = sizes[name]
                    turns[f"{name} @ {workers} threads"] = partial(
                        _in_threads, validate, token, size, workers
                    )
                    task = (name, algorithm, token, size)
                    turns[f"{name} @ {workers} processes"] = partial(
                        _in_processes, connections[:workers], task
                    )
            samples = in_turns(turns, bench.pace.slow_rounds)
            for kind in _ONE:
                for workers in WORKERS:
                    ending = f" @ {workers} {kind}"
                    own = {
                        name.removesuffix(ending): taken
                        for name, taken in samples.items()
                        if name.endswith(ending)
                    }
                    groups.append(Group(title=title_of(algorithm, workers, kind), rows=rows(own)))
    return groups, ["a process is a worker of its own, with a validator of its own"]


def title_of(algorithm: str, workers: int, kind: str) -> str:
    """Return the heading of so many threads or processes."""
    return f"{algorithm} {workers} {kind if workers > 1 else _ONE[kind]}"


def _calls_in(seconds: float, call: Callable[[], object]) -> int:
    call()
    started = perf_counter()
    for _ in range(50):
        call()
    return max(1, round(seconds * 50 / (perf_counter() - started)))


def _in_threads(validate: Validate, token: str, size: int, workers: int) -> float:
    """Return the wall time of one validation when so many threads do `size` of them each."""
    ready = threading.Barrier(workers + 1)

    def work() -> None:
        ready.wait()
        for _ in range(size):
            validate(token)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    ready.wait()
    started = perf_counter()
    for thread in threads:
        thread.join()
    return (perf_counter() - started) / (size * workers)


def _in_processes(connections: list[Connection], task: tuple[str, str, str, int]) -> float:
    """Return the wall time of one validation when so many processes do as many of them as the task says."""
    started = perf_counter()
    for connection in connections:
        connection.send(task)
    for connection in connections:
        connection.recv()
    return (perf_counter() - started) / (task[-1] * len(connections))


@contextmanager
def _processes(number: int, materials: dict[str, Material]) -> Iterator[list[Connection]]:
    """Keep so many processes ready; each ends when its connection is closed."""
    context = get_context("spawn")
    with ExitStack() as stack:
        connections = []
        for _ in range(number):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, materials), daemon=True)
            process.start()
            there.close()
            stack.callback(process.join)
            stack.callback(here.close)
            connections.append(here)
        for connection in connections:
            connection.recv()
        yield connections


def _serve(connection: Connection, materials: dict[str, Material]) -> None:
    """Validate whenever it is asked; what a worker process runs."""
    validators: dict[tuple[str, str], Validate] = {}
    for peer in peers.load()[0]:
        if peer.name in CONTENDERS:
            for algorithm, material in materials.items():
                validators[peer.name, algorithm] = peer.validator(material)
    connection.send("ready")
    while True:
        try:
            name, algorithm, token, size = connection.recv()
        except EOFError:
            return
        validate = validators[name, algorithm]
        for _ in range(size):
            validate(token)
        connection.send("done")
