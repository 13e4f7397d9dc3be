"""Algorithm key pairs: ML-DSA (RFC 9964, FIPS 204)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from jwtkit.jose import base64url
from jwtkit.jose.key_types import engine
from jwtkit.jose.key_types.members import mismatch, octets

if TYPE_CHECKING:
    from jwtkit.jose.algorithms import Algorithm
    from jwtkit.jose.key_types.protocol import SignFunction, VerifyFunction

__all__ = ["AKPKeyType"]

_SEED_SIZE = 32


class AKPKeyType:
    """``kty`` AKP: keys bound to one algorithm by their own ``alg`` member."""

    kty: ClassVar[str] = "AKP"
    symmetric: ClassVar[bool] = False
    private_names: ClassVar[frozenset[str]] = frozenset({"priv"})

    def public_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read ``pub``."""
        data = octets(jwk, "pub", size=algorithm.key_size)
        return _native(algorithm, "PublicKey").from_public_bytes(data)

    def private_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read ``priv``, the seed of 32 bytes, and compare its public half with ``pub``."""
        public = self.public_from_jwk(jwk, algorithm)
        private = _native(algorithm, "PrivateKey").from_seed_bytes(octets(jwk, "priv", size=_SEED_SIZE))
        if private.public_key() != public:
            raise mismatch(algorithm.name)
        return private

    def holds(self, key: Any, algorithm: Algorithm, *, private: bool) -> bool:
        """Say whether it is a key of the algorithm's parameter set."""
        return isinstance(key, _native(algorithm, "PrivateKey" if private else "PublicKey"))

    def check(self, public: Any, algorithm: Algorithm) -> None:
        """Refuse nothing: every string of the right length is a public key (FIPS 204 §7.2)."""

    def public_of(self, private: Any) -> Any:
        """Return the public half."""
        return private.public_key()

    def public_members(self, public: Any, algorithm: Algorithm) -> dict[str, str]:
        """Return ``alg``, ``kty`` and ``pub`` (RFC 9964 §6)."""
        data = public.public_bytes_raw()
        return {"alg": algorithm.name, "kty": self.kty, "pub": base64url.encode(data)}

    def private_members(self, private: Any) -> dict[str, str]:
        """Return ``priv``: the seed."""
        return {"priv": base64url.encode(private.private_bytes_raw())}

    def generate(self, algorithm: Algorithm) -> Any:
        """Make a key."""
        return _native(algorithm, "PrivateKey").generate()

    def bind_verify(self, public: Any, algorithm: Algorithm) -> VerifyFunction:
        """Bind, with the empty context string (RFC 9964)."""
        return engine.bind_directly(public.verify, algorithm.signature_size)

    def bind_sign(self, private: Any, algorithm: Algorithm) -> SignFunction:
        """Bind, with the empty context string (RFC 9964)."""
        sign: SignFunction = private.sign
        return sign


def _native(algorithm: Algorithm, half: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    return getattr(mldsa, algorithm.engine + half)
