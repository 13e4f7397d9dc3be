"""Authlib, by its `authlib.jose`: deprecated in favour of joserfc, and still there for who uses it."""

from __future__ import annotations

import warnings
from typing import Any

import authlib.deprecate  # noqa: F401 - first: it asks for its warnings to be shown always

from bench.peers.protocol import Issue, Peer, Validate
from bench.tokens import AUDIENCE, ISSUER, LEEWAY, REQUIRED, TYPE, Material, new_claims

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that very deprecation
    from authlib.jose import JsonWebKey, JsonWebToken


def validator(material: Material) -> Validate:
    decode = JsonWebToken([material.alg]).decode
    key = JsonWebKey.import_key(dict(material.public_jwk))
    expected = {"iss": ISSUER, "aud": AUDIENCE}
    options: dict[str, Any] = {name: {"essential": True} for name in REQUIRED}
    for name, value in expected.items():
        options[name]["value"] = value

    def validate(token: str) -> object:
        claims = decode(token, key, claims_options=options)
        claims.validate(leeway=LEEWAY)
        return claims

    return validate


def issuer(material: Material) -> Issue:
    encode = JsonWebToken([material.alg]).encode
    key = JsonWebKey.import_key(dict(material.private_jwk))
    header = {"alg": material.alg, "typ": TYPE, "kid": material.kid}
    # check=False: no search for credit card numbers in the claims.
    return lambda: encode(dict(header), new_claims(), key, check=False)


PEER = Peer(
    name="Authlib",
    module="authlib.jose",
    algorithms=frozenset({"HS256", "RS256", "PS256", "ES256", "Ed25519"}),
    validator=validator,
    issuer=issuer,
)
