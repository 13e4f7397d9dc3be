"""What the claims of a token may look like: names, NumericDate, texts, scopes (RFC 7519 §2, §4.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final, TypeGuard

__all__ = [
    "ABSENT",
    "ISSUER_SET_CLAIMS",
    "MAX_TEXT_LENGTH",
    "confirmation_thumbprint",
    "is_numeric_date",
    "is_text",
    "read_scopes",
    "shown",
    "shown_time",
    "to_datetime",
]

ABSENT: Final[Any] = object()
"""Stands for a claim that is not there, which ``null`` is not."""

MAX_TEXT_LENGTH: Final = 512
"""Longest issuer, subject or token id read or issued, in characters."""

ISSUER_SET_CLAIMS: Final = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "client_id", "sid", "cnf"}
)
"""Claims only the issuer itself sets, each by a named argument; never by a caller's ``claims=``."""

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_SHOWN = 80
# What a datetime can hold, less a day for any time zone: 0001-01-02 to 9999-12-30, midnight UTC.
_FIRST_NUMERIC_DATE = -62_135_510_400
_LAST_NUMERIC_DATE = 253_402_128_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_text(value: object) -> bool:
    """Say whether `value` may be an identifier: a short, non-empty string without control characters.

    Control characters and lone surrogates are refused because identifiers end in logs, headers and
    database keys.
    """
    # isprintable() is a fast yes for nearly every identifier; it also says no to harmless characters.
    return (
        type(value) is str
        and 0 < len(value) <= MAX_TEXT_LENGTH
        and (value.isprintable() or _CONTROL_CHARACTER.search(value) is None)
    )


def is_numeric_date(value: object) -> TypeGuard[int | float]:
    """Say whether `value` is a NumericDate: finite seconds since 1970 (RFC 7519 §2); True is none."""
    # By exact type: True is an int to isinstance. An integer of any size is finite.
    return type(value) is int or (type(value) is float and isfinite(value))


def to_datetime(seconds: float) -> datetime:
    """Return the NumericDate as an aware UTC datetime; the nearest there is where years run out."""
    return _EPOCH + timedelta(seconds=max(_FIRST_NUMERIC_DATE, min(seconds, _LAST_NUMERIC_DATE)))


def read_scopes(value: object) -> frozenset[str] | None:
    """Read ``scope`` (space separated, RFC 6749 §3.3) or ``scp`` (also a list); None when it is neither."""
    if type(value) is str:
        # By the space and nothing else: split() would also part at tabs, and at what only looks like a space.
        return frozenset(value.split(" ")) - {""}
    if type(value) is list and all(type(scope) is str for scope in value):
        return frozenset(value)
    return None


def confirmation_thumbprint(confirmation: Mapping[str, Any]) -> str | None:
    """Return the key thumbprint in a ``cnf`` claim: ``jkt`` (RFC 9449 §6.1) or ``x5t#S256`` (RFC 8705 §3.1).

    None when it names neither or both, or holds anything but a text: such a token fits no proof.
    """
    named = [confirmation[name] for name in ("jkt", "x5t#S256") if name in confirmation]
    if len(named) == 1 and is_text(named[0]):
        thumbprint: str = named[0]
        return thumbprint
    return None


def shown(value: object) -> str:
    """Return a correctly signed claim's value for a message: quoted, in ASCII, and shortened."""
    if value is ABSENT:
        return "nothing"
    if type(value) is int and abs(value) >= 10**_LONGEST_SHOWN:
        return f"an integer of {value.bit_length()} bits"
    text = ascii(value) if isinstance(value, str | int | float | bool | type(None)) else _container(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def shown_time(value: object) -> str:
    """Return a NumericDate for a message, with the instant it stands for."""
    if is_numeric_date(value) and _FIRST_NUMERIC_DATE < value < _LAST_NUMERIC_DATE:
        return f"{shown(value)} ({to_datetime(value):%Y-%m-%d %H:%M:%SZ})"
    return shown(value)


def _container(value: object) -> str:
    if isinstance(value, list):
        if all(isinstance(member, str) for member in value):
            rest = ", ..." if len(value) > 8 else ""
            return f"[{', '.join(ascii(member) for member in value[:8])}{rest}]"
        return f"a list of {len(value)}"
    if isinstance(value, Mapping):
        return f"an object of {len(value)}"
    return f"a {type(value).__name__}"
