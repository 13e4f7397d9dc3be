"""Every sqlite3 error as one of ours. Texts name SQLite's error code, never a value."""

from __future__ import annotations

from jwtkit.errors import ConfigurationError, ContentionError, JWTKitError, StoreUnavailableError
from jwtkit.stores.failures import duplicate

__all__ = ["at_construction", "at_run_time", "contention", "is_busy"]


def is_busy(error: Exception) -> bool:
    """Say whether SQLite gave up waiting for another writer; the statement then changed nothing."""
    return _name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def contention() -> ContentionError:
    """Return the error for a file that other writers kept locked; nothing was written."""
    return ContentionError("the session file was locked by other writers for too long; try again")


def at_construction(error: Exception) -> JWTKitError:
    """Return what to raise when a file cannot be made a session store."""
    if is_busy(error):
        return contention()
    # An OSError's own text would name the path, which the caller knows.
    reason = error.strerror if isinstance(error, OSError) else _name(error)
    return ConfigurationError(
        f"the session file cannot be used ({reason})",
        code="store.file",
        hint="expected an SQLite file, or a new one, in an existing directory this user may write to",
    )


def at_run_time(error: Exception) -> JWTKitError:
    """Return what to raise when a statement failed."""
    if is_busy(error):
        return contention()
    if _name(error) in ("SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"):
        return duplicate()
    return StoreUnavailableError(f"the session file could not answer ({_name(error)})")


def _name(error: Exception) -> str:
    # sqlite3 raises some errors itself, and those carry no code of SQLite's.
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
