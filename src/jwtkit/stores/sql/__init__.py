"""Session stores in a SQL database, by SQLAlchemy, which is loaded when a store is made."""

from __future__ import annotations

from jwtkit.stores.sql.store import AsyncSQLAlchemySessionStore, SQLAlchemySessionStore, metadata

__all__ = ["AsyncSQLAlchemySessionStore", "SQLAlchemySessionStore", "metadata"]
