"""What a validation costs beside the bare signature check and beside PyJWT's `decode`, same checks."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench.timing import seconds_per_call
from jwtkit import SigningKey, TokenIssuer, TokenValidator
from jwtkit.jose import base64url

ISSUER, AUDIENCE = "https://orders.example", "orders-api"
SECRET = hashlib.sha512(b"a secret for measuring only").digest()


def report() -> None:
    """Print one line for each algorithm."""
    print("validation, no cache            raw        jwtkit     ÷ raw     PyJWT      PyJWT ÷ jwtkit")
    for algorithm in ("HS256", "ES256"):
        key, raw, pyjwt_key = _prepare(algorithm)
        token = (
            TokenIssuer(ISSUER, audience=AUDIENCE, keys=key).issue("client-42", scopes=["orders:read"]).token
        )
        validator = TokenValidator(ISSUER, audience=AUDIENCE, keys=key)
        bare = seconds_per_call(raw(token))
        ours = seconds_per_call(lambda: validator.validate(token))  # noqa: B023 - called before the next turn
        theirs = seconds_per_call(lambda: _pyjwt(token, pyjwt_key, algorithm))  # noqa: B023
        print(
            f"{algorithm:<24}{bare * 1e6:10.2f} µs{ours * 1e6:10.2f} µs{ours / bare:10.2f}"
            f"{theirs * 1e6:10.2f} µs{theirs / ours:10.2f}"
        )


def _pyjwt(token: str, key: object, algorithm: str) -> object:
    required = ["iss", "sub", "aud", "exp", "iat", "jti"]
    return jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=AUDIENCE,
        issuer=ISSUER,
        leeway=30,
        options={"require": required},
    )


def _prepare(algorithm: str) -> tuple[SigningKey, Callable[[str], Callable[[], object]], object]:
    """Return a key, the bare check of a token's signature, and the key as PyJWT takes it."""
    if algorithm == "HS256":
        return SigningKey.from_secret(SECRET, alg="HS256"), _raw_hmac, SECRET
    key = SigningKey.generate(algorithm)
    private = load_pem_private_key(key.unsafe_to_pem().encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    public = private.public_key()
    return key, lambda token: _raw_ecdsa(public, token), public


def _raw_hmac(token: str) -> Callable[[], object]:
    signed = token.rpartition(".")[0].encode()
    return lambda: hmac.digest(SECRET, signed, "sha256")


def _raw_ecdsa(public: ec.EllipticCurvePublicKey, token: str) -> Callable[[], object]:
    signed, _, text = token.rpartition(".")
    signature = base64url.decode(text)
    data = signed.encode()
    encoded = encode_dss_signature(
        int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    )
    algorithm = ec.ECDSA(SHA256())
    return lambda: public.verify(encoded, data, algorithm)
