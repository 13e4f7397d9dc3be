"""Elliptic curve keys for ECDSA (RFC 7518 §6.2, RFC 8812)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from jwtkit.jose import base64url
from jwtkit.jose.key_types import engine
from jwtkit.jose.key_types.members import malformed, mismatch, octets

if TYPE_CHECKING:
    from jwtkit.jose.algorithms import Algorithm
    from jwtkit.jose.key_types.protocol import SignFunction, VerifyFunction

__all__ = ["ECKeyType"]

# What `cryptography` calls a curve, to what a JWK calls it.
_JWK_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp256k1": "secp256k1"}


class ECKeyType:
    """``kty`` EC: the algorithms ES*; the algorithm fixes the curve (RFC 7518 §3.4)."""

    kty: ClassVar[str] = "EC"
    symmetric: ClassVar[bool] = False
    private_names: ClassVar[frozenset[str]] = frozenset({"d"})

    def public_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read ``x`` and ``y``: full size, and a point of the curve."""
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicNumbers

        size = algorithm.key_size
        x, y = (int.from_bytes(octets(jwk, name, size=size), "big") for name in ("x", "y"))
        try:
            return EllipticCurvePublicNumbers(x, y, _curve(algorithm)).public_key()
        except ValueError:
            raise malformed(f"the JWK members 'x' and 'y' are not a point of {algorithm.curve}") from None

    def private_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read ``d``, full size, and compare its public half with ``x`` and ``y``."""
        from cryptography.hazmat.primitives.asymmetric.ec import derive_private_key

        public = self.public_from_jwk(jwk, algorithm)
        scalar = int.from_bytes(octets(jwk, "d", size=algorithm.key_size), "big")
        try:
            private = derive_private_key(scalar, _curve(algorithm))
        except ValueError:
            raise malformed("the JWK member 'd' is not a private key of its curve") from None
        if private.public_key().public_numbers() != public.public_numbers():
            raise mismatch("EC")
        return private

    def holds(self, key: Any, algorithm: Algorithm, *, private: bool) -> bool:
        """Say whether it is an EC key on the algorithm's curve."""
        from cryptography.hazmat.primitives.asymmetric.ec import (
            EllipticCurvePrivateKey,
            EllipticCurvePublicKey,
        )

        wanted = EllipticCurvePrivateKey if private else EllipticCurvePublicKey
        return isinstance(key, wanted) and _JWK_NAMES.get(key.curve.name) == algorithm.curve

    def check(self, public: Any, algorithm: Algorithm) -> None:
        """Refuse nothing: `cryptography` makes no public key that is not a point of its curve."""

    def public_of(self, private: Any) -> Any:
        """Return the public half."""
        return private.public_key()

    def public_members(self, public: Any, algorithm: Algorithm) -> dict[str, str]:
        """Return ``crv``, ``kty``, ``x`` and ``y``, the coordinates at full size."""
        numbers, size = public.public_numbers(), algorithm.key_size
        return {
            "crv": algorithm.curve or "",
            "kty": self.kty,
            "x": base64url.encode(numbers.x.to_bytes(size, "big")),
            "y": base64url.encode(numbers.y.to_bytes(size, "big")),
        }

    def private_members(self, private: Any) -> dict[str, str]:
        """Return ``d`` at full size."""
        scalar, size = private.private_numbers().private_value, (private.key_size + 7) // 8
        return {"d": base64url.encode(scalar.to_bytes(size, "big"))}

    def generate(self, algorithm: Algorithm) -> Any:
        """Make a key on the algorithm's curve."""
        from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key

        return generate_private_key(_curve(algorithm))

    def bind_verify(self, public: Any, algorithm: Algorithm) -> VerifyFunction:
        """Bind; a signature is r and s at full size (RFC 7518 §3.4).

        To `cryptography` directly: by PyJWT a check costs 5 % more (docs/adr/0009).
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        verify, size, scheme = public.verify, algorithm.key_size, ECDSA(engine.hash_of(algorithm))

        def verify_signature(signing_input: bytes, signature: bytes) -> bool:
            if len(signature) != 2 * size:
                return False
            r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
            try:
                verify(encode_dss_signature(r, s), signing_input, scheme)
            except InvalidSignature:
                return False
            return True

        return verify_signature

    def bind_sign(self, private: Any, algorithm: Algorithm) -> SignFunction:
        """Bind; as in `bind_verify` to `cryptography` directly: by PyJWT a signature costs 17 % more."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

        sign, size, scheme = private.sign, algorithm.key_size, ECDSA(engine.hash_of(algorithm))
        return lambda signing_input: _r_and_s(sign(signing_input, scheme), size)


def _r_and_s(der: bytes, size: int) -> bytes:
    """Return r and s at full size, from the DER form that `cryptography` has just written (RFC 3279 §2.2.3).

    That is a SEQUENCE of two INTEGERs, tag and length before each: longer than `size` by a zero octet where
    the first bit is set, shorter where the number is small. `decode_dss_signature` would make Python
    integers of them on the way, which costs 3 % of a P-256 signature.
    """
    r = 5 if der[1] > 0x80 else 4  # where it starts: for P-521 the length of the whole takes a second octet
    end = r + der[r - 1]
    return der[r:end][-size:].rjust(size, b"\0") + der[end + 2 :][-size:].rjust(size, b"\0")


def _curve(algorithm: Algorithm) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    native = next(native for native, name in _JWK_NAMES.items() if name == algorithm.curve)
    return getattr(ec, native.upper())()
