"""One service as all its processes know it: key, secret and sessions, and what is done to its store."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from tests.fire import broken
from tests.fire.failpoints import AsyncFailPoints, FailPoints
from tests.fire.recorded import AsyncRecordedStore
from tests.fire.stores import open_async_store, open_store
from tests.races.history import RecordedStore

from jwtkit import (
    Grant,
    RefreshPolicy,
    RefreshRotator,
    RotationSecret,
    SigningKey,
    TokenIssuer,
    TokenValidator,
)
from jwtkit.rotator import AsyncRefreshRotator

__all__ = ["AUDIENCE", "ISSUER", "Terms", "async_rotator_of", "rotator_of", "terms_for"]

ISSUER = "https://orders.example"
AUDIENCE = "orders-api"

_number = count()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a process must know to be one of the service's; goes to it as JSON.

    Attributes:
        spec: Where the sessions are (see `tests.fire.stores`).
        key: The signing key, as a JWK.
        secret: The rotation secret, as text.
        retry_window: Seconds.
        lag: Seconds.
        grant_takes: How long the subject is looked up, between the read and the swap.
        histories: The folder to write down every read and swap in, or "" for none.
        broken: What is wrong with the store, a name of `tests.fire.broken`; "" for nothing.
        fail_at: Where the process kills itself (see `tests.fire.failpoints`); "" for nowhere.
        off: How many seconds the process's clock is wrong.
        store_off: How many seconds the clock it gives its store is wrong; None gives it none.
    """

    spec: str
    key: dict
    secret: str
    retry_window: float = 30
    lag: float = 600
    grant_takes: float = 0
    histories: str = ""
    broken: str = ""
    fail_at: str = ""
    off: float = 0
    store_off: float | None = None

    def but(self, **changes) -> Terms:
        """Return the same with some of them changed."""
        return replace(self, **changes)

    @property
    def policy(self) -> RefreshPolicy:
        return RefreshPolicy(
            retry_window=timedelta(seconds=self.retry_window), lag=timedelta(seconds=self.lag)
        )

    @property
    def clock(self):
        return None if not self.off else lambda: time.time() + self.off

    @property
    def store_clock(self):
        return None if self.store_off is None else lambda: time.time() + self.store_off

    @property
    def history(self) -> Path:
        """A file of this opening's own."""
        return Path(self.histories, f"{os.getpid()}-{next(_number)}.jsonl")


def terms_for(spec: str, **changes) -> Terms:
    """Return the terms of a new service."""
    # HMAC signs fastest: less time between the read and the swap spent outside the interpreter.
    key = SigningKey.from_secret(os.urandom(32), alg="HS256").unsafe_to_jwk()
    return Terms(spec, dict(key), RotationSecret.generate().to_text(), **changes)


def rotator_of(terms: Terms, store=None, *, clock=None):
    """Return a rotator and its store, opened unless one is given; `clock` is that of both."""
    if store is None:
        store = open_store(terms.spec, clock=clock or terms.store_clock)
    if terms.broken:
        store = broken.WAYS[terms.broken](store)
    if terms.fail_at:
        store = FailPoints(store, terms.fail_at)
    if terms.histories:
        store = RecordedStore(store, terms.history, time.monotonic_ns)

    def grant(session):
        time.sleep(terms.grant_takes)
        return Grant(scopes=session.scopes)

    parts = _parts(terms, clock)
    return RefreshRotator(
        *parts[:2], **parts[2], store=store, grant=grant if terms.grant_takes else None
    ), store


def async_rotator_of(terms: Terms):
    """As `rotator_of`, awaited."""
    store = open_async_store(terms.spec, clock=terms.store_clock)
    if terms.broken:
        store = broken.AWAITED[terms.broken](store)
    if terms.fail_at:
        store = AsyncFailPoints(store, terms.fail_at)
    if terms.histories:
        store = AsyncRecordedStore(store, terms.history, time.monotonic_ns)

    async def grant(session):
        await asyncio.sleep(terms.grant_takes)
        return Grant(scopes=session.scopes)

    parts = _parts(terms, None)
    rotator = AsyncRefreshRotator(
        *parts[:2], **parts[2], store=store, grant=grant if terms.grant_takes else None
    )
    return rotator, store


def _parts(terms, clock):
    key, clock = SigningKey.from_jwk(terms.key), clock or terms.clock
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=key, clock=clock)
    validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=key, clock=clock)
    secret = RotationSecret.from_text(terms.secret)
    return issuer, validator, {"secret": secret, "policy": terms.policy, "clock": clock}
