"""joserfc, with an imported key and a claims registry made once."""

from __future__ import annotations

import warnings
from typing import Any

from joserfc import jwt
from joserfc.jwk import import_key

from bench.peers.protocol import Issue, Peer, Validate
from bench.tokens import AUDIENCE, ISSUER, LEEWAY, REQUIRED, TYPE, Material, new_claims

# It says so at each token; the older name is the one that every peer reads.
warnings.filterwarnings("ignore", message="EdDSA is deprecated")


def validator(material: Material) -> Validate:
    return reading_with(import_key(dict(material.public_jwk)), material.alg)


def reading_with(key: Any, alg: str) -> Validate:
    """Return what validates tokens of a key, or of a set of keys."""
    algorithms = [alg]
    expected = {"iss": ISSUER, "aud": AUDIENCE}
    options: Any = {
        name: {"essential": True, "value": expected[name]} if name in expected else {"essential": True}
        for name in REQUIRED
    }
    registry = jwt.JWTClaimsRegistry(leeway=LEEWAY, **options)

    def validate(token: str) -> object:
        claims = jwt.decode(token, key, algorithms=algorithms).claims
        registry.validate(claims)
        return claims

    return validate


def issuer(material: Material) -> Issue:
    key: Any = import_key(dict(material.private_jwk))
    algorithms, header = [material.alg], {"alg": material.alg, "typ": TYPE, "kid": material.kid}
    return lambda: jwt.encode(header, new_claims(), key, algorithms=algorithms)


PEER = Peer(
    name="joserfc",
    module="joserfc.jwt",
    algorithms=frozenset({"HS256", "RS256", "PS256", "ES256", "Ed25519"}),
    validator=validator,
    issuer=issuer,
)
