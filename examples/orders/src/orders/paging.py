"""Pages by position: a cursor says after which order a page starts.

A page by offset shows an order twice when a new one arrives before it, and skips one when one goes;
sqlakeyset asks for what comes after the last order seen instead.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, cast

from fastapi_filters.types import SortingDirection
from pydantic import Field, TypeAdapter
from sqlakeyset import select_page
from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from orders.database import Order
from orders.parameters import Moment
from orders.problems import wrong_parameter

__all__ = ["Slice", "SortKey", "take_page"]

_READERS: Final[dict[type[Any], Any]] = {
    datetime: Moment,
    int: Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)],  # a database has no larger ones
    str: Annotated[str, Field(strict=True, max_length=100)],
}


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column to sort by.

    Attributes:
        column: The column; never NULL.
        descending: Whether downwards.
    """

    column: InstrumentedAttribute[Any]
    descending: bool

    @property
    def name(self) -> str:
        """What the ``sort`` parameter calls it."""
        return f"{'-' if self.descending else ''}{self.column.key}"

    def as_sorting(self) -> tuple[str, SortingDirection, None]:
        """Return it as fastapi-filters writes it."""
        return self.column.key, "desc" if self.descending else "asc", None


@dataclass(frozen=True, slots=True)
class Slice:
    """One page.

    Attributes:
        orders: What is on it.
        total: How many orders there are on all pages.
        next: The next page's cursor, or None on the last.
    """

    orders: Sequence[Order]
    total: int
    next: str | None


def take_page(
    database: Session, statement: Select[Order], keys: Sequence[SortKey], *, size: int, cursor: str | None
) -> Slice:
    """Return one page of `statement`.

    Args:
        database: Where to read.
        statement: The orders in question, sorted by `keys`.
        keys: The sorting; its last column is unique, so that every order has one place.
        size: The most orders on the page.
        cursor: The `next` of the page before, or None for the first.

    Raises:
        RequestValidationError: The cursor is none of ours, or belongs to another sorting.
    """
    after = None if cursor is None else _read(cursor, keys)
    total = database.scalar(select(func.count()).select_from(statement.order_by(None).subquery()))
    # The cast: its annotations are of SQLAlchemy 2.0, whose Select took one tuple.
    page = select_page(database, cast("Any", statement), per_page=size, after=after)
    place = page.paging.next.place if page.paging.has_next else None
    return Slice([row[0] for row in page], total or 0, None if place is None else _write(place, keys))


def _write(place: Sequence[Any], keys: Sequence[SortKey]) -> str:
    values = [value.isoformat() if isinstance(value, datetime) else value for value in place]
    return base64.urlsafe_b64encode(json.dumps([_sorting(keys), *values]).encode()).decode().rstrip("=")


def _read(cursor: str, keys: Sequence[SortKey]) -> tuple[Any, ...]:
    # Nothing in it is secret or trusted: whatever it says, the statement finds the caller's own orders only.
    try:
        sorting, *values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if sorting != _sorting(keys):
            raise wrong_parameter("cursor", "belongs to another sorting; start again without it")
        types = tuple(_READERS[key.column.type.python_type] for key in keys)
        place: tuple[Any, ...] = TypeAdapter(tuple[types]).validate_python(tuple(values))  # type: ignore[valid-type]
    except (ValueError, TypeError):
        raise wrong_parameter(
            "cursor", "is not one of ours; take it from `next`, or start without it"
        ) from None
    return place


def _sorting(keys: Sequence[SortKey]) -> str:
    return ",".join(key.name for key in keys)
