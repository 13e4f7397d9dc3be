"""python-jose over `cryptography`, with a constructed key."""

from __future__ import annotations

from bench.peers.protocol import Issue, Peer, Validate
from bench.tokens import AUDIENCE, ISSUER, LEEWAY, REQUIRED, TYPE, Material, new_claims
from jose import jwk, jwt


def validator(material: Material) -> Validate:
    key = jwk.construct(dict(material.public_jwk), material.alg)
    algorithms = [material.alg]
    options = {"leeway": LEEWAY, **{f"require_{name}": True for name in REQUIRED}}

    def validate(token: str) -> object:
        return jwt.decode(
            token, key, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER, options=options
        )

    return validate


def issuer(material: Material) -> Issue:
    key = jwk.construct(dict(material.private_jwk), material.alg)
    alg, headers = material.alg, {"typ": TYPE, "kid": material.kid}
    return lambda: jwt.encode(new_claims(), key, algorithm=alg, headers=headers)


PEER = Peer(
    name="python-jose",
    module="jose.jwt",
    algorithms=frozenset({"HS256", "RS256", "ES256"}),
    validator=validator,
    issuer=issuer,
)
