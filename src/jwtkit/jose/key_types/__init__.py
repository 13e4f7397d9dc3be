"""What each JWK key type (``kty``) can do: one file per type, one protocol for all (RFC 7518 §6)."""

from __future__ import annotations

from jwtkit.jose.key_types.akp import AKPKeyType
from jwtkit.jose.key_types.ec import ECKeyType
from jwtkit.jose.key_types.oct import OctetKeyType
from jwtkit.jose.key_types.okp import OKPKeyType
from jwtkit.jose.key_types.protocol import KeyType, SignFunction, VerifyFunction
from jwtkit.jose.key_types.rsa import RSAKeyType

__all__ = [
    "AKPKeyType",
    "ECKeyType",
    "KeyType",
    "OKPKeyType",
    "OctetKeyType",
    "RSAKeyType",
    "SignFunction",
    "VerifyFunction",
]
