"""One signing key of every algorithm, made once; the RSA ones share the published key of RFC 7520 §3.4."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jwtkit.jose import ALGORITHMS, SigningKey

_VECTORS = Path(__file__).parent / "vectors"


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    assert document["source"]
    return document


@pytest.fixture(scope="session")
def vectors() -> Any:
    """Return a function from an RFC's file name to its vectors."""
    return _read


@pytest.fixture(scope="session")
def rsa_jwk() -> dict[str, Any]:
    """Return the private RSA JWK of RFC 7520 §3.4, without the members that are not key material."""
    jwk = dict(_read("rfc7520")["jws"][0]["jwk"])
    return {name: jwk[name] for name in ("kty", "n", "e", "d", "p", "q", "dp", "dq", "qi")}


@pytest.fixture(scope="session")
def signing_keys(rsa_jwk: dict[str, Any]) -> dict[str, SigningKey]:
    """Return a signing key for each algorithm, by name."""
    return {
        name: SigningKey.from_jwk(rsa_jwk, alg=name) if row.kty == "RSA" else SigningKey.generate(name)
        for name, row in ALGORITHMS.items()
    }
