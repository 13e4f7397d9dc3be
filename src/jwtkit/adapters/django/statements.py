"""Every statement of the Django session store, written out once for its engine."""

# ruff: noqa: S608 - made from the column names below; values are always bound, never written in

from __future__ import annotations

from collections.abc import Iterable

from jwtkit.adapters.django.dialects import Dialect
from jwtkit.stores.rows import CHANGING, COLUMNS

__all__ = ["Statements", "marks"]

_FAMILIES, _EPOCHS, _DENIALS = "jwtkit_families", "jwtkit_epochs", "jwtkit_denials"
_KEYS = ("session_key", "issuer_key", "tenant_key", "subject_key", "secret_key")
_TIMES = ("over_at", "purge_check_at")
_EPOCH = ("scope_key", "issuer", "kind", "name", "epoch")
_DENIAL = ("token_key", "issuer", "token_id", "until")


class Statements:
    """The statements for one engine.

    Args:
        dialect: The engine's ways.
    """

    def __init__(self, dialect: Dialect) -> None:
        family = ", ".join(f"f.{column}" for column in COLUMNS)
        moment = f"(SELECT {dialect.now} AS at_ms) AS moment"

        def highest(issuer: str, tenant: str, subject: str) -> str:
            # One look-up each, where IN may become a walk through all.
            found = (
                f"(SELECT epoch FROM {_EPOCHS} WHERE scope_key = {key})" for key in (issuer, tenant, subject)
            )
            return f"{dialect.greatest}({', '.join(f'coalesce({epoch}, 0)' for epoch in found)})"

        epoch_of_family = highest("f.issuer_key", "f.tenant_key", "f.subject_key")

        self.now = f"SELECT {dialect.now}"
        self.insert = _insert(_FAMILIES, (*_KEYS, *COLUMNS, *_TIMES))
        # One row also where there is no such family, so that the time comes with it.
        self.read = (
            f"SELECT {family}, {epoch_of_family}, moment.at_ms FROM {moment}"
            f" LEFT JOIN {_FAMILIES} AS f ON f.session_key = %s"
        )
        # A rotation: its end is only ever put off, so the index of purging is left alone (see the models).
        self.swap = _swap("over_at")
        # An end: the row may be purged sooner than was thought.
        self.swap_ended = _swap("over_at", "purge_check_at")
        # A session says its own subject and tenant, also that it has no tenant.
        tenant_key = "CASE WHEN f.session_key IS NULL THEN %s ELSE f.tenant_key END"
        self.status = (
            f"SELECT f.over_at, f.ended_at, {highest('%s', tenant_key, 'coalesce(f.subject_key, %s)')},"
            f" d.until, moment.at_ms FROM {moment}"
            f" LEFT JOIN {_FAMILIES} AS f ON f.session_key = %s AND f.issuer_key = %s"
            f" LEFT JOIN {_DENIALS} AS d ON d.token_key = %s"
        )
        self.list_subject = (
            f"SELECT {family}, {epoch_of_family}, {dialect.now} FROM {_FAMILIES} AS f"
            " WHERE f.subject_key = %s ORDER BY f.created_at DESC, f.session_id LIMIT %s OFFSET %s"
        )
        # From one secret to the next by the index, and for each a living family that was made with it.
        after = f"SELECT n.secret_key FROM {_FAMILIES} AS n WHERE n.issuer_key = %s"
        self.live_key_ids = (
            f"WITH RECURSIVE secrets (secret_key) AS (SELECT ({after} ORDER BY n.secret_key LIMIT 1)"
            f" UNION ALL SELECT ({after} AND n.secret_key > s.secret_key ORDER BY n.secret_key LIMIT 1)"
            " FROM secrets AS s WHERE s.secret_key IS NOT NULL)"
            f" SELECT (SELECT f.key_id FROM {_FAMILIES} AS f WHERE f.issuer_key = %s"
            " AND f.secret_key = s.secret_key AND f.over_at > %s LIMIT 1) FROM secrets AS s"
        )

        # The row of the issuer's last epoch is locked from here to the end of the transaction, so whoever
        # sees an epoch sees every lower one that the issuer gave out.
        epoch, of_epoch = _insert(_EPOCHS, _EPOCH), {"table": _EPOCHS, "key": "scope_key", "column": "epoch"}
        self.next_epoch = dialect.upsert(epoch, value=f"{dialect.greatest}({{old}} + 1, {{new}})", **of_epoch)
        self.epoch_of_key = f"SELECT epoch FROM {_EPOCHS} WHERE scope_key = %s"
        self.set_epoch = dialect.upsert(epoch, value="{new}", **of_epoch)
        self._highest_epoch = f"SELECT max(epoch), {dialect.now} FROM {_EPOCHS} WHERE scope_key IN"

        self.deny = dialect.upsert(
            _insert(_DENIALS, _DENIAL),
            table=_DENIALS,
            key="token_key",
            column="until",
            value=f"{dialect.greatest}({{old}}, {{new}})",
        )

        # Rows that somebody is rotating at this moment are alive, and passed over.
        self.families_due = (
            f"SELECT session_key, over_at FROM {_FAMILIES} WHERE purge_check_at < %s"
            f" ORDER BY purge_check_at LIMIT %s {dialect.lock_due}"
        )
        self.denials_due = (
            f"SELECT token_key FROM {_DENIALS} WHERE until < %s ORDER BY until LIMIT %s {dialect.lock_due}"
        )

    def highest_epoch(self, number: int) -> str:
        """Return the statement for the highest epoch of so many keys, and the time."""
        return f"{self._highest_epoch} ({marks(number) or 'NULL'})"

    # These say what they need and do not rely on what was read: not every engine locks what it reads.

    def check_families_later(self, number: int) -> str:
        """Return the statement that puts off when `purge` looks at so many families again."""
        return f"UPDATE {_FAMILIES} SET purge_check_at = over_at WHERE session_key IN ({marks(number)})"

    def remove_families(self, number: int) -> str:
        """Return the statement that removes those of so many families that were over before a time."""
        return f"DELETE FROM {_FAMILIES} WHERE session_key IN ({marks(number)}) AND over_at < %s"

    def remove_denials(self, number: int) -> str:
        """Return the statement that removes those of so many denials that ran out before a time."""
        return f"DELETE FROM {_DENIALS} WHERE token_key IN ({marks(number)}) AND until < %s"


def marks(number: int) -> str:
    """Return so many places for values."""
    return ", ".join(("%s",) * number)


def _insert(table: str, columns: Iterable[str]) -> str:
    names = tuple(columns)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks(len(names))})"


def _swap(*times: str) -> str:
    columns = (*CHANGING, "tenant_key", "secret_key", *times)
    assignments = ", ".join(f"{column} = %s" for column in columns)
    # The session's identity too: its subject's key covers the issuer.
    return (
        f"UPDATE {_FAMILIES} SET {assignments}"
        " WHERE session_key = %s AND subject_key = %s AND created_at = %s AND version = %s"
    )
