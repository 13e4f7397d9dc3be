"""The token everyone reads: what it says, the key it is signed with, and the ways to spoil it."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from jwtkit import SigningKey
from jwtkit.jose import sign_compact

ISSUER = "https://auth.orders.example"
AUDIENCE = "https://api.orders.example"
SUBJECT = "2f1c1f7e-52a1-4a3a-9f0b-8c1f6f2a9d11"
SCOPES = ("orders:read", "orders:write", "invoices:read")
CLIENT = "orders-web"
TYPE = "at+jwt"
REQUIRED = ("iss", "sub", "aud", "exp", "iat", "jti")
LEEWAY = 30
LIFETIME = 3600
"""Longer than a run, so that no token expires while it is measured."""

ALGORITHMS = ("HS256", "RS256", "PS256", "ES256", "Ed25519", "ML-DSA-65")


@dataclass(frozen=True)
class Material:
    """A key in every form a peer may want it in; text and bytes only, so that a process can be sent it.

    Attributes:
        algorithm: Its name here, such as ``Ed25519``.
        alg: The header's word for it. For Ed25519 that is the older ``EdDSA``: every peer knows it.
        kid: The RFC 7638 thumbprint.
        private_jwk: The private JWK, or that of the shared secret.
        public_jwk: The public JWK; for a shared secret the same as the private one.
        private_pem: PKCS#8, or None for a shared secret.
        public_pem: SubjectPublicKeyInfo, or None for a shared secret.
        secret: The shared secret, or None.
    """

    algorithm: str
    alg: str
    kid: str
    private_jwk: Mapping[str, Any]
    public_jwk: Mapping[str, Any]
    private_pem: bytes | None
    public_pem: bytes | None
    secret: bytes | None

    @classmethod
    def generate(cls, algorithm: str) -> Material:
        """Make a new key."""
        alg = "EdDSA" if algorithm == "Ed25519" else algorithm
        if algorithm.startswith("HS"):
            return cls._of_secret(algorithm, os.urandom(64))
        key = SigningKey.generate(alg)
        pem = key.unsafe_to_pem().encode()
        public = load_pem_private_key(pem, None).public_key()
        return cls(
            algorithm,
            alg,
            key.kid,
            {**key.unsafe_to_jwk(), "alg": alg, "kid": key.kid},
            {**key.verification_key.to_jwk(), "alg": alg, "kid": key.kid},
            pem,
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            None,
        )

    @classmethod
    def _of_secret(cls, algorithm: str, secret: bytes) -> Material:
        key = SigningKey.from_secret(secret, algorithm)
        jwk = key.unsafe_to_jwk()
        return cls(algorithm, algorithm, key.kid, jwk, jwk, None, None, secret)

    @cached_property
    def signing_key(self) -> SigningKey:
        """The key as jwtkit signs with it."""
        return SigningKey.from_jwk(self.private_jwk)

    def private_key(self) -> Any:
        """Return the key of `cryptography` that signs."""
        assert self.private_pem is not None
        return load_pem_private_key(self.private_pem, None)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "signing_key"}


def new_claims() -> dict[str, Any]:
    """Return the claims of one more token: times of now, and an id of its own.

    Whoever issues tokens with a library that only signs writes this; jwtkit's issuer does it itself.
    """
    now = int(time.time())
    return {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": AUDIENCE,
        "scope": " ".join(SCOPES),
        "client_id": CLIENT,
        "exp": now + LIFETIME,
        "iat": now,
        "jti": base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode(),
    }


def sign(material: Material, claims: Mapping[str, Any] | bytes, *, typ: str = TYPE) -> str:
    """Return a token that says just this, whatever it is worth."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims, separators=(",", ":")).encode()
    return sign_compact(payload, material.signing_key, header={"typ": typ})


def good(material: Material) -> str:
    """Return the token that is measured: about 500 bytes under HS256."""
    return sign(material, new_claims())


def bad(material: Material) -> dict[str, str]:
    """Return the tokens that every peer must refuse before it is timed, by what is wrong with them."""
    claims = new_claims()
    now = claims["iat"]
    header, payload, signature = sign(material, claims).split(".")
    middle = len(signature) // 2
    forged = signature[:middle] + ("A" if signature[middle] != "A" else "B") + signature[middle + 1 :]
    unsigned = _encoded({"alg": "none", "typ": TYPE, "kid": material.kid})
    changed = _encoded({**claims, "sub": "somebody-else"})
    without_id = {name: value for name, value in claims.items() if name != "jti"}
    return {
        "a bad signature": f"{header}.{payload}.{forged}",
        "a changed payload": f"{header}.{changed}.{signature}",
        "alg none": f"{unsigned}.{payload}.",
        "an expired token": sign(material, {**claims, "iat": now - 7200, "exp": now - 3600}),
        "another audience": sign(material, {**claims, "aud": "https://api.elsewhere.example"}),
        "another issuer": sign(material, {**claims, "iss": ISSUER + ".attacker.example"}),
        "no jti": sign(material, without_id),
    }


def doubtful(material: Material) -> dict[str, str]:
    """Return tokens that jwtkit refuses and a peer may accept; who does is said beside the figures."""
    claims = new_claims()
    text = json.dumps(claims, separators=(",", ":"))
    twice = text.replace("{", '{"sub":"somebody-else",', 1)
    return {
        "typ of another kind of token": sign(material, claims, typ="JWT"),
        "a name given twice": sign(material, twice.encode()),
        "iat in the future": sign(material, {**claims, "iat": claims["iat"] + 600}),
        "exp as a string": sign(material, {**claims, "exp": str(claims["exp"])}),
    }


def _encoded(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
