"""Removing what is over: by looking at every key, in small steps that hold nobody up.

There is no index of what ends when: every rotation puts an end off, and would have to write to it, in a
cluster on another server than its row's. Rows that nobody purges leave by themselves. A purge that stops at
its limit is taken up where it stopped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from jwtkit.stores.redis import scripts
from jwtkit.stores.redis.keys import Keys
from jwtkit.stores.redis.link import Link
from jwtkit.stores.redis.registry import SecretsInUse
from jwtkit.stores.redis.scripts import Script
from jwtkit.stores.redis.servers import Call
from jwtkit.stores.redis.subjects import Subjects

__all__ = ["Purging"]

_STEP: Final = 500
"""About so many keys are looked at by one step of a server: a millisecond of its time."""

_LATEST: Final = 2**53
"""Scripts count in floats; no time of a session comes near."""


@dataclass(slots=True)
class _Pass:
    """One look at every key."""

    began_at: int
    unread: list[Any]
    cursor: int = 0
    registers: set[str] = field(default_factory=set[str])
    seen: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


class Purging:
    """Purges one store.

    Args:
        link: Where it is kept.
        keys: Under which keys.
        subjects: Its indexes.
        secrets: Its register of rotation secrets.
        now: The time to give to scripts.
    """

    def __init__(
        self,
        link: Link,
        keys: Keys,
        subjects: Subjects,
        secrets: SecretsInUse,
        now: Callable[[], tuple[int, ...]],
    ) -> None:
        self._link = link
        self._keys = keys
        self._subjects = subjects
        self._secrets = secrets
        self._now = now
        self._unfinished: _Pass | None = None

    async def purge(self, before: int, limit: int) -> int:
        """Remove at most `limit` rows and denials that were over before that time; say how many."""
        before = max(0, min(before, _LATEST))
        # Taken, so that two callers at once do not share one.
        begun, self._unfinished = self._unfinished, None
        removed = 0
        if begun is not None:
            removed = await self._go_on(begun, before, limit)
        if removed < limit:
            # What lies before the place where the other began was perhaps over since.
            begun = await self._begin()
            removed += await self._go_on(begun, before, limit - removed)
        return removed

    async def _begin(self) -> _Pass:
        _, now = await self._link.run(scripts.SECRETS, [self._keys.secrets("")], *self._now())
        return _Pass(now, list(await self._link.primaries()))

    async def _go_on(self, begun: _Pass, before: int, limit: int) -> int:
        removed = 0
        while begun.unread:
            if removed == limit:
                self._unfinished = begun
                return removed
            cursor, found = await self._link.ask(
                begun.unread[-1], "SCAN", begun.cursor, "MATCH", self._keys.pattern(), "COUNT", _STEP
            )
            step = await self._purge_step(begun, found, before, limit - removed)
            removed += step
            if removed == limit and step:
                # There may be more among these keys: the next call begins with them.
                self._unfinished = begun
                return removed
            begun.cursor = int(cursor)
            if not begun.cursor:
                begun.unread.pop()
        await self._secrets.forget(begun.registers, begun.seen, began_at=begun.began_at)
        return removed

    async def _purge_step(self, begun: _Pass, found: Sequence[bytes], before: int, limit: int) -> int:
        by_kind: defaultdict[str | None, list[str]] = defaultdict(list)
        for key in found:
            text = key.decode(errors="replace")
            by_kind[self._keys.kind(text)].append(text)
        begun.registers.update(by_kind["secrets"])
        removed = 0
        for script, keys in ((scripts.PURGE, by_kind["session"]), (scripts.PURGE_DENIED, by_kind["denied"])):
            for number, living in await self._remove(script, keys, before, limit - removed):
                removed += number
                for family in living:
                    issuer, _, key_id = family.decode().partition("\0")
                    begun.seen[self._keys.secrets(issuer)].add(key_id)
        await self._subjects.repair(by_kind["sessions"])
        return removed

    async def _remove(
        self, script: Script, keys: Sequence[str], before: int, limit: int
    ) -> list[tuple[int, list[bytes]]]:
        if not keys:
            return []
        if not self._link.is_cluster:
            return [await self._link.run(script, keys, before, limit, *self._now())]
        answers: list[tuple[int, list[bytes]]] = []
        room = limit
        while keys:
            # Never more at once than there is room for, as each may be removed.
            batch, keys = keys[: max(room, 1)], keys[max(room, 1) :]
            arguments = (before, min(room, 1), *self._now())
            answers += await self._link.run_all([Call(script, [key], arguments) for key in batch])
            room = limit - sum(number for number, _ in answers)
        return answers
