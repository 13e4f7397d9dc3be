"""A rotator over one engine's store, sync or async, written once: every call is a coroutine here.

Over a sync store nothing in it waits, and it is run to its end by one `send`, on whatever thread; over an
async one it runs in an event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, Self, TypeVar

from bench.bare import ReadAndSwap
from bench.engines import Place, opened_store
from bench.tokens import AUDIENCE, CLIENT, ISSUER, SCOPES, Material
from bench.tokens import SUBJECT as WHO
from jwtkit import AsyncRefreshRotator, RefreshRotator, RotationSecret, TokenIssuer, TokenValidator
from jwtkit.refresh.guarded_store import run_now
from jwtkit.refresh.pair import TokenPair

__all__ = ["Desk", "Runner", "runner"]

_T = TypeVar("_T")


class Desk:
    """Starts sessions and rotates their tokens.

    Args:
        store: An open store.
        material: The key of the access tokens.
        secret: Makes the refresh tokens.
        awaited: Whether the store is async.

    Attributes:
        store: The store.
    """

    def __init__(self, store: Any, material: Material, secret: RotationSecret, *, awaited: bool) -> None:
        key = material.signing_key
        issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=key, lifetime=timedelta(minutes=15))
        validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=key.verification_key)
        self.store = store
        self._awaited = awaited
        self._issuer = issuer
        kind: Any = AsyncRefreshRotator if awaited else RefreshRotator
        self._rotator = kind(issuer, validator, store=store, secret=secret)

    @classmethod
    @asynccontextmanager
    async def opened(cls, place: Place, material: Material, secret: RotationSecret) -> AsyncIterator[Self]:
        """Open the store of a place."""
        async with opened_store(place) as store:
            yield cls(store, material, secret, awaited=place.engine.awaited)

    async def start(self, subject: str = WHO) -> TokenPair:
        """Begin a session."""
        pair: TokenPair = await self.answer(self._rotator.start, subject, scopes=SCOPES, client_id=CLIENT)
        return pair

    async def trade(self, token: str) -> TokenPair:
        """Trade one refresh token, whatever comes of it."""
        pair = self._rotator.rotate(token, client_id=CLIENT)
        return await pair if self._awaited else pair

    async def rotation(self, token: str | None = None) -> Callable[[], Awaitable[None]]:
        """Return what trades the newest token of one session, or of a new one, for the next."""
        newest = (await self.start()).refresh_token if token is None else token
        rotator, awaited = self._rotator, self._awaited

        async def rotate() -> None:
            nonlocal newest
            pair = rotator.rotate(newest, client_id=CLIENT)
            if awaited:
                pair = await pair
            assert not pair.retried
            newest = pair.refresh_token

        return rotate

    async def mature_session(self) -> str:
        """Return the id of a new session that was rotated once, so that every column of its row is filled."""
        pair = await self.start()
        assert pair.refresh_token is not None
        await self.trade(pair.refresh_token)
        return pair.session_id

    async def stores_own_swap(self) -> ReadAndSwap:
        """Return a read and a swap of one row by the store's methods; both rows are made beforehand."""
        store, awaited, session_id = self.store, self._awaited, await self.mature_session()
        row = (await self.answer(store.read, session_id)).family
        other = row._replace(version=row.version + 1)

        async def read_and_swap() -> None:
            nonlocal row, other
            if awaited:
                await store.read(session_id)
                swapped = await store.compare_and_swap(other, expected_version=row.version)
            else:
                store.read(session_id)
                swapped = store.compare_and_swap(other, expected_version=row.version)
            assert swapped
            row, other = other, row

        return read_and_swap

    def issue(self) -> Callable[[], Awaitable[None]]:
        """Return what signs one access token as a rotation does."""
        issuer = self._issuer

        async def issue() -> None:
            issuer.issue(WHO, scopes=SCOPES, client_id=CLIENT)

        return issue

    async def answer(self, method: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        """Call a method of the store or the rotator."""
        answer = method(*arguments, **named)
        return await answer if self._awaited else answer


class Runner:
    """Runs coroutines: in an event loop of its own, or to their end at once.

    Args:
        loop: The event loop's runner; None where nothing waits.
    """

    def __init__(self, loop: asyncio.Runner | None) -> None:
        self._loop = loop

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Return what a coroutine returns."""
        return run_now(coroutine) if self._loop is None else self._loop.run(coroutine)

    @contextmanager
    def opened(self, manager: AbstractAsyncContextManager[_T]) -> Iterator[_T]:
        """Enter an async context manager, and leave it."""
        value = self.run(_awaited(manager.__aenter__()))
        try:
            yield value
        finally:
            # Not told of errors: what is to be closed is closed.
            self.run(_awaited(manager.__aexit__(None, None, None)))


@contextmanager
def runner(*, awaited: bool) -> Iterator[Runner]:
    """Return what runs the coroutines of sync or async stores."""
    if not awaited:
        yield Runner(None)
        return
    with asyncio.Runner() as loop:
        yield Runner(loop)


async def _awaited(awaitable: Awaitable[_T]) -> _T:
    return await awaitable
