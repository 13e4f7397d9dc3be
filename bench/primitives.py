"""The raw limit: what the primitive alone costs, everything else prepared beforehand."""

from __future__ import annotations

import hmac
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from bench.interleave import Call
from bench.tokens import Material
from jwtkit.jose import base64url

RAW = "raw primitive"


def bare_verify(material: Material, token: str) -> Call:
    """Return the check of the token's signature, and nothing else. For HMAC: the digest alone."""
    signed, _, text = token.rpartition(".")
    data, signature = signed.encode(), base64url.decode(text)
    if material.secret is not None:
        return partial(hmac.digest, material.secret, data, "sha256")
    verify = material.private_key().public_key().verify
    if material.algorithm == "ES256":
        half = len(signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        return partial(verify, encode_dss_signature(r, s), data, *_how(material.algorithm))
    return partial(verify, signature, data, *_how(material.algorithm))


def bare_sign(material: Material, token: str) -> Call:
    """Return the signing of what the token says, and nothing else."""
    data = token.rpartition(".")[0].encode()
    if material.secret is not None:
        return partial(hmac.digest, material.secret, data, "sha256")
    return partial(material.private_key().sign, data, *_how(material.algorithm))


def _how(algorithm: str) -> tuple[Any, ...]:
    """Return what `cryptography` is told beside key and data."""
    return {
        "RS256": (padding.PKCS1v15(), SHA256()),
        "PS256": (padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH), SHA256()),
        "ES256": (ec.ECDSA(SHA256()),),
    }.get(algorithm, ())
