"""Strict JSON objects: what two readers could understand differently is refused (RFC 8259, RFC 7493).

A reader that keeps the last of two ``"sub"`` members and one that keeps the first disagree on who the
token is about; so do readers of ``NaN``, of a lone surrogate or of a number too large for a double. None
of these gets in, and none is ever written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from math import isfinite
from typing import Any, Final, NoReturn

from jwtkit.errors import ConfigurationError, MalformedTokenError

__all__ = ["MAX_DEPTH", "MAX_DIGITS", "dump_object", "parse_object", "quote"]

MAX_DEPTH: Final = 32
"""How many objects and arrays may lie inside each other, the outermost included."""

MAX_DIGITS: Final = 4300
"""How long a number may be; the interpreter's own default, held here whatever it is set to."""

_WHITE_SPACE: Final = " \t\n\r"
_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_NAMES: Final = frozenset({str})
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


class _DuplicateNameError(Exception):
    """Two members of one object have the same name."""


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateNameError
    return members


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _finite_float(text: str) -> float:
    number = float(text)
    if len(text) > MAX_DIGITS or not isfinite(number):
        raise ValueError("the number is too long or too large")
    return number


def _bounded_int(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise ValueError("the number is too long")
    return int(text)


# The C scanner itself: `json.loads` and `JSONDecoder.decode` cost as much again in Python around it.
_scan_plain: Final[Any] = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite_float).scan_once  # type: ignore[attr-defined,unused-ignore]
# For documents whose names `_scan_plain` may have merged, and those long enough to hold a too long number.
_scan_exactly: Final[Any] = json.JSONDecoder(
    object_pairs_hook=_unique_names,
    parse_constant=_no_constant,
    parse_float=_finite_float,
    parse_int=_bounded_int,
).scan_once  # type: ignore[attr-defined,unused-ignore]

quote: Final = json.encoder.encode_basestring
"""Write one string, as `dump_object` does; a lone surrogate is the caller's to refuse."""


def _encoder() -> Callable[[object], str]:
    plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    try:
        # Made once: `JSONEncoder.encode` makes one anew for every call. It looks for no value that holds
        # itself; `_is_json` has refused those, as nested too deep.
        chunks = make(None, plain.default, quote, None, ":", ",", False, False, False)
    except TypeError:  # an interpreter without it, or with another
        return plain.encode
    return lambda value: "".join(chunks(value, 0))


_encode: Final = _encoder()


def parse_object(data: bytes) -> dict[str, Any]:
    """Read exactly one JSON object.

    Args:
        data: UTF-8 without a byte order mark.

    Returns:
        The object's members, in the order written.

    Raises:
        MalformedTokenError: ``token.duplicate_name`` for a name given twice at any depth; ``token.json``
            for everything else: not UTF-8, not one object, NaN or Infinity, a number over 4300 digits or
            too large for a double, nesting over 32 levels, a lone surrogate, a control character.
    """
    try:
        text = data.decode("utf-8")
        if text.rfind("{") == 0 and len(text) <= MAX_DIGITS and "[" not in text and "\\" not in text:
            value, end = _scan_plain(text, 0)
            # M members need M - 1 commas: where the text holds no more than the names that are left need, no
            # name was written twice. A comma elsewhere only costs the exact reading below.
            if end == len(text) and text.count(",") == len(value) - 1:
                return value  # type: ignore[no-any-return]
        return _read_exactly(text.strip(_WHITE_SPACE))
    except _DuplicateNameError:
        raise MalformedTokenError(
            "a name occurs twice in one JSON object; every name must be unique (RFC 7515 section 4)",
            code="token.duplicate_name",
        ) from None
    except (ValueError, StopIteration, RecursionError, MemoryError):
        # Not chained: the foreign error holds the whole document.
        raise _not_json() from None


def _read_exactly(text: str) -> dict[str, Any]:
    """Read an object that may hold arrays, objects and escapes, or be long."""
    if _is_too_deep(text):
        raise _not_json()
    scan = _scan_exactly if "[" in text or len(text) > MAX_DIGITS else _scan_plain
    value: dict[str, Any]
    value, end = scan(text, 0)
    if type(value) is not dict:
        raise _not_json()
    if scan is _scan_plain and text.count(",") != len(value) - 1:
        value, end = _scan_exactly(text, 0)
    if end != len(text):
        raise _not_json()
    if "\\u" in text:
        _encode(value).encode("utf-8")  # the only way in for a lone surrogate; fails for one
    return value


def _is_too_deep(text: str) -> bool:
    """Say whether a well-formed document nests deeper than MAX_DEPTH; looks no further than where it does."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        found = match[0]
        if found in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif found in "}]":
            depth -= 1
    return False


def _not_json() -> MalformedTokenError:
    return MalformedTokenError("expected one strict JSON object in UTF-8 (RFC 8259)", code="token.json")


def dump_object(members: Mapping[str, Any]) -> bytes:
    """Write one JSON object, compact, in UTF-8 and in the order given.

    Args:
        members: Strings, numbers, booleans, None, and lists and dicts of them. A tuple is written as a
            list.

    Returns:
        Bytes that `parse_object` reads back as equal members.

    Raises:
        ConfigurationError: ``claims.json``: something JSON has no form for, NaN or Infinity, a name that
            is not a string, a lone surrogate, a number over 4300 digits, nesting over 32 levels. The
            message names the outermost member, never its value.
    """
    if type(members) is not dict:
        if not isinstance(members, Mapping):
            raise ConfigurationError("expected a mapping of names to JSON values", code="claims.json")
        members = dict(members)
    if set(map(type, members)) != _NAMES and not all(isinstance(name, str) for name in members):
        raise ConfigurationError("every name of a JSON object must be a str", code="claims.json")
    if not _SCALARS.issuperset(map(type, members.values())):
        for name, value in members.items():
            if type(value) not in _SCALARS and not _is_json(value, depth=2):
                raise _cannot_write(name)
    try:
        data = _encode(members).encode("utf-8")
        if len(data) > MAX_DIGITS:
            parse_object(data)  # only a long document can hold a number that is too long
    except (ValueError, MalformedTokenError):
        raise _cannot_write(next(filter(lambda name: _fails(name, members[name]), members))) from None
    return data


def _is_json(value: object, *, depth: int) -> bool:
    """Say whether the encoder writes `value` without bending it (it would turn the name 1 into "1")."""
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            return False
        members: Collection[object] = value.values()
    elif isinstance(value, list | tuple):
        members = value
    else:
        return value is None or isinstance(value, str | int | float)
    if depth > MAX_DEPTH:
        return False
    return _SCALARS.issuperset(map(type, members)) or all(
        _is_json(member, depth=depth + 1) for member in members
    )


def _fails(name: str, value: object) -> bool:
    try:
        parse_object(_encode({name: value}).encode("utf-8"))
    except (ValueError, MalformedTokenError):
        return True
    return False


def _cannot_write(name: str) -> ConfigurationError:
    shown = name.encode("ascii", "backslashreplace").decode("ascii")[:64]
    return ConfigurationError(
        f"the member {shown!r} cannot be written as strict JSON",
        code="claims.json",
        hint="use str, finite numbers, bool, None, and lists and dicts with str names; "
        "write a date as int(moment.timestamp())",
    )
