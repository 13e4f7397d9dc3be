"""The law of session stores, as pytest classes to inherit: every store of jwtkit passes it, and yours can.

A test module of a store::

    from jwtkit.testing import SessionStoreContract

    class TestMyStore(SessionStoreContract):
        def make_store(self, clock):
            return MyStore(clock=clock)

An async store inherits `AsyncSessionStoreContract`, whose `make_store` may be a coroutine function. Both
run the same tests; neither needs a pytest plug-in.
"""

from __future__ import annotations

from jwtkit.testing.session_store.contract import AsyncSessionStoreContract, SessionStoreContract

__all__ = ["AsyncSessionStoreContract", "SessionStoreContract"]
