"""jwskate, by `SignedJwt.validate`; its `JwtVerifier` takes no shared secret."""

from __future__ import annotations

from typing import Any

from jwskate import Jwk, Jwt, SignedJwt

from bench.peers.protocol import Issue, MissingClaimsError, Peer, Validate
from bench.tokens import AUDIENCE, ISSUER, REQUIRED, TYPE, Material, new_claims


def validator(material: Material) -> Validate:
    key = Jwk(dict(material.public_jwk))
    alg, required = material.alg, frozenset(REQUIRED)

    def validate(token: str) -> object:
        made = SignedJwt(token)
        made.validate(key, alg=alg, issuer=ISSUER, audience=AUDIENCE)
        claims: dict[str, Any] = made.claims
        if not required <= claims.keys():
            raise MissingClaimsError
        return claims

    return validate


def issuer(material: Material) -> Issue:
    key = Jwk(dict(material.private_jwk))
    alg = material.alg
    return lambda: str(Jwt.sign(new_claims(), key, alg=alg, typ=TYPE))


PEER = Peer(
    name="jwskate",
    module="jwskate",
    algorithms=frozenset({"HS256", "RS256", "PS256", "ES256", "Ed25519"}),
    validator=validator,
    issuer=issuer,
    remark="no leeway",
)
