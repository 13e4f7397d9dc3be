"""The tables, and the sessions to reach them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    Index,
    String,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["Base", "Client", "Database", "DatabaseSession", "Order", "OrderStatus"]


class OrderStatus(StrEnum):
    """How far an order has come."""

    PENDING = "pending"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware datetimes in, UTC out. SQLite forgets the zone, so it is put back."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What a value is in Python."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; a naive datetime would be somebody's guess and is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("expected an aware datetime")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say again that it is UTC."""
        return value.replace(tzinfo=UTC) if value is not None else None


class Base(DeclarativeBase):
    """The service's tables."""


class Client(Base):
    """Who may log in.

    Attributes:
        id: What access tokens call it: their ``sub``.
        email: In lower case, so that one mailbox is one client.
        disabled_at: Since when it may neither log in nor refresh, or None.
    """

    __tablename__ = "clients"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Order(Base):
    """One order of one client.

    Attributes:
        reference: What people call it, such as ``ORD-2025-0000042``.
        summary: What was bought, in words.
        total_cents: The price in euro cents: money is never a float.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("total_cents >= 0", name="total_is_not_negative"),
        # The listing's default order, newest first, straight from the index.
        Index("orders_of_client", "client_id", "placed_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"))
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    status: Mapped[str] = mapped_column(String(10))
    placed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    total_cents: Mapped[int]
    summary: Mapped[str] = mapped_column(String(400))


class Database:
    """The engine and its sessions; tables that are not there yet are made.

    Args:
        url: A SQLAlchemy URL.
    """

    def __init__(self, url: str) -> None:
        self.engine: Engine = create_engine(
            url, hide_parameters=True
        )  # a failing statement is logged, what it held is not
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
        Base.metadata.create_all(self.engine)
        self.session = sessionmaker(self.engine, expire_on_commit=False)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA journal_mode = WAL")  # readers do not wait for the writer
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA foreign_keys = ON")


def _session(request: Request) -> Iterator[Session]:
    database: Database = request.app.state.database
    with database.session() as session:
        yield session


DatabaseSession = Annotated[Session, Depends(_session)]
"""A request's own database session, closed when the request is over."""
