"""Every error of SQLAlchemy, a driver or the network as one of ours."""

from __future__ import annotations

from jwtkit.errors import JWTKitError
from jwtkit.stores.sql.codes import NO_SCHEMA, NO_TABLE, code_of, failure_of

__all__ = ["at_run_time", "was_cut"]


def at_run_time(error: Exception) -> JWTKitError:
    """Return what to raise when a statement failed."""
    if isinstance(error, JWTKitError):
        return error
    return failure_of(
        # The driver's error, in SQLAlchemy's or by itself.
        code_of(getattr(error, "orig", None) or error),
        no_table=NO_TABLE | NO_SCHEMA,
        hint="call create_tables() of the store once, or run your Alembic migration",
    )


def was_cut(error: Exception) -> bool:
    """Say whether the connection broke; SQLAlchemy has then put every one of its pool out of use."""
    return bool(getattr(error, "connection_invalidated", False))
