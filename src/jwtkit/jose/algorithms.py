"""The JWS algorithms: one row each, with everything jwtkit knows about it.

Nothing else in the library lists algorithms. There is no row for unsecured tokens (RFC 7518 §3.6), so
none can be accepted or made.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from jwtkit.errors import ConfigurationError, JWTKitError
from jwtkit.jose.key_types import (
    AKPKeyType,
    ECKeyType,
    KeyType,
    OctetKeyType,
    OKPKeyType,
    RSAKeyType,
)

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "algorithm_for_key",
    "algorithm_named",
    "algorithms_for",
    "concrete",
    "foreign_errors",
]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One row.

    Attributes:
        name: The ``alg`` value (RFC 7515 §4.1.1).
        key_type: What reads, checks, makes and binds its keys.
        engine: Where the work is done: a `hashlib` name for HMAC, PyJWT's name for RSA, EC and OKP, the
            class prefix in `cryptography` for ML-DSA.
        key_size: In bytes: the shortest secret, one EC coordinate, an OKP or AKP public key; 0 for RSA,
            whose keys vary.
        curve: The JWK ``crv`` the algorithm fixes, or None.
        signature_size: In bytes; 0 for RSA, whose signatures are as long as the modulus.
        alias: The deprecated polymorphic name its tokens may also carry (RFC 9864), or None.
        default: Whether a JWK that says no ``alg`` and fits several rows gets this one.
        polymorphic: Whether the name stands for several curves; such a row signs on request and its
            verification key has the curve's own name.
    """

    name: str
    key_type: KeyType
    engine: str
    key_size: int = 0
    curve: str | None = None
    signature_size: int = 0
    alias: str | None = None
    default: bool = False
    polymorphic: bool = False

    @property
    def kty(self) -> str:
        """The JWK key type (RFC 7517 §4.1)."""
        return self.key_type.kty

    @property
    def symmetric(self) -> bool:
        """Whether the key that verifies also signs."""
        return self.key_type.symmetric


_OCT: Final = OctetKeyType()
_RSA: Final = RSAKeyType()
_EC: Final = ECKeyType()
_OKP: Final = OKPKeyType()
_AKP: Final = AKPKeyType()

# RFC 7518 §3.1, RFC 8812 §3.1 (ES256K), RFC 9864 §2.2 (Ed25519, Ed448), RFC 8037 §3.1 (EdDSA), RFC 9964.
_ROWS: Final = (
    Algorithm("HS256", _OCT, "sha256", key_size=32, signature_size=32),
    Algorithm("HS384", _OCT, "sha384", key_size=48, signature_size=48),
    Algorithm("HS512", _OCT, "sha512", key_size=64, signature_size=64),
    Algorithm("RS256", _RSA, "RS256", default=True),
    Algorithm("RS384", _RSA, "RS384"),
    Algorithm("RS512", _RSA, "RS512"),
    Algorithm("PS256", _RSA, "PS256"),
    Algorithm("PS384", _RSA, "PS384"),
    Algorithm("PS512", _RSA, "PS512"),
    Algorithm("ES256", _EC, "ES256", key_size=32, curve="P-256", signature_size=64),
    Algorithm("ES384", _EC, "ES384", key_size=48, curve="P-384", signature_size=96),
    Algorithm("ES512", _EC, "ES512", key_size=66, curve="P-521", signature_size=132),
    Algorithm("ES256K", _EC, "ES256K", key_size=32, curve="secp256k1", signature_size=64),
    Algorithm("Ed25519", _OKP, "EdDSA", key_size=32, curve="Ed25519", signature_size=64, alias="EdDSA"),
    Algorithm("Ed448", _OKP, "EdDSA", key_size=57, curve="Ed448", signature_size=114, alias="EdDSA"),
    Algorithm("EdDSA", _OKP, "EdDSA", polymorphic=True),
    Algorithm("ML-DSA-44", _AKP, "MLDSA44", key_size=1312, signature_size=2420),
    Algorithm("ML-DSA-65", _AKP, "MLDSA65", key_size=1952, signature_size=3309),
    Algorithm("ML-DSA-87", _AKP, "MLDSA87", key_size=2592, signature_size=4627),
)

ALGORITHMS: Final[Mapping[str, Algorithm]] = MappingProxyType({row.name: row for row in _ROWS})
"""Every algorithm by its ``alg`` value."""


def algorithm_named(name: object) -> Algorithm:
    """Return the row of an algorithm the caller named.

    Raises:
        ConfigurationError: ``key.algorithm``: there is no such row.
    """
    row = ALGORITHMS.get(name) if isinstance(name, str) else None
    if row is None:
        raise ConfigurationError(
            f"no such signature algorithm; use one of {', '.join(ALGORITHMS)}", code="key.algorithm"
        )
    return row


def concrete(row: Algorithm) -> tuple[Algorithm, ...]:
    """Return the rows a polymorphic one stands for; any other stands for itself."""
    return tuple(other for other in _ROWS if other.alias == row.name) if row.polymorphic else (row,)


def algorithm_for_key(key: Any, alg: str | None, *, private: bool) -> Algorithm:
    """Return the row to use a `cryptography` key, or the bytes of a secret, with; never a polymorphic one.

    Args:
        key: The key.
        alg: The algorithm the caller named, or None for the only one that fits.
        private: Whether it must be a private key.

    Raises:
        ConfigurationError: ``key.algorithm``: none fits, or several do and `alg` is None.
    """
    wanted = _ROWS if alg is None else concrete(algorithm_named(alg))
    fitting = [row for row in wanted if not row.polymorphic and row.key_type.holds(key, row, private=private)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(row.name for row in fitting)
        raise ConfigurationError(
            "the key fits several algorithms", code="key.algorithm", hint=f"name one: {names}"
        )
    needed = " or ".join(row.kty if row.curve is None else f"{row.kty} on {row.curve}" for row in wanted)
    raise ConfigurationError(
        "no signature algorithm uses keys of this kind"
        if alg is None
        else f"{alg} needs a key of type {needed}; this one is of another type or curve",
        code="key.algorithm",
    )


@contextmanager
def foreign_errors(algorithm: Algorithm) -> Generator[None]:
    """Turn what the cryptography libraries raise about a key into `ConfigurationError`.

    Not chained: what they say may quote what they were given.

    Raises:
        ConfigurationError: ``key.unsupported``: this build of the libraries lacks the algorithm, as some
            distributions' builds lack ML-DSA or secp256k1.
    """
    try:
        yield
    except JWTKitError:
        raise
    except Exception:
        raise ConfigurationError(
            f"the cryptography library installed here cannot use this {algorithm.name} key",
            code="key.unsupported",
        ) from None


def algorithms_for(kty: Any, curve: Any = None) -> tuple[Algorithm, ...]:
    """Return the rows a key of this type, and on this curve, can be used with; polymorphic ones aside."""
    return tuple(
        row for row in _ROWS if not row.polymorphic and row.kty == kty and row.curve in (None, curve)
    )
