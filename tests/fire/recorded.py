"""The recording store for async callers."""

from __future__ import annotations

from math import inf

from tests.races.history import Operation, RecordedStore, digest_of

__all__ = ["AsyncRecordedStore"]


class AsyncRecordedStore(RecordedStore):
    """An async session store that writes down every read and swap of a row (see `RecordedStore`)."""

    async def read(self, session_id: str, /):
        sent = self._clock()
        snapshot = await self._store.read(session_id)
        if (family := snapshot.family) is not None:
            seen = Operation("read", sent, self._clock(), digest_of(family), family.version)
            self._write(session_id, seen)
        return snapshot

    async def compare_and_swap(self, family, /, *, expected_version: int) -> bool:
        sent = self._clock()
        about = (digest_of(family), family.version, expected_version)
        self._write(family.session_id, Operation("swap", sent, inf, *about))
        won = await self._store.compare_and_swap(family, expected_version=expected_version)
        self._write(family.session_id, Operation("swap", sent, self._clock(), *about, won))
        return won
