"""An async store used from plain threads: every call is awaited in one event loop of its own."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from threading import Thread
from typing import Any, Self, TypeVar, cast

from jwtkit.refresh.protocols import AsyncSessionStore, SessionStore

__all__ = ["EventLoopThread"]

_T = TypeVar("_T")

_PATIENCE = 60.0
"""Seconds after which a call that never answers fails its test in place of hanging it."""


class EventLoopThread:
    """An event loop running in a thread of its own, for as long as the context lasts."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="session-store-contract", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def wait_for(self, call: Coroutine[Any, Any, _T]) -> _T:
        """Run `call` in the loop and wait for what it returns or raises; from any thread but the loop's."""
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(_PATIENCE)

    def blocking(self, store: AsyncSessionStore) -> SessionStore:
        """Return a face of `store` whose methods wait."""
        return cast("SessionStore", _Blocking(store, self.wait_for))


class _Blocking:
    def __init__(self, store: AsyncSessionStore, wait_for: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self.unwrapped = store
        self._wait_for = wait_for

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.unwrapped, name)

        @functools.wraps(method)
        def called(*args: object, **kwargs: object) -> object:
            return self._wait_for(method(*args, **kwargs))

        return called
