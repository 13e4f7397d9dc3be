"""Stores that are broken on purpose, one way each: what every proof must notice.

They wrap a true store of any engine, so the same fault is tried on all of them.
"""

from __future__ import annotations

import threading
from collections import deque

from jwtkit.errors import RefreshTokenRevokedError, UnavailableError

__all__ = ["AWAITED", "WAYS"]


class _Wrapped:
    def __init__(self, store) -> None:
        self._store = store

    def __getattr__(self, name: str):
        return getattr(self._store, name)


class Careless(_Wrapped):
    """Swaps whatever version is there: the last one wins, and so does everybody."""

    def compare_and_swap(self, family, /, *, expected_version):
        while not self._store.compare_and_swap(family, expected_version=self._version(family)):
            pass
        return True

    def _version(self, family):
        return self._store.read(family.session_id).family.version


class AsyncCareless(_Wrapped):
    """As `Careless`, awaited."""

    async def compare_and_swap(self, family, /, *, expected_version):
        won = False
        while not won:
            version = (await self._store.read(family.session_id)).family.version
            won = await self._store.compare_and_swap(family, expected_version=version)
        return True


class Late(_Wrapped):
    """Says that a swap was done and does it with the next call: a process that dies takes it along."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self._waiting = deque()
        self._lock = threading.Lock()

    def read(self, session_id, /):
        with self._lock:
            self._write_what_waits()
        return self._store.read(session_id)

    def compare_and_swap(self, family, /, *, expected_version):
        with self._lock:
            self._write_what_waits()
            self._waiting.append((family, expected_version))
        return True

    def _write_what_waits(self):
        while self._waiting:
            family, version = self._waiting.popleft()
            self._store.compare_and_swap(family, expected_version=version)


class Merciful(_Wrapped):
    """Never writes the end of a session, and says that it did."""

    def compare_and_swap(self, family, /, *, expected_version):
        if family.ended_at is not None:
            return True
        return self._store.compare_and_swap(family, expected_version=expected_version)


class Rash(_Wrapped):
    """Takes an outage of its server for a session that was ended."""

    def read(self, session_id, /):
        try:
            return self._store.read(session_id)
        except UnavailableError:
            raise _gone() from None

    def compare_and_swap(self, family, /, *, expected_version):
        try:
            return self._store.compare_and_swap(family, expected_version=expected_version)
        except UnavailableError:
            raise _gone() from None

    def bump_epoch(self, scope, /):
        try:
            return self._store.bump_epoch(scope)
        except UnavailableError:
            raise _gone() from None


class AsyncRash(_Wrapped):
    """As `Rash`, awaited."""

    async def read(self, session_id, /):
        try:
            return await self._store.read(session_id)
        except UnavailableError:
            raise _gone() from None

    async def compare_and_swap(self, family, /, *, expected_version):
        try:
            return await self._store.compare_and_swap(family, expected_version=expected_version)
        except UnavailableError:
            raise _gone() from None


def _gone():
    return RefreshTokenRevokedError("the session is gone")


WAYS = {"careless": Careless, "late": Late, "merciful": Merciful, "rash": Rash}
AWAITED = {"careless": AsyncCareless, "rash": AsyncRash}
