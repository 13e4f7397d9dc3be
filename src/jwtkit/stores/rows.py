"""A family as the flat row an engine keeps: one column per field."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from jwtkit.refresh.family import Family

__all__ = ["CHANGING", "COLUMNS", "IDENTITY", "Row", "changing_of", "identity_of"]

Row = tuple[str | bytes | int | None, ...]

COLUMNS = Family._fields
"""Every column in the order of the fields; `Family(*row)` reads a row back."""

IDENTITY = ("session_id", "issuer", "subject", "created_at")
"""What never changes in the life of a family, so that a swap leaves the indexes over it alone."""

CHANGING = tuple(column for column in COLUMNS if column not in IDENTITY)
"""What a swap replaces."""

identity_of: Callable[[Family], Row] = attrgetter(*IDENTITY)
changing_of: Callable[[Family], Row] = attrgetter(*CHANGING)
