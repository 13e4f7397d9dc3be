"""What a session store can keep, the same for every engine, and the store's time.

NUL cannot stand in a PostgreSQL text, half a surrogate pair in no UTF-8 text, and an integer over 64 bits
in no SQL column. Writing such a value is refused before an engine sees it; looking for one finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from jwtkit.errors import ConfigurationError

__all__ = ["checked_clock", "findable", "page_size", "require_storable", "store_time"]

_LARGEST = 2**63 - 1
_NOWHERE = "\0"
"""A text no row can hold."""


def checked_clock(clock: Callable[[], float] | None) -> Callable[[], float] | None:
    """Return `clock`, or refuse a time given in place of a clock."""
    if clock is not None and not callable(clock):
        raise ConfigurationError("clock: expected None or a callable giving seconds, such as time.time")
    return clock


def require_storable(*values: str | bytes | int | None) -> None:
    """Refuse what an engine cannot keep as it is.

    Raises:
        ConfigurationError: ``store.unstorable``: a text holds NUL or a lone surrogate, or an integer does
            not fit in 64 bits.
    """
    for value in values:
        if isinstance(value, str):
            if not _is_plain(value):
                raise ConfigurationError(
                    "a session store cannot keep a text with a NUL or a lone surrogate in it",
                    code="store.unstorable",
                    hint="check subjects, tenants, clients and labels where they enter the service",
                )
        elif isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
            raise ConfigurationError(
                "a session store cannot keep an integer of more than 64 bits",
                code="store.unstorable",
                hint="times are milliseconds since the epoch",
            )


def findable(text: str | None) -> str | None:
    """Return `text`, or for a text no row can hold one that an engine accepts and never finds."""
    return text if text is None or _is_plain(text) else _NOWHERE


def page_size(number: int) -> int:
    """Check a limit or an offset, and bring it down to what every engine can count to.

    Raises:
        ConfigurationError: ``store.page``: it is negative, or no integer.
    """
    if type(number) is not int or number < 0:
        raise ConfigurationError(
            "a limit or an offset counts sessions: expected an integer from 0", code="store.page"
        )
    return min(number, _LARGEST)


def store_time(clock: Callable[[], float] | None) -> int:
    """Return the store's time in milliseconds; `time.time` is looked up at each call, so freezers work."""
    if clock is None:
        import time

        clock = time.time
    # Rounded and not cut off: 1.001 * 1000 is a hair under 1001.
    return round(clock() * 1000)


def _is_plain(text: str) -> bool:
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
