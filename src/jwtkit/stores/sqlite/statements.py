"""Every statement of the SQLite session store. Each is a transaction of its own."""

# ruff: noqa: S608 - made once from the column names below; values are always bound, never written in

from __future__ import annotations

from jwtkit.stores.rows import CHANGING, COLUMNS, IDENTITY

__all__ = [
    "BUMP_EPOCH",
    "DENY",
    "INSERT",
    "LIST_SUBJECT",
    "LIVE_KEY_IDS",
    "PURGE_DENIALS",
    "PURGE_FAMILIES",
    "READ",
    "RECHECK_FAMILIES",
    "STATUS",
    "SWAP",
    "SWAP_ENDED",
    "highest_epoch_of",
]


def _epoch_of(issuer: str, kind: str, name: str) -> str:
    return (
        "coalesce((SELECT epoch FROM epochs"
        f" WHERE issuer = {issuer} AND kind = '{kind}' AND name = {name}), 0)"
    )


def _highest_epoch(issuer: str, tenant: str, subject: str) -> str:
    """Return the SQL of the highest epoch that applies; an absent tenant or subject (NULL) finds no row."""
    kinds = (("all", "''"), ("tenant", tenant), ("subject", subject))
    return f"max({', '.join(_epoch_of(issuer, kind, name) for kind, name in kinds)})"


def _marks(number: int) -> str:
    return ", ".join("?" * number)


def _swap(*and_set: str) -> str:
    assignments = ", ".join(f"{column} = ?" for column in (*CHANGING, *and_set))
    same_row = " AND ".join(f"{column} = ?" for column in (*IDENTITY, "version"))
    return f"UPDATE families SET {assignments} WHERE {same_row}"


_FAMILY_AND_EPOCH = (
    f"SELECT {', '.join(f'f.{column}' for column in COLUMNS)},"
    f" {_highest_epoch('f.issuer', 'f.tenant', 'f.subject')} FROM families AS f"
)

INSERT = (
    f"INSERT INTO families ({', '.join(COLUMNS)}, over_at, purge_check_at)"
    f" VALUES ({_marks(len(COLUMNS) + 2)})"
)

READ = f"{_FAMILY_AND_EPOCH} WHERE f.session_id = ?"

LIST_SUBJECT = (
    f"{_FAMILY_AND_EPOCH} WHERE f.issuer = ? AND f.subject = ?"
    " ORDER BY f.created_at DESC, f.session_id LIMIT ? OFFSET ?"
)

SWAP = _swap("over_at")
"""A rotation: its end is only ever put off, so the purge index is left alone (see the schema)."""

SWAP_ENDED = _swap("over_at", "purge_check_at")
"""An end: the row may be purged sooner than was thought."""

BUMP_EPOCH = """
    INSERT INTO epochs (issuer, kind, name, epoch)
    VALUES (?, ?, ?, max(?, 1 + coalesce((SELECT max(epoch) FROM epochs WHERE issuer = ?), 0)))
    ON CONFLICT (issuer, kind, name) DO UPDATE SET epoch = excluded.epoch
    RETURNING epoch
"""

DENY = """
    INSERT INTO denials (issuer, token_id, until) VALUES (?, ?, ?)
    ON CONFLICT (issuer, token_id) DO UPDATE SET until = max(until, excluded.until)
"""

_TENANT_KNOWN = "iif(f.session_id IS NULL, q.tenant, f.tenant)"

STATUS = f"""
    SELECT
        f.over_at,
        f.ended_at IS NOT NULL,
        {_highest_epoch("q.issuer", tenant=_TENANT_KNOWN, subject="coalesce(f.subject, q.subject)")},
        d.until
    FROM (SELECT ? AS issuer, ? AS token_id, ? AS session_id, ? AS subject, ? AS tenant) AS q
    LEFT JOIN families AS f ON f.session_id = q.session_id AND f.issuer = q.issuer
    LEFT JOIN denials AS d ON d.issuer = q.issuer AND d.token_id = q.token_id
"""

LIVE_KEY_IDS = "SELECT DISTINCT key_id FROM families WHERE +issuer = ? AND over_at > ?"
"""Reads every row: 0.02 s for 100,000, and eight times that by the subject index, which the + keeps out.

It is asked once, when a rotator is made; an index for it would be written by every rotation.
"""

RECHECK_FAMILIES = """
    UPDATE families SET purge_check_at = over_at WHERE purge_check_at <> over_at AND session_id IN
        (SELECT session_id FROM families WHERE purge_check_at < ? ORDER BY purge_check_at LIMIT ?)
"""

PURGE_FAMILIES = """
    DELETE FROM families WHERE over_at < ? AND session_id IN
        (SELECT session_id FROM families WHERE purge_check_at < ? ORDER BY purge_check_at LIMIT ?)
"""

PURGE_DENIALS = """
    DELETE FROM denials WHERE (issuer, token_id) IN
        (SELECT issuer, token_id FROM denials WHERE until < ? ORDER BY until LIMIT ?)
"""


def highest_epoch_of(number: int) -> str:
    """Return the statement for the highest epoch among so many scopes, given as issuer, kind and name."""
    scopes = ", ".join(["(?, ?, ?)"] * number)
    return (
        f"SELECT max(e.epoch) FROM (VALUES {scopes}) AS s CROSS JOIN epochs AS e"
        " ON e.issuer = s.column1 AND e.kind = s.column2 AND e.name = s.column3"
    )
