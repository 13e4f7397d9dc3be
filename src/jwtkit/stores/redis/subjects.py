"""The sessions of a subject: an index beside the rows, written before them and never trusted without them.

A crash between the two leaves an entry without a row, which nobody is shown and which is dropped when it is
met; it never leaves a session that a list does not show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from jwtkit.errors import StoreUnavailableError
from jwtkit.refresh.family import Family
from jwtkit.stores.redis import scripts
from jwtkit.stores.redis.keys import Keys
from jwtkit.stores.redis.link import Link
from jwtkit.stores.redis.servers import Call

__all__ = ["Subjects"]

_WRITTEN_WITHIN: Final = 600_000
"""Milliseconds in which the row follows its entry, or is not written at all."""

_SURELY_GONE: Final = 3_600_000
"""Milliseconds after which an entry without a row may go, however far apart the clocks of a cluster are."""

_STEP: Final = 64


class Subjects:
    """The indexes of one store.

    Args:
        link: Where they are kept.
        keys: Under which keys.
        now: The time to give to scripts.
    """

    def __init__(self, link: Link, keys: Keys, now: Callable[[], tuple[int, ...]]) -> None:
        self._link = link
        self._keys = keys
        self._now = now

    async def insert(self, family: Family, row: bytes, keep_until: int, leaving: tuple[str, int]) -> bool:
        """Write entry and row; False where the session exists already."""
        keys = [self._keys.session(family.session_id), self._keys.sessions(family.issuer, family.subject)]
        entry = (family.session_id, -family.created_at, keep_until)
        if not self._link.is_cluster:
            return bool(
                await self._link.run(scripts.INSERT_INDEXED, keys, row, *leaving, *entry, *self._now())
            )
        # On two servers, one after the other. Should the entry have become old by the time the row gets
        # there, somebody may have dropped it as a left-over: then the row is not written.
        written_at = await self._link.run(scripts.INDEX, keys[1:], *leaving, *entry, *self._now())
        not_after = written_at + _WRITTEN_WITHIN
        added = await self._link.run(scripts.INSERT, keys[:1], row, *leaving, not_after, *self._now())
        if added < 0:
            raise StoreUnavailableError("the session could not be written in time; try again")
        return bool(added)

    async def rows(
        self, issuer: str, subject: str, *, offset: int, limit: int
    ) -> tuple[list[tuple[str, bytes]], list[int] | None, int]:
        """Return sessions of a subject, newest first: ids and rows, the epochs where known, and the time.

        In a cluster the epochs are not known: they are to be asked for afterwards.
        """
        index, owner = self._keys.sessions(issuer, subject), f"{issuer}\0{subject}"
        if self._link.is_cluster:
            return await self._rows_in_cluster(index, owner.encode(), offset, limit)
        *found, now = await self._link.run(
            scripts.LIST, [index], self._keys.prefix, owner, offset, limit, *self._now()
        )
        session_ids = [session_id.decode() for session_id in found[::3]]
        return list(zip(session_ids, found[1::3], strict=True)), found[2::3], now

    async def repair(self, indexes: Sequence[str]) -> None:
        """Drop entries of sessions that are gone."""
        if not indexes:
            return
        if not self._link.is_cluster:
            await self._link.run(scripts.REPAIR, indexes, self._keys.prefix)
            return
        answers = await self._link.run_all([Call(scripts.MEMBERS, [key], self._now()) for key in indexes])
        for index, (members, now) in zip(indexes, answers, strict=True):
            for first in range(0, len(members), _STEP):
                step = members[first : first + _STEP]
                await self._drop(index, step, await self._rows_of(map(_session_id, step)), now)

    async def _rows_in_cluster(
        self, index: str, owner: bytes, offset: int, limit: int
    ) -> tuple[list[tuple[str, bytes]], None, int]:
        found: list[tuple[str, bytes]] = []
        members, now = await self._link.run(scripts.MEMBERS, [index], *self._now())
        # Twice in the index, and next to itself, where its entry was sent twice.
        once = list({_session_id(member): member for member in members}.values())
        for first in range(0, len(once), _STEP):
            step = once[first : first + _STEP]
            rows = await self._rows_of(map(_session_id, step))
            for member, row in zip(step, rows, strict=True):
                if row is not None and row.split(b"\0", 4)[2:4] == owner.split(b"\0"):
                    if offset:
                        offset -= 1
                    elif len(found) < limit:
                        found.append((_session_id(member), row))
            await self._drop(index, step, rows, now)
            if len(found) == limit:
                break
        return found, None, now

    async def _rows_of(self, session_ids: Iterable[str]) -> list[bytes | None]:
        calls = [
            Call(scripts.READ_ROW, [self._keys.session(session_id)], self._now())
            for session_id in session_ids
        ]
        return [row for row, _ in await self._link.run_all(calls)]

    async def _drop(
        self, index: str, members: Sequence[bytes], rows: Sequence[bytes | None], now: int
    ) -> None:
        gone = [
            member
            for member, row in zip(members, rows, strict=True)
            if row is None and int(member.split(b"\0")[1]) < now - _SURELY_GONE
        ]
        if gone:
            await self._link.run(scripts.DROP, [index], *gone)


def _session_id(member: bytes) -> str:
    return member.partition(b"\0")[0].decode()
