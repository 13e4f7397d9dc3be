"""What differs from engine to engine: one row each, and nothing else asks which engine it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DIALECTS", "Dialect"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one engine says things.

    Attributes:
        now: SQL of the server's time in milliseconds since the epoch.
        greatest: The function that returns the greatest of its arguments.
        conflict: What follows an insert that is to update where the key is taken; ``{key}`` is its column.
        old: What a column holds, in such an update; ``{table}`` and ``{column}`` are its names.
        new: What was to be inserted.
        lock_due: What follows a query whose rows are to be locked, those that others hold passed over.
    """

    now: str
    greatest: str
    conflict: str
    old: str
    new: str
    lock_due: str

    def upsert(self, insert: str, *, table: str, key: str, column: str, value: str) -> str:
        """Return `insert` with an update in place of a conflict; `value` names ``{old}`` and ``{new}``."""
        old, new = self.old.format(table=table, column=column), self.new.format(column=column)
        return f"{insert} {self.conflict.format(key=key)} {column} = {value.format(old=old, new=new)}"


_ON_CONFLICT = "ON CONFLICT ({key}) DO UPDATE SET"

DIALECTS: Mapping[str, Dialect] = {
    "postgresql": Dialect(
        # Of the moment it is evaluated, so never before the snapshot of the statement it stands in.
        now="CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)",
        greatest="greatest",
        conflict=_ON_CONFLICT,
        old="{table}.{column}",
        new="excluded.{column}",
        lock_due="FOR UPDATE SKIP LOCKED",
    ),
    # MariaDB and MySQL.
    "mysql": Dialect(
        # Not unix_timestamp(), which reads the session's local time: an hour of that comes twice in autumn.
        now="timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(6)) DIV 1000",
        greatest="greatest",
        conflict="ON DUPLICATE KEY UPDATE",
        old="{column}",
        new="VALUES({column})",
        lock_due="FOR UPDATE SKIP LOCKED",
    ),
    "sqlite": Dialect(
        # unixepoch('subsec') is of SQLite 3.42.
        now="CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
        greatest="max",
        conflict=_ON_CONFLICT,
        old="{column}",
        new="excluded.{column}",
        lock_due="",  # a writer has the file for itself
    ),
}
"""By Django's names."""
