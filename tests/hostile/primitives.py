"""Signatures and encodings straight from the primitives: what jwtkit judges, nothing of jwtkit has made."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

__all__ = [
    "EC_CURVES",
    "HASHES",
    "ML_DSA",
    "b64",
    "ec_key",
    "ed448_key",
    "ed_key",
    "from_b64",
    "json_bytes",
    "ml_dsa_key",
    "octets",
    "published_rsa_key",
    "raw_ecdsa",
    "sign",
]

_VECTORS: Final = Path(__file__).parent.parent / "jose" / "vectors"

HASHES: Final = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
EC_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
    "ES256K": ec.SECP256K1(),
}
ML_DSA: Final = {
    "ML-DSA-44": mldsa.MLDSA44PrivateKey,
    "ML-DSA-65": mldsa.MLDSA65PrivateKey,
    "ML-DSA-87": mldsa.MLDSA87PrivateKey,
}


def b64(data: bytes) -> str:
    """base64url without padding, by the standard library."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64(text: str) -> bytes:
    """The bytes of base64url, forgivingly read."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def json_bytes(value: object) -> bytes:
    """Compact JSON in UTF-8; writes NaN where it is told to."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def octets(label: str, size: int = 32) -> bytes:
    """Bytes that look random and are the same on every run, so that a case can be looked at twice."""
    return hashlib.shake_256(f"hostile corpus: {label}".encode()).digest(size)


@cache
def published_rsa_key(rfc: str) -> rsa.RSAPrivateKey:
    """The 2048 bit keys printed in RFC 7515 A.2 and RFC 7520 §3.4: real ones, and no secret."""
    document = json.loads((_VECTORS / f"{rfc}.json").read_text(encoding="utf-8"))
    jwk = next(one["jwk"] for one in document["jws"] if one["jwk"]["kty"] == "RSA")
    n, e, d = (int.from_bytes(from_b64(jwk[name]), "big") for name in ("n", "e", "d"))
    p, q = rsa.rsa_recover_prime_factors(n, e, d)
    crt = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    return rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(e, n)).private_key()


@cache
def ec_key(alg: str, label: str) -> ec.EllipticCurvePrivateKey:
    """An EC key on the algorithm's curve."""
    return ec.derive_private_key(int.from_bytes(octets(f"{alg} {label}", 31), "big"), EC_CURVES[alg])


@cache
def ed_key(label: str) -> ed25519.Ed25519PrivateKey:
    """An Ed25519 key."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(octets(f"Ed25519 {label}"))


@cache
def ed448_key(label: str) -> ed448.Ed448PrivateKey:
    """An Ed448 key."""
    return ed448.Ed448PrivateKey.from_private_bytes(octets(f"Ed448 {label}", 57))


@cache
def ml_dsa_key(alg: str, label: str) -> Any:
    """An ML-DSA key of one of the three sizes."""
    return ML_DSA[alg].from_seed_bytes(octets(f"{alg} {label}"))


def raw_ecdsa(key: ec.EllipticCurvePrivateKey, digest: hashes.HashAlgorithm, data: bytes) -> bytes:
    """r and s at full size (RFC 7518 §3.4)."""
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
    size = (key.curve.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _hmac(key: Any, alg: str, data: bytes) -> bytes:
    return hmac.digest(key, data, f"sha{alg[2:]}")


def _rsa_pkcs1(key: Any, alg: str, data: bytes) -> bytes:
    signature: bytes = key.sign(data, padding.PKCS1v15(), HASHES[alg[2:]])
    return signature


def _rsa_pss(key: Any, alg: str, data: bytes) -> bytes:
    digest = HASHES[alg[2:]]
    pss = padding.PSS(padding.MGF1(digest), salt_length=digest.digest_size)
    signature: bytes = key.sign(data, pss, digest)
    return signature


def _ecdsa(key: Any, alg: str, data: bytes) -> bytes:
    return raw_ecdsa(key, HASHES[alg[2:5]], data)


def _plain(key: Any, alg: str, data: bytes) -> bytes:
    signature: bytes = key.sign(data)
    return signature


_SIGNERS: Final[Mapping[str, Callable[[Any, str, bytes], bytes]]] = {
    "HS": _hmac,
    "RS": _rsa_pkcs1,
    "PS": _rsa_pss,
    "ES": _ecdsa,
    "Ed": _plain,
    "ML": _plain,
}


def sign(key: Any, alg: str, data: bytes) -> bytes:
    """Sign as RFC 7518, RFC 8037 or RFC 9964 says, with a bare key."""
    return _SIGNERS[alg[:2]](key, alg, data)
