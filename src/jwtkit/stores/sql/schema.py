"""The tables of the SQL session stores, the same on every engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import NoneType
from typing import Any, get_args, get_type_hints

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects.mysql import BINARY, MEDIUMBLOB, MEDIUMTEXT
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.types import TypeEngine

from jwtkit.errors import ConfigurationError
from jwtkit.refresh.family import EndReason, Family

__all__ = ["KEYS", "TIMES", "Tables", "define"]

KEYS = ("session_key", "issuer_key", "tenant_key", "subject_key", "secret_key")
"""Made from a family's texts (see `jwtkit.stores.sql.keys`): what its rows are found by."""

TIMES = ("over_at", "purge_check_at")
"""When the family is over (`jwtkit.stores.answers.over_at`), and when `purge` looks at it again."""

# No text is compared but as bytes: "a" is not "A", "a " is not "a", "ß" is not "ss".
_TEXT = (
    Text()
    .with_variant(TEXT(collation="C"), "postgresql")
    .with_variant(MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
)
_BYTES = LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")
_KEY = LargeBinary(16).with_variant(BINARY(16), "mysql", "mariadb")

_OPTIONS: dict[str, Any] = {
    f"{engine}_{option}": value
    for engine in ("mysql", "mariadb")
    for option, value in {
        "engine": "InnoDB",
        "charset": "utf8mb4",
        "collate": "utf8mb4_bin",
        "row_format": "DYNAMIC",
    }.items()
}
# Clustered by the key, as InnoDB does it: reading or swapping a session is one descent.
_OPTIONS["sqlite_with_rowid"] = False

_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}|")


@dataclass(frozen=True, slots=True)
class Tables:
    """The three tables and the metadata that holds them."""

    metadata: MetaData
    families: Table
    epochs: Table
    denials: Table


def define(*, prefix: str, schema: str | None) -> Tables:
    """Define the tables.

    Raises:
        ConfigurationError: ``store.table_names``: the prefix or the schema cannot be part of a name.
    """
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise ConfigurationError(
            "prefix: expected up to 32 letters, digits and underscores, such as jwtkit_",
            code="store.table_names",
        )
    if schema is not None and (not isinstance(schema, str) or not schema):
        raise ConfigurationError("schema: expected a name or None", code="store.table_names")
    metadata = MetaData(schema=schema)
    return Tables(
        metadata, _families(metadata, prefix), _epochs(metadata, prefix), _denials(metadata, prefix)
    )


def _families(metadata: MetaData, prefix: str) -> Table:
    table = Table(
        f"{prefix}families",
        metadata,
        *(Column(name, _KEY, nullable=name == "tenant_key") for name in KEYS),
        *_family_columns(),
        *(Column(name, BigInteger, nullable=False) for name in TIMES),
        PrimaryKeyConstraint("session_key", name=f"pk_{prefix}families"),
        # Room for two new versions of a row in its own page: together with the indexes below, over none of
        # which a rotation sets another value, that makes every rotation a heap-only update on PostgreSQL,
        # which writes to no index and leaves nothing for vacuum.
        postgresql_with={"fillfactor": "75"},
        **_OPTIONS,
    )
    columns = table.c
    # Listing a subject's sessions, newest first; those of one time are few, and sorted by their ids. Of
    # columns that never change.
    Index(f"ix_{prefix}families_subject", columns.subject_key, columns.created_at)
    # Purging. An index over `over_at` itself would be written by every rotation, as each puts the idle expiry
    # off. So a rotation leaves `purge_check_at` where it is, and purging brings it up to date for the few
    # rows that are due. The price: where the idle lifetime was shortened since login, a session is purged as
    # late as before.
    Index(f"ix_{prefix}families_purge", columns.purge_check_at)
    # Which rotation secrets are needed, asked by every process that starts: a few look-ups in place of a
    # walk through the table. A rotation changes it only after the secret was replaced, and it is small where
    # equal entries are stored once (PostgreSQL).
    Index(f"ix_{prefix}families_secret", columns.issuer_key, columns.secret_key)
    return table


def _epochs(metadata: MetaData, prefix: str) -> Table:
    # One row for each scope that was ever logged out, and one for each issuer: the last epoch it gave out.
    return Table(
        f"{prefix}epochs",
        metadata,
        Column("scope_key", _KEY, nullable=False),
        Column("issuer", _TEXT, nullable=False),
        Column("kind", _TEXT, nullable=False),
        Column("name", _TEXT, nullable=False),
        Column("epoch", BigInteger, nullable=False),
        PrimaryKeyConstraint("scope_key", name=f"pk_{prefix}epochs"),
        **_OPTIONS,
    )


def _denials(metadata: MetaData, prefix: str) -> Table:
    table = Table(
        f"{prefix}denials",
        metadata,
        Column("token_key", _KEY, nullable=False),
        Column("issuer", _TEXT, nullable=False),
        Column("token_id", _TEXT, nullable=False),
        Column("until", BigInteger, nullable=False),
        PrimaryKeyConstraint("token_key", name=f"pk_{prefix}denials"),
        **_OPTIONS,
    )
    # Purging denials that have run out.
    Index(f"ix_{prefix}denials_purge", table.c.until)
    return table


def _family_columns() -> list[Column[Any]]:
    types: dict[object, TypeEngine[Any]] = {
        str: _TEXT,
        int: BigInteger(),
        bytes: _BYTES,
        EndReason: _TEXT,
    }
    columns: list[Column[Any]] = []
    for name, hint in get_type_hints(Family).items():
        kinds = set(get_args(hint)) or {hint}
        nullable = NoneType in kinds
        [kind] = kinds - {NoneType}
        columns.append(Column(name, types[kind], nullable=nullable))
    return columns
