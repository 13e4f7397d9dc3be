"""PyJWT, with the key as a `PyJWK`: its algorithm and its key object are prepared once."""

from __future__ import annotations

import jwt
from jwt.types import Options

from bench.peers.protocol import Issue, Peer, Validate
from bench.tokens import AUDIENCE, ISSUER, LEEWAY, REQUIRED, TYPE, Material, new_claims

OPTIONS: Options = {"require": list(REQUIRED)}


def validator(material: Material) -> Validate:
    key = jwt.PyJWK(dict(material.public_jwk), algorithm=material.alg)
    algorithms = [material.alg]

    def validate(token: str) -> object:
        return jwt.decode(
            token,
            key,
            algorithms=algorithms,
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=LEEWAY,
            options=OPTIONS,
        )

    return validate


def issuer(material: Material) -> Issue:
    key = jwt.PyJWK(dict(material.private_jwk), algorithm=material.alg)
    alg, headers = material.alg, {"typ": TYPE, "kid": material.kid}
    return lambda: jwt.encode(new_claims(), key, algorithm=alg, headers=headers)


PEER = Peer(
    name="PyJWT",
    module="jwt",
    algorithms=frozenset({"HS256", "RS256", "PS256", "ES256", "Ed25519"}),
    validator=validator,
    issuer=issuer,
)
