"""A process that forks workers of the service as they are asked for, and what such a worker does.

    python -m tests.fire.worker DESCRIPTOR MODULE...

The modules are imported once, so a worker costs a fork. Workers read orders and write answers, a line of JSON
each; one whose line breaks off was killed. All of them end with the process that started this one.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from tests.fire.clients import AsyncClients, Clients
from tests.fire.failpoints import die_at
from tests.fire.service import Terms, async_rotator_of, rotator_of, terms_for
from tests.races.history import digest_of

from jwtkit.errors import JWTKitError

_PR_SET_PDEATHSIG = 1


def main() -> None:
    ask_to_die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for module in sys.argv[2:]:
        importlib.import_module(module)
    rehearse()
    # SQLAlchemy says at length that a connection which was cut could not be closed.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL + 1)
    control = socket.socket(fileno=int(sys.argv[1]))
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        reap(0 if not asked else os.WNOHANG)
        if not asked:
            return
        if os.fork() == 0:
            control.close()
            ask_to_die_with_parent()
            try:
                Worker(socket.socket(fileno=descriptors[0])).serve()
            finally:
                os._exit(0)
        os.close(descriptors[0])


def reap(how: int) -> None:
    """Take leave of workers that have ended; of all of them, when `how` is to wait."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, how)[0]:
            pass


def rehearse() -> None:
    """Refresh once each way in memory, so that all of the library that loads late is loaded."""
    terms = terms_for("memory:")
    rotator, _ = rotator_of(terms)
    rotator.rotate(rotator.start("nobody").refresh_token)

    async def awaited() -> None:
        rotator, _ = async_rotator_of(terms)
        await rotator.rotate((await rotator.start("nobody")).refresh_token)

    asyncio.run(awaited())


def ask_to_die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Worker:
    """One process of the service."""

    def __init__(self, channel: socket.socket) -> None:
        self._lines = channel.makefile("rw", encoding="utf-8")
        self._threads = ThreadPoolExecutor(64)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clients: Clients | AsyncClients | None = None

    def serve(self) -> None:
        self._say({"pid": os.getpid()})
        for line in self._lines:
            order = json.loads(line)
            try:
                answer = getattr(self, order.pop("do"))(**order)
            except Exception:
                answer = {"broke": traceback.format_exc()}
            self._say(answer)
            if answer and isinstance(answer, dict):
                die_at("after answer", answer.get("dies", ""))

    def open(self, terms: dict, awaited: bool = False) -> dict:
        """Become a process of that service."""
        self._terms = Terms(**terms)
        if not awaited:
            self._rotator, self._store = rotator_of(self._terms)
            return {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

        async def opened():
            rotator, store = async_rotator_of(self._terms)
            # Where a pool is made of connections that were opened before, none is in the middle of the race.
            await rotator.check_secret()
            return rotator, store

        self._rotator, self._store = self._wait_for(opened())
        return {}

    def start(self, subject: str) -> dict:
        """Log in; say the token, the session, the access token and what the row is."""
        pair = self._call(self._rotator.start, subject)
        return {
            "token": pair.refresh_token,
            "access": pair.access_token,
            "session": pair.session_id,
            "first": self._row(pair.session_id)["state"],
        }

    def row(self, session: str) -> dict | None:
        """Say what the store holds."""
        return self._row(session)

    def rotate(self, token: str, at: float = 0) -> dict:
        """Refresh once, at that time of the clock all processes share."""
        wait_until(at)
        answer = outcome_of(lambda: self._call(self._rotator.rotate, token))
        die_at("before answer", self._terms.fail_at)
        if self._terms.fail_at == "after answer":
            answer["dies"] = "after answer"
        return answer

    def race(self, token: str, callers: int) -> list[dict]:
        """Refresh with one token as often, all at once: by threads, or by tasks of the event loop."""
        if self._loop is None:
            line = threading.Barrier(callers)

            def one(_):
                line.wait()
                return outcome_of(lambda: self._rotator.rotate(token))

            return list(self._threads.map(one, range(callers)))

        async def all_of_them():
            return await asyncio.gather(*(async_outcome_of(self._rotator, token) for _ in range(callers)))

        return self._wait_for(all_of_them())

    def load(self, clients: list, pause: float, reports: str, patience: float = 10.0) -> dict:
        """Let clients refresh one after the other's answer until told to stop."""
        kind = Clients if self._loop is None else AsyncClients
        self._clients = kind(self._rotator, clients, pause, reports, patience)
        if self._loop is None:
            self._clients.begin()
        else:
            self._loop.call_soon_threadsafe(self._clients.begin)
        return {}

    def stop(self) -> list[dict]:
        """Stop them, and say what became of each."""
        if self._loop is None:
            return self._clients.end()
        return self._wait_for(self._clients.end())

    def purge(self) -> dict:
        """Remove what is over, and log one subject out everywhere: writes of more than one row."""
        answer = outcome_of(lambda: self._call(self._rotator.revoke_subject, "nobody"), plain=True)
        return answer or outcome_of(lambda: self._call(self._rotator.purge), plain=True)

    def _call(self, method, *arguments):
        return method(*arguments) if self._loop is None else self._wait_for(method(*arguments))

    def _wait_for(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _row(self, session):
        family = self._call(self._store.read, session).family
        if family is None:
            return None
        return {
            "generation": family.generation,
            "ended": family.end_reason,
            "state": [family.version, digest_of(family)],
        }

    def _say(self, answer) -> None:
        self._lines.write(json.dumps(answer) + "\n")
        self._lines.flush()


def wait_until(at: float) -> None:
    while (left := at - time.monotonic()) > 0:
        time.sleep(left)


def outcome_of(call, *, plain: bool = False) -> dict:
    """Return a new pair as the client sees it, or the refusal; with `plain` nothing for no refusal."""
    try:
        pair = call()
    except JWTKitError as error:
        return refusal(error)
    except Exception as error:
        return {"error": f"foreign: {type(error).__name__}", "status": 500}
    if plain:
        return {}
    return {"successor": pair.refresh_token, "retried": pair.retried, "access": pair.access_token}


async def async_outcome_of(rotator, token) -> dict:
    try:
        pair = await rotator.rotate(token)
    except JWTKitError as error:
        return refusal(error)
    except Exception as error:
        return {"error": f"foreign: {type(error).__name__}", "status": 500}
    return {"successor": pair.refresh_token, "retried": pair.retried, "access": pair.access_token}


def refusal(error: JWTKitError) -> dict:
    return {"error": error.code, "status": error.http_status}


if __name__ == "__main__":
    main()
