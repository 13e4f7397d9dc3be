"""What the SQL session stores do, written once: called as it is, or awaited as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from jwtkit.refresh.family import Family
from jwtkit.refresh.protocols import EpochReading, EpochScope, Snapshot
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores.answers import over_at, revocation_status
from jwtkit.stores.bounds import page_size, require_storable, store_time
from jwtkit.stores.rows import CHANGING, COLUMNS, changing_of
from jwtkit.stores.sql.connections import Connections
from jwtkit.stores.sql.keys import (
    LAST_EPOCH,
    issuer_key,
    last_epoch_key,
    scope_key,
    secret_key,
    session_key,
    subject_key,
    tenant_key,
    token_key,
)
from jwtkit.stores.sql.purging import purge_in_turn
from jwtkit.stores.sql.schema import Tables
from jwtkit.stores.sql.statements import Statements

if TYPE_CHECKING:
    from sqlalchemy import Connection, Executable

__all__ = ["Sessions"]

_INSERTED = tuple(f"p_{column}" for column in COLUMNS)
_SWAPPED = tuple(f"p_{column}" for column in CHANGING)


class Sessions:
    """Families, epochs and denials in three tables.

    Args:
        connections: To the database.
        statements: For it.
        tables: What they are about.
        clock: The store's time; None for the server's.
    """

    def __init__(
        self,
        connections: Connections,
        statements: Statements,
        tables: Tables,
        clock: Callable[[], float] | None,
    ) -> None:
        self._connections = connections
        self._statements = statements
        self._tables = tables
        self._clock = clock

    def insert(self, family: Family, /) -> None:
        """See `SQLAlchemySessionStore.insert`."""
        require_storable(*family)
        over = over_at(family)
        values = {
            **dict(zip(_INSERTED, family, strict=True)),
            "p_session_key": session_key(family.session_id),
            "p_issuer_key": issuer_key(family.issuer),
            "p_tenant_key": tenant_key(family.issuer, family.tenant),
            "p_subject_key": subject_key(family.issuer, family.subject),
            "p_secret_key": secret_key(family.issuer, family.key_id),
            "p_over_at": over,
            "p_purge_check_at": over,
        }
        self._connections.execute(self._statements.insert, values, writes=True)

    def read(self, session_id: str, /) -> Snapshot:
        """See `SQLAlchemySessionStore.read`."""
        [row], _ = self._connections.execute(
            self._statements.read, {"p_session_key": session_key(session_id)}
        )
        return self._snapshot(row)

    def compare_and_swap(self, family: Family, /, *, expected_version: int) -> bool:
        """See `SQLAlchemySessionStore.compare_and_swap`."""
        changing = changing_of(family)
        require_storable(family.session_id, family.issuer, family.subject, family.created_at, *changing)
        over = over_at(family)
        values = {
            **dict(zip(_SWAPPED, changing, strict=True)),
            "p_session_key": session_key(family.session_id),
            "p_subject_key": subject_key(family.issuer, family.subject),
            "p_created_at": family.created_at,
            "expected_version": expected_version,
            "p_tenant_key": tenant_key(family.issuer, family.tenant),
            "p_secret_key": secret_key(family.issuer, family.key_id),
            "p_over_at": over,
        }
        if family.ended_at is None:
            statement = self._statements.swap
        else:
            statement = self._statements.swap_ended
            values["p_purge_check_at"] = over
        return self._connections.execute(statement, values, writes=True).changed == 1

    def epoch(self, scopes: Sequence[EpochScope], /) -> EpochReading:
        """See `SQLAlchemySessionStore.epoch`."""
        keys = [scope_key(scope) for scope in scopes]
        epoch, now = self._connections.read(
            lambda connection: connection.execute(self._statements.highest_epoch, {"scope_keys": keys}).one()
        )
        return EpochReading(epoch or 0, self._time(now))

    def bump_epoch(self, scope: EpochScope, /) -> int:
        """See `SQLAlchemySessionStore.bump_epoch`."""
        require_storable(scope.issuer, scope.name)
        now, statements = self._now(), self._statements
        last: dict[str, Any] = {
            "p_scope_key": last_epoch_key(scope.issuer),
            "p_issuer": scope.issuer,
            "p_kind": LAST_EPOCH,
            "p_name": "",
            "p_epoch": now,
        }

        def bump(connection: Connection) -> int:
            connection.execute(statements.next_epoch, last)
            epoch = int(connection.execute(statements.epoch_of_key, last).scalar_one())
            connection.execute(
                statements.set_epoch,
                {
                    "p_scope_key": scope_key(scope),
                    "p_issuer": scope.issuer,
                    "p_kind": scope.kind,
                    "p_name": scope.name,
                    "p_epoch": epoch,
                },
            )
            return epoch

        return self._connections.transact(bump)

    def deny(self, issuer: str, token_id: str, /, *, until: int) -> None:
        """See `SQLAlchemySessionStore.deny`."""
        require_storable(issuer, token_id, until)
        values = {
            "p_token_key": token_key(issuer, token_id),
            "p_issuer": issuer,
            "p_token_id": token_id,
            "p_until": until,
        }
        self._connections.execute(self._statements.deny, values, writes=True)

    def status(self, query: RevocationQuery, /) -> RevocationStatus:
        """See `SQLAlchemySessionStore.status`."""
        values = {
            "p_session_key": None if query.session_id is None else session_key(query.session_id),
            "p_issuer_key": issuer_key(query.issuer),
            "p_tenant_key": tenant_key(query.issuer, query.tenant),
            "p_subject_key": subject_key(query.issuer, query.subject),
            "p_token_key": None if query.id is None else token_key(query.issuer, query.id),
        }
        [(over, ended_at, epoch, until, now)], _ = self._connections.execute(self._statements.status, values)
        return revocation_status(
            query,
            session_over_at=over,
            session_ended=ended_at is not None,
            epoch=epoch,
            denied_until=until,
            now=self._time(now),
        )

    def list_subject(
        self, issuer: str, subject: str, /, *, limit: int = 100, offset: int = 0
    ) -> list[Snapshot]:
        """See `SQLAlchemySessionStore.list_subject`."""
        values = {
            "p_subject_key": subject_key(issuer, subject),
            "limit": page_size(limit),
            "offset": page_size(offset),
        }
        rows, _ = self._connections.execute(self._statements.list_subject, values)
        # One time for the whole page.
        now = self._time(rows[0][-1]) if rows else 0
        return [Snapshot(Family(*row[:-2]), row[-2], now) for row in rows]

    def purge(self, before: int, /, *, limit: int = 1000) -> int:
        """See `SQLAlchemySessionStore.purge`."""
        count = page_size(limit)
        before = max(0, min(before, self._now()))
        return purge_in_turn((self._purge_families, self._purge_denials), before, limit=count)

    def live_key_ids(self, issuer: str, /) -> frozenset[str]:
        """See `SQLAlchemySessionStore.live_key_ids`."""
        values = {"p_issuer_key": issuer_key(issuer), "now": self._now()}
        rows, _ = self._connections.execute(self._statements.live_key_ids, values)
        return frozenset(key_id for (key_id,) in rows if key_id is not None)

    def create_tables(self) -> None:
        """See `SQLAlchemySessionStore.create_tables`."""
        self._connections.create(self._tables.metadata)

    def close(self) -> None:
        """See `SQLAlchemySessionStore.close`."""
        self._connections.close()

    def _purge_families(self, before: int, batch: int) -> tuple[int, bool]:
        """Look at the rows that are due; return how many were removed, and whether there may be more."""
        statements = self._statements

        def purge(connection: Connection) -> tuple[int, bool]:
            due = connection.execute(statements.families_due, {"before": before, "limit": batch}).all()
            living = [key for key, over in due if over >= before]
            if living:
                connection.execute(statements.check_families_later, {"keys": living})
            over = [key for key, over in due if over < before]
            return _changed(connection, statements.remove_families, over, before), len(due) == batch

        return self._connections.transact(purge)

    def _purge_denials(self, before: int, batch: int) -> tuple[int, bool]:
        statements = self._statements

        def purge(connection: Connection) -> tuple[int, bool]:
            due = connection.execute(statements.denials_due, {"before": before, "limit": batch})
            keys = list(due.scalars())
            return _changed(connection, statements.remove_denials, keys, before), len(keys) == batch

        return self._connections.transact(purge)

    def _snapshot(self, row: Sequence[Any]) -> Snapshot:
        now = self._time(row[-1])
        return Snapshot(None, 0, now) if row[0] is None else Snapshot(Family(*row[:-2]), row[-2], now)

    def _now(self) -> int:
        if self._clock is not None:
            return store_time(self._clock)
        [(now,)], _ = self._connections.execute(self._statements.now, {})
        return int(now)

    def _time(self, of_server: int) -> int:
        return of_server if self._clock is None else store_time(self._clock)


def _changed(connection: Connection, statement: Executable, keys: list[bytes], before: int) -> int:
    return connection.execute(statement, {"keys": keys, "before": before}).rowcount if keys else 0
