"""Reads a token without verifying anything. Whatever it says, anyone may have written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from jwtkit.jose import base64url, jws, strict_json

__all__ = ["UnverifiedToken", "decode_unverified"]


@dataclass(frozen=True, slots=True, repr=False)
class UnverifiedToken:
    """What a token claims to be. Never decide anything by it.

    Attributes:
        header: The protected header, read-only.
        claims: The claims, read-only.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    def __repr__(self) -> str:
        return "<UnverifiedToken: nothing of it is verified>"


def decode_unverified(token: str | bytes) -> UnverifiedToken:
    """Return the header and claims of a token, with no key and no check: for debugging and support tools.

    Args:
        token: The compact JWS, as a string or ASCII bytes.

    Raises:
        MalformedTokenError: It is not a compact JWS of a JSON object.
    """
    header, payload, _, _ = jws.split_compact(token)
    claims = strict_json.parse_object(base64url.decode(payload))
    return UnverifiedToken(MappingProxyType(jws.parse_header(header)), MappingProxyType(claims))
