"""The stores in memory keep the law of session stores."""

from __future__ import annotations

from jwtkit.stores import AsyncMemorySessionStore, MemorySessionStore
from jwtkit.testing import AsyncSessionStoreContract, SessionStoreContract


class TestMemorySessionStore(SessionStoreContract):
    test_an_outage_is_our_own_error = None  # there is no engine to lose

    def make_store(self, clock):
        return MemorySessionStore(clock=clock)


class TestAsyncMemorySessionStore(AsyncSessionStoreContract):
    test_an_outage_is_our_own_error = None  # there is no engine to lose

    def make_store(self, clock):
        return AsyncMemorySessionStore(clock=clock)
