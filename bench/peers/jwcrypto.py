"""jwcrypto, with a `JWK` made once; its `JWT` object is made for each token, as it has to be."""

from __future__ import annotations

import json
from typing import Any

from jwcrypto import jwk, jwt

from bench.peers.protocol import Issue, Peer, Validate
from bench.tokens import ALGORITHMS, AUDIENCE, ISSUER, LEEWAY, REQUIRED, TYPE, Material, new_claims


def validator(material: Material) -> Validate:
    key = jwk.JWK(**material.public_jwk)
    algorithms = [material.alg]
    expected = {"iss": ISSUER, "aud": AUDIENCE}
    check_claims: dict[str, Any] = {name: expected.get(name) for name in REQUIRED}

    def validate(token: str) -> object:
        made = jwt.JWT(algs=algorithms, check_claims=check_claims, expected_type="JWS")
        made.leeway = LEEWAY
        made.deserialize(token, key)
        # It keeps the claims as text.
        return json.loads(made.claims)

    return validate


def issuer(material: Material) -> Issue:
    key = jwk.JWK(**material.private_jwk)
    algorithms, header = [material.alg], {"alg": material.alg, "typ": TYPE, "kid": material.kid}

    def issue() -> object:
        made = jwt.JWT(header=header, claims=new_claims(), algs=algorithms)
        made.make_signed_token(key)
        return made.serialize()

    return issue


PEER = Peer(
    name="jwcrypto",
    module="jwcrypto.jwt",
    algorithms=frozenset(ALGORITHMS),
    validator=validator,
    issuer=issuer,
)
