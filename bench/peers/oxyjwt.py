"""oxyjwt (Rust), on its fast path: asked for leeway or required claims, it goes through Python instead."""

from __future__ import annotations

from typing import Any

import oxyjwt

from bench.peers.protocol import Issue, MissingClaimsError, Peer, Validate
from bench.tokens import AUDIENCE, ISSUER, REQUIRED, TYPE, Material, new_claims


def validator(material: Material) -> Validate:
    key = _key(oxyjwt.DecodingKey, material, material.public_pem)
    algorithms, required = [material.alg], frozenset(REQUIRED)

    def validate(token: str) -> object:
        claims = oxyjwt.decode(token, key, algorithms, audience=AUDIENCE, issuer=ISSUER)
        if not required <= claims.keys():
            raise MissingClaimsError
        return claims

    return validate


def issuer(material: Material) -> Issue:
    key = _key(oxyjwt.EncodingKey, material, material.private_pem)
    alg, headers = material.alg, {"typ": TYPE, "kid": material.kid}
    return lambda: oxyjwt.encode(new_claims(), key, algorithm=alg, headers=headers)


def _key(kind: Any, material: Material, pem: bytes | None) -> Any:
    if material.secret is not None:
        return kind.from_secret(material.secret)
    family = {"RS": "rsa", "PS": "rsa", "ES": "ec", "Ed": "ed"}[material.alg[:2]]
    return getattr(kind, f"from_{family}_pem")(pem)


PEER = Peer(
    name="oxyjwt",
    module="oxyjwt",
    algorithms=frozenset({"HS256", "RS256", "PS256", "ES256", "Ed25519"}),
    validator=validator,
    issuer=issuer,
    remark="Rust; no leeway",
)
