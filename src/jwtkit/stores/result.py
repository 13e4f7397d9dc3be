"""What a SQL statement answered, by whichever library it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = ["Result"]


class Result(NamedTuple):
    """What a statement answered.

    Attributes:
        rows: The rows it returned.
        changed: How many rows it inserted, updated or deleted.
    """

    rows: Sequence[Any]
    changed: int
