"""The two classes to inherit: one for stores that are called, one for stores that are awaited."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterator
from typing import Any, cast

import pytest

from jwtkit.refresh.protocols import AsyncSessionStore, SessionStore
from jwtkit.testing.clock import ManualClock
from jwtkit.testing.session_store.epochs import EpochLaws
from jwtkit.testing.session_store.outage import OutageLaws
from jwtkit.testing.session_store.purging import PurgeLaws
from jwtkit.testing.session_store.races import RaceLaws
from jwtkit.testing.session_store.revocation import RevocationLaws
from jwtkit.testing.session_store.rows import RowLaws
from jwtkit.testing.session_store.subjects import SubjectLaws
from jwtkit.testing.session_store.waiting import EventLoopThread

__all__ = ["AsyncSessionStoreContract", "SessionStoreContract"]


class _Laws(RowLaws, EpochLaws, RevocationLaws, SubjectLaws, PurgeLaws, RaceLaws, OutageLaws):
    @pytest.fixture
    def clock(self) -> ManualClock:
        """The store's time."""
        return ManualClock()


class SessionStoreContract(_Laws):
    """What every `jwtkit.refresh.SessionStore` does. Inherit it in a ``Test…`` class and write `make_store`.

    What `make_store` needs of other fixtures (a folder, a server) an autouse fixture of the subclass can put
    on ``self``.
    """

    def make_store(self, clock: ManualClock) -> SessionStore:
        """Return a new and empty store whose time is `clock`; its ``close``, if any, is called afterwards."""
        raise NotImplementedError("write make_store(self, clock): return a new and empty store")

    @pytest.fixture
    def store(self, clock: ManualClock) -> Iterator[SessionStore]:
        """The store under test."""
        store = self.make_store(clock)
        yield store
        close = getattr(store, "close", None)
        if close is not None:
            close()


class AsyncSessionStoreContract(_Laws):
    """What every `jwtkit.refresh.AsyncSessionStore` does: the same law, awaited.

    The tests of `SessionStoreContract` call it from their own threads, and every call is awaited in one
    event loop, so calls of several threads are under way in that loop at the same time.
    """

    def make_store(self, clock: ManualClock) -> AsyncSessionStore | Awaitable[AsyncSessionStore]:
        """Return (or await) a new and empty store whose time is `clock`, called inside the event loop.

        Its ``aclose``, or else its ``close``, is called afterwards.
        """
        raise NotImplementedError("write make_store(self, clock): return a new and empty store")

    @pytest.fixture
    def store(self, clock: ManualClock) -> Iterator[SessionStore]:
        """The store under test, each call waited for."""

        async def make() -> AsyncSessionStore:
            made: Any = self.make_store(clock)
            return cast("AsyncSessionStore", await made if inspect.isawaitable(made) else made)

        with EventLoopThread() as loop:
            store = loop.wait_for(make())
            yield loop.blocking(store)
            close = getattr(store, "aclose", None) or getattr(store, "close", None)
            if close is not None:

                async def end() -> None:
                    closing = close()
                    if inspect.isawaitable(closing):
                        await closing

                loop.wait_for(end())
