"""ryjwt (Rust), decoding into a msgspec structure: its fastest way, and the one that can require claims."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import ryjwt

from bench.peers.protocol import Issue, Peer, Validate
from bench.tokens import AUDIENCE, ISSUER, LEEWAY, TYPE, Material, new_claims


class Claims(msgspec.Struct):
    """The claims of the token; those without a default are required."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: int
    iat: int
    jti: str
    scope: str = ""
    client_id: str = ""


def validator(material: Material) -> Validate:
    checks: Any = {"algorithms": [material.alg], "audience": AUDIENCE, "issuer": ISSUER}
    key: Any
    if material.secret is not None:
        key = ryjwt.SecretKey(material.secret, **checks)
    else:
        assert material.public_pem is not None
        key = ryjwt.PublicKey(material.public_pem, **checks)
    return partial(key.decode, into=Claims, leeway=LEEWAY)


def issuer(material: Material) -> Issue:
    algorithms: Any = [material.alg]
    header = {"typ": TYPE}
    key: Any
    if material.secret is not None:
        key = ryjwt.SecretKey(material.secret, algorithms=algorithms)
        header["kid"] = material.kid
    else:
        assert material.private_pem is not None
        key = ryjwt.PrivateKey(material.private_pem, algorithms=algorithms, kid=material.kid)
    return lambda: key.encode(new_claims(), header=header)


PEER = Peer(
    name="ryjwt",
    module="ryjwt",
    algorithms=frozenset({"HS256", "RS256", "PS256", "ES256", "Ed25519"}),
    validator=validator,
    issuer=issuer,
    remark="Rust; returns a structure",
)
