"""Clients of one engine, spread over several processes as over the workers of a service.

A process has one store, and as many clients as it is told: threads over a sync store, tasks of one event loop
over an async one.
"""

from __future__ import annotations

import asyncio
import threading
from array import array
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from bench.bare import bare_row
from bench.desk import Desk, Runner, runner
from bench.engines import Place
from bench.tokens import Material
from jwtkit import RotationSecret
from jwtkit.errors import UnavailableError

__all__ = ["PROCESSES", "Crew", "Stint", "crew", "share_out"]

Call = Callable[[], Awaitable[None]]

PROCESSES = 4
"""How many workers there are, given so many clients."""


@dataclass(slots=True)
class Stint:
    """What clients did together.

    Attributes:
        rate: Calls per second, all clients together.
        seconds: How long each call took.
        refused: How many calls were answered "try again", which are in neither.
        tokens: The refresh tokens that were answered, where all shared a session.
    """

    rate: float = 0.0
    seconds: array[float] = field(default_factory=lambda: array("d"))
    refused: int = 0
    tokens: set[str] = field(default_factory=set)

    def add(self, other: Stint) -> None:
        """Add what another process did at the same time."""
        self.rate += other.rate
        self.seconds.extend(other.seconds)
        self.refused += other.refused
        self.tokens |= other.tokens

    def percentile(self, percent: int) -> float:
        """Return the time within which so many per cent of the calls were answered."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


class Crew:
    """The processes, each waiting for a task."""

    def __init__(self, connections: list[Connection]) -> None:
        self._connections = connections

    def rotate(self, clients: int, seconds: float) -> Stint:
        """Let so many clients trade the tokens of a session of their own for so long."""
        return self._all("rotate", clients, seconds)

    def swap(self, clients: int, seconds: float) -> Stint:
        """Let so many clients read and swap a row of their own by the driver alone."""
        return self._all("swap", clients, seconds)

    def store(self, clients: int, seconds: float) -> Stint:
        """Let so many clients read and swap a row of their own by the store's methods."""
        return self._all("store", clients, seconds)

    def share(self, clients: int, seconds: float) -> Stint:
        """Let so many clients present the same token at once, then all of them its successor, for so long.

        Raises:
            AssertionError: They were answered with different successors.
        """
        whole, rounds, started = Stint(), 0, perf_counter()
        token = self._ask(0, "start", 0, "")
        while perf_counter() - started < seconds:
            stint = self._all("share", clients, token)
            assert len(stint.tokens) == 1, "one token had several successors"
            [token] = stint.tokens
            stint.tokens = set()
            whole.add(stint)
            rounds += 1
        whole.rate = len(whole.seconds) / (perf_counter() - started)
        return whole

    def _all(self, task: str, clients: int, argument: Any) -> Stint:
        parts = share_out(clients, len(self._connections))
        for connection, part in zip(self._connections, parts, strict=False):
            connection.send((task, part, argument))
        whole = Stint()
        for connection, _ in zip(self._connections, parts, strict=False):
            whole.add(_received(connection))
        return whole

    def _ask(self, number: int, task: str, clients: int, argument: Any) -> Any:
        self._connections[number].send((task, clients, argument))
        return _received(self._connections[number])


@contextmanager
def crew(place: Place, material: Material, *, processes: int = PROCESSES) -> Iterator[Crew]:
    """Start the processes; each ends when its connection is closed.

    Args:
        place: Where the sessions are.
        material: The key of the access tokens.
        processes: How many processes.
    """
    context = get_context("spawn")
    secret = RotationSecret.generate().to_text()
    with ExitStack() as stack:
        connections = []
        for _ in range(processes):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, place, material, secret), daemon=True)
            process.start()
            there.close()
            stack.callback(process.join)
            stack.callback(here.close)
            connections.append(here)
            # One after the other: the first one makes the tables.
            _received(here)
        yield Crew(connections)


def share_out(clients: int, processes: int) -> list[int]:
    """Return how many clients each process has; no process has none."""
    least, over = divmod(clients, processes)
    return [least + (number < over) for number in range(min(clients, processes))]


def _received(connection: Connection) -> Any:
    answer = connection.recv()
    if isinstance(answer, str) and answer.startswith("!"):
        raise RuntimeError(f"a client failed: {answer[1:]}")
    return answer


def _serve(connection: Connection, place: Place, material: Material, secret: str) -> None:
    """Work whenever it is asked; what a worker process runs."""
    with runner(awaited=place.engine.awaited) as running, ExitStack() as stack:
        desk = stack.enter_context(
            running.opened(Desk.opened(place, material, RotationSecret.from_text(secret)))
        )
        worker = _Worker(place, desk, running, stack)
        connection.send("ready")
        while True:
            try:
                task, clients, argument = connection.recv()
            except (EOFError, ConnectionError):
                return
            try:
                answer = getattr(worker, task)(clients, argument)
            except Exception as error:
                answer = f"!{type(error).__name__}: {error}"
            connection.send(answer)


class _Worker:
    def __init__(self, place: Place, desk: Desk, running: Runner, stack: ExitStack) -> None:
        self._place = place
        self._desk = desk
        self._running = running
        self._stack = stack
        self._rotations: list[Call] = []
        self._swaps: list[Call] = []
        self._stores: list[Call] = []

    def start(self, clients: int, argument: str) -> str:
        token = self._running.run(self._desk.start()).refresh_token
        assert token is not None
        return token

    def rotate(self, clients: int, seconds: float) -> Stint:
        return self._each(self._rotations, lambda: self._running.run(self._desk.rotation()), clients, seconds)

    def swap(self, clients: int, seconds: float) -> Stint:
        return self._each(self._swaps, self._bare_swap, clients, seconds)

    def store(self, clients: int, seconds: float) -> Stint:
        stores_own = self._desk.stores_own_swap
        return self._each(self._stores, lambda: self._running.run(stores_own()), clients, seconds)

    def share(self, clients: int, token: str) -> Stint:
        return self._together([self._once(token) for _ in range(clients)])

    def _bare_swap(self) -> Call:
        session_id = self._running.run(self._desk.mature_session())
        return self._stack.enter_context(self._running.opened(bare_row(self._place, session_id)))

    def _each(self, calls: list[Call], another: Callable[[], Call], clients: int, seconds: float) -> Stint:
        """Let each client repeat a call of its own; `calls` are kept, more are made as they are needed."""
        while len(calls) < clients:
            calls.append(another())
        return self._together([_going_on(call, seconds) for call in calls[:clients]])

    async def _once(self, token: str) -> Stint:
        stint, started = Stint(), perf_counter()
        try:
            pair = await self._desk.trade(token)
        except UnavailableError:
            stint.refused = 1
        else:
            assert pair.refresh_token is not None
            stint.tokens.add(pair.refresh_token)
            stint.seconds.append(perf_counter() - started)
        return stint

    def _together(self, work: list[Any]) -> Stint:
        """Run one coroutine for each client at the same time."""
        whole = Stint()
        if self._place.engine.awaited:
            stints = self._running.run(_gathered(work))
        else:
            stints = _in_threads([lambda one=one: self._running.run(one) for one in work])
        for stint in stints:
            whole.add(stint)
        return whole


async def _going_on(call: Callable[[], Awaitable[None]], seconds: float) -> Stint:
    stint = Stint()
    started = now = perf_counter()
    while not stint.seconds or now - started < seconds:
        before = now
        try:
            await call()
        except UnavailableError:
            stint.refused += 1
            now = perf_counter()
        else:
            now = perf_counter()
            stint.seconds.append(now - before)
    stint.rate = len(stint.seconds) / (now - started)
    return stint


async def _gathered(work: list[Any]) -> list[Stint]:
    return list(await asyncio.gather(*work))


def _in_threads(work: list[Callable[[], Stint]]) -> list[Stint]:
    if len(work) == 1:
        return [work[0]()]
    stints: list[Stint] = []
    failures: list[BaseException] = []

    def one(do: Callable[[], Stint]) -> None:
        try:
            stints.append(do())
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(do,)) for do in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return stints
