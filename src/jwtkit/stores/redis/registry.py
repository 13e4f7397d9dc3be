"""Which rotation secrets the sessions of an issuer were made with, known without reading them all.

A process says every few minutes that it writes sessions with a secret; nothing is counted, so nothing can be
counted wrong. A secret is forgotten when the last session that may need it is over for good, or earlier by a
purge that has read every session and found none made with it, provided that nobody spoke of it for long
before that purge began.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from jwtkit.refresh.family import Family
from jwtkit.stores.bounds import findable
from jwtkit.stores.redis import scripts
from jwtkit.stores.redis.keys import Keys
from jwtkit.stores.redis.link import Link

__all__ = ["SecretsInUse"]

_SAID_EVERY: Final = 600.0
"""Seconds after which a process says it again."""

_UNSPOKEN: Final = 3_600_000
"""Milliseconds without a word after which a purge may forget; longer than any write is under way."""

_MARGIN: Final = 86_400_000
"""Said to be needed for so much longer, so that the next sessions need not say it again."""


class SecretsInUse:
    """The rotation secrets of one store.

    Args:
        link: Where they are kept.
        keys: Under which keys.
        now: The time to give to scripts.
    """

    def __init__(self, link: Link, keys: Keys, now: Callable[[], tuple[int, ...]]) -> None:
        self._link = link
        self._keys = keys
        self._now = now
        self._said: dict[tuple[str, str], tuple[int, float]] = {}

    async def say(self, family: Family) -> None:
        """Say, before it is written, that a session is made with its secret."""
        known_until, said_at = self._said.get((family.issuer, family.key_id), (0, 0.0))
        if family.absolute_expires_at <= known_until and time.monotonic() - said_at < _SAID_EVERY:
            return
        until = family.absolute_expires_at + _MARGIN
        said_at = time.monotonic()
        await self._link.run(
            scripts.REGISTER, [self._keys.secrets(family.issuer)], family.key_id, until, *self._now()
        )
        self._said[family.issuer, family.key_id] = (until, said_at)

    async def of(self, issuer: str) -> frozenset[str]:
        """Return the ids of those that may be needed now."""
        found, now = await self._read(self._keys.secrets(findable(issuer) or ""))
        return frozenset(key_id for key_id, said in found.items() if int(said.split()[1]) > now)

    async def forget(self, found: Iterable[str], seen: Mapping[str, set[str]], *, began_at: int) -> None:
        """Forget those that no session needs.

        Args:
            found: The keys of the registers.
            seen: By those keys, the ids of the secrets that sessions were found to need.
            began_at: The store's time before the first session was looked at.
        """
        for key in found:
            for key_id, said in (await self._read(key))[0].items():
                if key_id not in seen.get(key, ()) and int(said.split()[0]) < began_at - _UNSPOKEN:
                    await self._link.run(scripts.FORGET, [key], key_id, said)

    async def _read(self, key: str) -> tuple[dict[str, str], int]:
        flat, now = await self._link.run(scripts.SECRETS, [key], *self._now())
        texts = [text.decode() for text in flat]
        return dict(zip(texts[::2], texts[1::2], strict=True)), now
