"""JOSE, strict and pure: keys, key sets and compact signatures, with no clock and no I/O.

For those who sign something other than claims; tokens are made and judged by `jwtkit.TokenIssuer` and
`jwtkit.TokenValidator`, through the same reader.
"""

from __future__ import annotations

from jwtkit.jose.algorithms import ALGORITHMS, Algorithm
from jwtkit.jose.jwk_set import JWKSet, SkippedKey
from jwtkit.jose.jws import VerifiedJWS, sign_compact, verify_compact
from jwtkit.jose.signing_key import SigningKey
from jwtkit.jose.verification_key import VerificationKey

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "JWKSet",
    "SigningKey",
    "SkippedKey",
    "VerificationKey",
    "VerifiedJWS",
    "sign_compact",
    "verify_compact",
]
