"""What a store says when its engine is gone: our error, whichever the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jwtkit.errors import StoreUnavailableError
from jwtkit.refresh.protocols import EpochScope, SessionStore
from jwtkit.revocation import RevocationQuery
from jwtkit.testing.clock import ManualClock
from jwtkit.testing.given import ISSUER, a_family, milliseconds, rotated

__all__ = ["OutageLaws"]

_Call = Callable[[SessionStore, ManualClock], object]

_CALLS: dict[str, _Call] = {
    "insert": lambda store, clock: store.insert(a_family(clock)),
    "read": lambda store, clock: store.read("session"),
    "compare_and_swap": lambda store, clock: store.compare_and_swap(
        rotated(a_family(clock), clock), expected_version=1
    ),
    "epoch": lambda store, clock: store.epoch([EpochScope(ISSUER, "all")]),
    "bump_epoch": lambda store, clock: store.bump_epoch(EpochScope(ISSUER, "all")),
    "deny": lambda store, clock: store.deny(ISSUER, "token-1", until=milliseconds(clock) + 1000),
    "status": lambda store, clock: store.status(RevocationQuery(issuer=ISSUER, id="token-1")),
    "list_subject": lambda store, clock: store.list_subject(ISSUER, "client-42"),
    "purge": lambda store, clock: store.purge(milliseconds(clock)),
}


class OutageLaws:
    """An engine that does not answer."""

    def sever(self, store: Any) -> None:
        """Cut `store`, as `make_store` returned it, off from its engine; may be overridden.

        Left as it is, the law of outages is skipped: a store in memory has no engine to lose.
        """
        pytest.skip("write sever(self, store) to try the law of outages")

    @pytest.mark.parametrize("call", _CALLS.values(), ids=_CALLS)
    def test_an_outage_is_our_own_error(self, store: SessionStore, clock: ManualClock, call: _Call) -> None:
        """Every method raises StoreUnavailableError, and no foreign exception."""
        self.sever(getattr(store, "unwrapped", store))
        with pytest.raises(StoreUnavailableError):
            call(store, clock)
