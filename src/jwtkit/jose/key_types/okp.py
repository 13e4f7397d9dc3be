"""Edwards curve keys for EdDSA (RFC 8037, RFC 9864)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from jwtkit.jose import base64url
from jwtkit.jose.key_types import engine
from jwtkit.jose.key_types.edwards import check_edwards_point
from jwtkit.jose.key_types.members import mismatch, octets

if TYPE_CHECKING:
    from jwtkit.jose.algorithms import Algorithm
    from jwtkit.jose.key_types.protocol import SignFunction, VerifyFunction

__all__ = ["OKPKeyType"]


class OKPKeyType:
    """``kty`` OKP: Ed25519 and Ed448. X25519 and X448 cannot sign and are refused."""

    kty: ClassVar[str] = "OKP"
    symmetric: ClassVar[bool] = False
    private_names: ClassVar[frozenset[str]] = frozenset({"d"})

    def public_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read ``x``."""
        return _native(algorithm, "PublicKey").from_public_bytes(octets(jwk, "x", size=algorithm.key_size))

    def private_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read ``d`` and compare its public half with ``x``."""
        public = self.public_from_jwk(jwk, algorithm)
        seed = octets(jwk, "d", size=algorithm.key_size)
        private = _native(algorithm, "PrivateKey").from_private_bytes(seed)
        if private.public_key() != public:
            raise mismatch(algorithm.name)
        return private

    def holds(self, key: Any, algorithm: Algorithm, *, private: bool) -> bool:
        """Say whether it is a key on the algorithm's curve."""
        return isinstance(key, _native(algorithm, "PrivateKey" if private else "PublicKey"))

    def check(self, public: Any, algorithm: Algorithm) -> None:
        """Refuse small-order points, second encodings, and what is not on the curve."""
        check_edwards_point(public.public_bytes_raw(), algorithm.name)

    def public_of(self, private: Any) -> Any:
        """Return the public half."""
        return private.public_key()

    def public_members(self, public: Any, algorithm: Algorithm) -> dict[str, str]:
        """Return ``crv``, ``kty`` and ``x``."""
        return {
            "crv": algorithm.curve or "",
            "kty": self.kty,
            "x": base64url.encode(public.public_bytes_raw()),
        }

    def private_members(self, private: Any) -> dict[str, str]:
        """Return ``d``."""
        return {"d": base64url.encode(private.private_bytes_raw())}

    def generate(self, algorithm: Algorithm) -> Any:
        """Make a key."""
        return _native(algorithm, "PrivateKey").generate()

    def bind_verify(self, public: Any, algorithm: Algorithm) -> VerifyFunction:
        """Bind; a signature is twice as long as a public key (RFC 8032 §5.1.6, §5.2.6)."""
        return engine.bind_verify(public, algorithm, 2 * algorithm.key_size)

    def bind_sign(self, private: Any, algorithm: Algorithm) -> SignFunction:
        """Bind."""
        sign: SignFunction = private.sign
        return sign


def _native(algorithm: Algorithm, half: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

    module = {"Ed25519": ed25519, "Ed448": ed448}[algorithm.curve or ""]
    return getattr(module, f"{algorithm.curve}{half}")
