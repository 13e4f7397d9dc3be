"""The tables of the SQLite session store, and how a file comes to have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jwtkit.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlite3 import Connection

__all__ = ["APPLICATION_ID", "MIGRATIONS", "migrate"]

APPLICATION_ID = 0x6A6B7473
"""``jkts`` in the header of the file: it is ours, and no other program's database."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # Clustered by the key, so that reading or swapping a session is one descent. `over_at` is
        # `jwtkit.stores.answers.over_at` of the row; `purge_check_at` is when to look at it again, see below.
        """
        CREATE TABLE families (
            session_id TEXT NOT NULL PRIMARY KEY,
            issuer TEXT NOT NULL,
            version INTEGER NOT NULL,
            subject TEXT NOT NULL,
            client_id TEXT,
            tenant TEXT,
            confirmation TEXT,
            label TEXT,
            scopes TEXT NOT NULL,
            claims TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            key_id TEXT NOT NULL,
            generation INTEGER NOT NULL,
            digest BLOB NOT NULL,
            previous_digest BLOB,
            nonce BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            rotated_at INTEGER NOT NULL,
            previous_rotated_at INTEGER,
            used_at INTEGER NOT NULL,
            idle_expires_at INTEGER NOT NULL,
            absolute_expires_at INTEGER NOT NULL,
            ended_at INTEGER,
            end_reason TEXT,
            over_at INTEGER NOT NULL,
            purge_check_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        # Listing a subject's sessions, newest first, in the order the page is cut (the key is appended by
        # SQLite and breaks ties). Of identity columns only, so no rotation ever writes to it.
        "CREATE INDEX families_by_subject ON families (issuer, subject, created_at DESC)",
        # Purging. An index over `over_at` itself would be written by every rotation, as each puts the idle
        # expiry off: measured, that costs a third of the swaps per second. So a rotation leaves
        # `purge_check_at` where it is, and purging brings it up to date for the few rows that are due. The
        # price: where the idle lifetime was shortened since login, a session is purged as late as before.
        "CREATE INDEX families_by_purge_check ON families (purge_check_at)",
        """
        CREATE TABLE epochs (
            issuer TEXT NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            PRIMARY KEY (issuer, kind, name)
        ) STRICT, WITHOUT ROWID
        """,
        # The highest epoch of an issuer, which the next one must exceed.
        "CREATE INDEX epochs_by_height ON epochs (issuer, epoch)",
        """
        CREATE TABLE denials (
            issuer TEXT NOT NULL,
            token_id TEXT NOT NULL,
            until INTEGER NOT NULL,
            PRIMARY KEY (issuer, token_id)
        ) STRICT, WITHOUT ROWID
        """,
        # Purging denials that have run out.
        "CREATE INDEX denials_by_until ON denials (until)",
    ),
    # Where a session was last used from; not known of those begun before.
    ("ALTER TABLE families ADD COLUMN address TEXT",),
)
"""Each step makes the schema of the version before into the next; the first starts from nothing.

A step that was released is never edited: a change is a new step at the end.
"""


def migrate(connection: Connection, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Bring the file to the newest schema; several processes may do so at once.

    Raises:
        ConfigurationError: ``store.foreign_file``: the file is another program's database;
            ``store.newer_schema``: a later jwtkit wrote it.
        sqlite3.Error: The file cannot be read or written; nothing of it was changed.
    """
    # The write lock first: whoever comes second sees the first one's work and does nothing.
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version > len(migrations):
            raise ConfigurationError(
                f"the session file has schema {version}; this jwtkit knows schemas up to {len(migrations)}",
                code="store.newer_schema",
                hint="install the jwtkit that wrote it, or a later one",
            )
        for step in migrations[version:]:
            for statement in step:
                connection.execute(statement)
        if version < len(migrations):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: Connection) -> int:
    application = _number(connection, "PRAGMA application_id")
    version = _number(connection, "PRAGMA user_version")
    if application == APPLICATION_ID:
        return version
    if application or version or _number(connection, "SELECT count(*) FROM sqlite_master"):
        raise ConfigurationError(
            "the file is a database of something else: give the session store a file of its own",
            code="store.foreign_file",
        )
    return 0


def _number(connection: Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
