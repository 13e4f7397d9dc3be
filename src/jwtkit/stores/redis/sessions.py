"""What the store does, written once with every wait spelt ``await``; its public classes are shells of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from jwtkit.errors import ConfigurationError
from jwtkit.refresh.family import Family
from jwtkit.refresh.policy import milliseconds
from jwtkit.refresh.protocols import EpochReading, EpochScope, Snapshot
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.answers import over_at, revocation_status
from jwtkit.stores.bounds import checked_clock, findable, page_size, require_storable, store_time
from jwtkit.stores.failures import duplicate
from jwtkit.stores.redis import scripts
from jwtkit.stores.redis.keys import Keys
from jwtkit.stores.redis.link import Link
from jwtkit.stores.redis.purging import Purging
from jwtkit.stores.redis.registry import SecretsInUse
from jwtkit.stores.redis.row_text import identity_text, row_bytes, row_family
from jwtkit.stores.redis.servers import Call
from jwtkit.stores.redis.subjects import Subjects

__all__ = ["Sessions"]

_NOBODY: Final = "\0"
"""A token id that no token has."""

_LATEST: Final = 2**62
"""No expiry of Redis' can be later."""


class Sessions:
    """Every method of the two stores.

    Args:
        link: Where sessions are kept.
        prefix: What every key begins with.
        clock: The store's time, or None for the servers' own.
        retention: How long a row stays after its absolute expiry, and a denial after its end.
    """

    def __init__(
        self, link: Link, *, prefix: str, clock: Callable[[], float] | None, retention: timedelta
    ) -> None:
        self._clock = checked_clock(clock)
        if not isinstance(retention, timedelta) or retention < timedelta(0):
            raise ConfigurationError("retention: expected a timedelta that is not negative")
        self._retention = milliseconds(retention)
        self.keys: Final = Keys(prefix)
        self.link: Final = link
        self._secrets = SecretsInUse(link, self.keys, self._now)
        self._subjects = Subjects(link, self.keys, self._now)
        self._purging = Purging(link, self.keys, self._subjects, self._secrets, self._now)

    async def insert(self, family: Family) -> None:
        """See `SessionStore.insert`."""
        row, keep_until = row_bytes(family, _mark()), self._keep_until(family)
        await self._secrets.say(family)
        if not await self._subjects.insert(family, row, keep_until, self._leaving(keep_until)):
            raise duplicate()

    async def read(self, session_id: str) -> Snapshot:
        """See `SessionStore.read`."""
        key = self.keys.session(findable(session_id) or "")
        if not self.link.is_cluster:
            answer = await self.link.run(scripts.READ, [key], *self._now())
            numbers, _, row = answer.partition(b"\0")
            epoch, now = map(int, numbers.split())
            return Snapshot(row_family(row, session_id) if row else None, epoch, now)
        row, now = await self.link.run(scripts.READ_ROW, [key], *self._now())
        if row is None:
            return Snapshot(None, 0, now)
        # After the row, which alone says whose epochs apply. Whatever was bumped before this call is seen;
        # what is bumped between the two is seen as well, and the epoch of a row never changes.
        family = row_family(row, session_id)
        [(epoch, _, _)] = await self.link.run_all([self._facts(family.issuer, family.subject, family.tenant)])
        return Snapshot(family, epoch, now)

    async def compare_and_swap(self, family: Family, *, expected_version: int) -> bool:
        """See `SessionStore.compare_and_swap`."""
        row = row_bytes(family, _mark())
        await self._secrets.say(family)
        swapped = await self.link.run(
            scripts.SWAP,
            [self.keys.session(family.session_id)],
            identity_text(family, expected_version),
            row,
            *self._leaving(self._keep_until(family)),
        )
        return bool(swapped)

    async def epoch(self, scopes: Sequence[EpochScope]) -> EpochReading:
        """See `SessionStore.epoch`."""
        fields: dict[str, list[str]] = {}
        for scope in scopes:
            fields.setdefault(findable(scope.issuer) or "", []).append(_field(scope))
        calls = [
            Call(scripts.FACTS, [self.keys.epochs(issuer)], [len(names), *names, *self._now()])
            for issuer, names in (fields or {"": []}).items()
        ]
        answers = [await self.link.run(script, keys, *names) for script, keys, names in calls]
        return EpochReading(max(epoch for epoch, _, _ in answers), max(now for _, _, now in answers))

    async def bump_epoch(self, scope: EpochScope) -> int:
        """See `SessionStore.bump_epoch`."""
        require_storable(scope.issuer, scope.name)
        epoch: int = await self.link.run(
            scripts.BUMP, [self.keys.epochs(scope.issuer)], _field(scope), *self._now()
        )
        return epoch

    async def deny(self, issuer: str, token_id: str, *, until: int) -> None:
        """See `SessionStore.deny`."""
        require_storable(issuer, token_id, until)
        leaving = self._leaving(until + self._retention)
        await self.link.run(scripts.DENY, [self.keys.denied(issuer, token_id)], until, *leaving)

    async def status(self, query: RevocationQuery) -> RevocationStatus:
        """See `SessionStore.status`."""
        if self.link.is_cluster:
            return await self._status_in_cluster(query)
        issuer = findable(query.issuer) or ""
        keys = [self.keys.epochs(issuer), self.keys.denied(issuer, _denied_id(query))]
        if query.session_id is not None:
            keys.append(self.keys.session(findable(query.session_id) or ""))
        answer = await self.link.run(
            scripts.STATUS, keys, issuer, *_names(query.subject, query.tenant), *self._now()
        )
        over, ended, epoch, until, now = answer.split(b" ")
        return revocation_status(
            query,
            session_over_at=int(over) if over else None,
            session_ended=bool(ended),
            epoch=int(epoch),
            denied_until=int(until) if until else None,
            now=int(now),
        )

    async def list_subject(self, issuer: str, subject: str, *, limit: int, offset: int) -> list[Snapshot]:
        """See `SessionStore.list_subject`."""
        first, count = page_size(offset), page_size(limit)
        issuer, subject = findable(issuer) or "", findable(subject) or ""
        found, epochs, now = await self._subjects.rows(issuer, subject, offset=first, limit=count)
        families = [row_family(row, session_id) for session_id, row in found]
        if epochs is None:
            by_tenant = {family.tenant: 0 for family in families}
            calls = [self._facts(issuer, subject, tenant) for tenant in by_tenant]
            answers = await self.link.run_all(calls) if calls else []
            by_tenant = {tenant: epoch for tenant, (epoch, _, _) in zip(by_tenant, answers, strict=True)}
            epochs = [by_tenant[family.tenant] for family in families]
        return [Snapshot(family, epoch, now) for family, epoch in zip(families, epochs, strict=True)]

    async def purge(self, before: int, *, limit: int) -> int:
        """See `SessionStore.purge`."""
        return await self._purging.purge(before, page_size(limit))

    async def live_key_ids(self, issuer: str) -> frozenset[str]:
        """See `SecretRegistry.live_key_ids`."""
        return await self._secrets.of(issuer)

    async def _status_in_cluster(self, query: RevocationQuery) -> RevocationStatus:
        """Ask the server of the session and that of its issuer at the same time.

        In which order they answer does not matter: the epoch of a row never changes, and a session that
        began after the epochs were read was told of by nobody before this call.
        """
        issuer = findable(query.issuer) or ""
        facts = self._facts(issuer, query.subject, query.tenant, denied_id=_denied_id(query))
        if query.session_id is None:
            [(epoch, until, now)] = await self.link.run_all([facts])
            row = None
        else:
            key = self.keys.session(findable(query.session_id) or "")
            answers = await self.link.run_all([facts, Call(scripts.READ_ROW, [key], self._now())])
            (epoch, until, _), (row, now) = answers
        family = None if row is None else row_family(row, query.session_id or "")
        if family is not None and family.issuer != query.issuer:
            family = None
        if family is not None and (family.subject, family.tenant) != (query.subject, query.tenant):
            [(epoch, _, _)] = await self.link.run_all([self._facts(issuer, family.subject, family.tenant)])
        return revocation_status(
            query,
            session_over_at=None if family is None else over_at(family),
            session_ended=family is not None and family.ended_at is not None,
            epoch=epoch,
            denied_until=None if until is None else int(until),
            now=now,
        )

    def _facts(
        self, issuer: str, subject: str | None, tenant: str | None, *, denied_id: str | None = None
    ) -> Call:
        keys = [self.keys.epochs(issuer)]
        if denied_id is not None:
            keys.append(self.keys.denied(issuer, denied_id))
        return Call(scripts.FACTS, keys, [3, "all", *_names(subject, tenant), *self._now()])

    def _now(self) -> tuple[int, ...]:
        """Return the time to give to a script, as its last argument: none for the server's own."""
        return () if self._clock is None else (store_time(self._clock),)

    def _keep_until(self, family: Family) -> int:
        # An ended session too, to its absolute expiry: an old token of it is then known to be revoked.
        return family.absolute_expires_at + self._retention

    def _leaving(self, keep_until: int) -> tuple[str, int]:
        """Return how SET is told when a key leaves: at a time of the servers', or so long after now."""
        if self._clock is None:
            return "PXAT", max(1, min(keep_until, _LATEST))
        return "PX", max(1, min(keep_until - store_time(self._clock), _LATEST))


def _field(scope: EpochScope) -> str:
    return scope.kind if scope.kind == "all" else f"{scope.kind}:{findable(scope.name)}"


def _names(subject: str | None, tenant: str | None) -> tuple[str, str]:
    """Return the names of the epochs of a subject and a tenant, as the scripts know them too."""
    return (
        "all" if subject is None else f"subject:{findable(subject)}",
        "all" if tenant is None else f"tenant:{findable(tenant)}",
    )


def _denied_id(query: RevocationQuery) -> str:
    return _NOBODY if query.id is None else findable(query.id) or ""


def _mark() -> str:
    return os.urandom(8).hex()
