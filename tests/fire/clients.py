"""Clients that refresh without end, as a browser would: each with its newest token, and again after a 503."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from math import inf
from pathlib import Path

from jwtkit.errors import JWTKitError, UnavailableError

__all__ = ["AsyncClients", "Clients", "newest_token"]

_PAUSE_AFTER_FAILURE = 0.02


class _Client:
    """What one client holds and has seen.

    Its newest token is appended to a file: what stands there whole is what it has received. A client dies
    with its worker, as if the answer had been on its way.
    """

    def __init__(self, number: int, token: str, reports: str) -> None:
        self.number, self.token = number, token
        self._report = os.open(Path(reports, f"{number}.tokens"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.rotations = self.retried = 0
        self.codes: dict[str, int] = {}
        self.outages: list[tuple[float, float]] = []
        self.last_success = 0.0
        self._down_since = inf
        self.refused = ""

    def received(self, pair) -> None:
        os.write(self._report, pair.refresh_token.encode() + b"\n")
        self.token = pair.refresh_token
        self.rotations += not pair.retried
        self.retried += pair.retried
        self.last_success = time.monotonic()
        if self._down_since < inf:
            self.outages.append((self._down_since, self.last_success))
            self._down_since = inf

    def is_waiting(self, patience: float) -> bool:
        """Say whether its last request failed, less than so many seconds ago."""
        return 0 < time.monotonic() - self._down_since < patience

    def failed(self, error: Exception) -> bool:
        """Note it, and say whether to go on."""
        if isinstance(error, UnavailableError):
            self.codes[error.code] = self.codes.get(error.code, 0) + 1
            self._down_since = min(self._down_since, time.monotonic())
            return True
        known = isinstance(error, JWTKitError)
        self.refused = error.code if known else f"foreign: {type(error).__name__}: {error}"
        return False

    def summary(self) -> dict:
        os.close(self._report)
        return {
            "number": self.number,
            "token": self.token,
            "rotations": self.rotations,
            "retried": self.retried,
            "codes": self.codes,
            "outages": self.outages,
            "waiting": self._down_since < inf,
            "refused": self.refused,
        }


class Clients:
    """A thread for each.

    Args:
        rotator: What they refresh with.
        clients: Number and token of each.
        pause: Seconds between an answer and the next request.
        reports: The folder for their tokens.
        patience: Seconds that one which is told to stop goes on trying, if it was not answered yet.
    """

    def __init__(self, rotator, clients, pause: float, reports: str, patience: float) -> None:
        self._rotator, self._pause, self._patience = rotator, pause, patience
        self._clients = [_Client(number, token, reports) for number, token in clients]
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._live, args=[one], daemon=True) for one in self._clients
        ]

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> list[dict]:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        return [one.summary() for one in self._clients]

    def _live(self, client: _Client) -> None:
        while not self._stopped.wait(self._pause) or client.is_waiting(self._patience):
            try:
                client.received(self._rotator.rotate(client.token))
            except Exception as error:
                if not client.failed(error):
                    return
                time.sleep(_PAUSE_AFTER_FAILURE)


class AsyncClients:
    """As `Clients`, a task for each."""

    def __init__(self, rotator, clients, pause: float, reports: str, patience: float) -> None:
        self._rotator, self._pause, self._patience = rotator, pause, patience
        self._clients = [_Client(number, token, reports) for number, token in clients]
        self._stopped = False

    def begin(self) -> None:
        self._tasks = [asyncio.ensure_future(self._live(one)) for one in self._clients]

    async def end(self) -> list[dict]:
        self._stopped = True
        await asyncio.gather(*self._tasks)
        return [one.summary() for one in self._clients]

    async def _live(self, client: _Client) -> None:
        while not self._stopped or client.is_waiting(self._patience):
            await asyncio.sleep(self._pause)
            try:
                client.received(await self._rotator.rotate(client.token))
            except Exception as error:
                if not client.failed(error):
                    return
                await asyncio.sleep(_PAUSE_AFTER_FAILURE)


def newest_token(reports: Path, number: int) -> str | None:
    """Return the last token that client received whole, or None if it was none."""
    path = reports / f"{number}.tokens"
    whole = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return whole[-1].decode() if whole else None
