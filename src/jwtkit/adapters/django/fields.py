"""Columns whose type is the same in meaning on every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    _AnyField = models.Field[Any, Any]
    _Text = models.TextField[Any, Any]
else:
    _AnyField, _Text = models.Field, models.TextField

__all__ = ["ExactTextField", "KeyField"]

_KEY_TYPES = {"postgresql": "bytea", "mysql": "binary(16)", "sqlite": "BLOB"}

# No text is compared but as bytes: "a" is not "A", "a " is not "a", "ß" is not "ss".
_TEXT_TYPES = {
    "postgresql": 'text COLLATE "C"',
    "mysql": "mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
}


class KeyField(_AnyField):
    """A key of `jwtkit.stores.sql.keys`: 16 bytes in the database, 32 hexadecimal digits in Python.

    Digits, because the admin writes a row's key into its addresses.
    """

    description = "A key of 16 bytes"

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the column's type; None, and so no column, on an engine the store does not know."""
        return _KEY_TYPES.get(connection.vendor)

    def from_db_value(self, value: Any, expression: object, connection: object) -> str | None:
        """Return the digits of what the driver read: bytes, or a view of some."""
        return None if value is None else bytes(value).hex()

    def to_python(self, value: Any) -> str | None:
        """Check digits that come from an address."""
        if value is None:
            return None
        text = bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
        try:
            bytes.fromhex(text)
        except ValueError:
            raise ValidationError("expected hexadecimal digits") from None
        return text

    def get_prep_value(self, value: Any) -> Any:
        """Return the bytes of some digits."""
        value = super().get_prep_value(value)
        return bytes.fromhex(value) if isinstance(value, str) else value


class ExactTextField(_Text):
    """A text of any length that no collation folds."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the column's type with its collation, where the engine has one that may fold."""
        return _TEXT_TYPES.get(connection.vendor) or super().db_type(connection)
