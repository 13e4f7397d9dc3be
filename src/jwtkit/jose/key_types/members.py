"""Read the members of one JWK strictly: right type, canonical base64url, right length (RFC 7518 §6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jwtkit.errors import ConfigurationError, MalformedTokenError
from jwtkit.jose import base64url

__all__ = ["encode_integer", "malformed", "mismatch", "octets", "positive_integer", "weak"]


def octets(jwk: Mapping[str, Any], name: str, *, size: int | None = None) -> bytes:
    """Return the bytes of one base64url member.

    Args:
        jwk: The JWK.
        name: The member.
        size: How many bytes it must have, where the type fixes that.

    Raises:
        ConfigurationError: ``key.malformed``: absent, not canonical base64url, or of another length.
    """
    text = jwk.get(name)
    if not isinstance(text, str):
        raise malformed(f"the JWK member {name!r} must be a base64url string")
    try:
        data = base64url.decode(text)
    except MalformedTokenError:
        raise malformed(f"the JWK member {name!r} must be canonical base64url without padding") from None
    if size is not None and len(data) != size:
        raise malformed(f"the JWK member {name!r} must hold exactly {size} bytes, leading zeros included")
    return data


def positive_integer(jwk: Mapping[str, Any], name: str) -> int:
    """Return the integer of one Base64urlUInt member (RFC 7518 §2): no leading zero byte, not zero.

    Raises:
        ConfigurationError: ``key.malformed``.
    """
    data = octets(jwk, name)
    if not data or data[0] == 0:
        raise malformed(f"the JWK member {name!r} must be a positive integer without leading zero bytes")
    return int.from_bytes(data, "big")


def encode_integer(number: int) -> str:
    """Write a positive integer in as few bytes as hold it (RFC 7518 §2)."""
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def malformed(message: str) -> ConfigurationError:
    """Make the error for key material that cannot be read."""
    return ConfigurationError(message, code="key.malformed")


def weak(message: str, hint: str) -> ConfigurationError:
    """Make the error for a key an attacker could use or break."""
    return ConfigurationError(message, code="key.weak", hint=hint)


def mismatch(kind: str) -> ConfigurationError:
    """Make the error for a private key whose public members are another key's."""
    return ConfigurationError(
        f"the private part of the {kind} key does not match its public part", code="key.mismatch"
    )
