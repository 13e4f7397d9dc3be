"""Octet sequences: secrets for HMAC (RFC 7518 §6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from jwtkit.jose import base64url
from jwtkit.jose.key_types.members import octets, weak
from jwtkit.jose.key_types.secret_shape import looks_like_a_key
from jwtkit.jose.mac import bind_mac

if TYPE_CHECKING:
    from jwtkit.jose.algorithms import Algorithm
    from jwtkit.jose.key_types.protocol import SignFunction, VerifyFunction

__all__ = ["OctetKeyType"]


class OctetKeyType:
    """``kty`` oct: the algorithms HS*. Public and private half are the same secret."""

    kty: ClassVar[str] = "oct"
    symmetric: ClassVar[bool] = True
    private_names: ClassVar[frozenset[str]] = frozenset({"k"})

    def public_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read ``k``."""
        return octets(jwk, "k")

    def private_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read ``k``."""
        return self.public_from_jwk(jwk, algorithm)

    def holds(self, key: Any, algorithm: Algorithm, *, private: bool) -> bool:
        """Say whether it is bytes."""
        return isinstance(key, bytes)

    def check(self, public: Any, algorithm: Algorithm) -> None:
        """Refuse a secret shorter than the hash (RFC 7518 §3.2) and one that is a key of another kind.

        A public key used as HMAC secret is known to everyone, which is how tokens are forged where the
        same text is configured for RS256 and HS256 (RFC 8725 §2.1).
        """
        if looks_like_a_key(public):
            raise weak(
                f"{algorithm.name} needs a random secret; this is a PEM, SSH, DER or JWK key",
                "load it with from_pem or from_jwk and an asymmetric algorithm",
            )
        if len(public) < algorithm.key_size:
            raise weak(
                f"{algorithm.name} needs a secret of at least {algorithm.key_size} bytes "
                f"(RFC 7518 section 3.2); this one has {len(public)}",
                f"make one with SigningKey.generate({algorithm.name!r})",
            )

    def public_of(self, private: Any) -> Any:
        """Return the same secret."""
        return private

    def public_members(self, public: Any, algorithm: Algorithm) -> dict[str, str]:
        """Return ``k`` and ``kty``; for a thumbprint and the ``unsafe_`` export only."""
        return {"k": base64url.encode(public), "kty": self.kty}

    def private_members(self, private: Any) -> dict[str, str]:
        """Return nothing: ``k`` is already among the public members."""
        return {}

    def generate(self, algorithm: Algorithm) -> Any:
        """Make a secret as long as the hash."""
        from secrets import token_bytes  # noqa: TID251 - `generate` is what may draw randomness

        return token_bytes(algorithm.key_size)

    def bind_verify(self, public: Any, algorithm: Algorithm) -> VerifyFunction:
        """Bind."""
        return bind_mac(public, algorithm.engine)[1]

    def bind_sign(self, private: Any, algorithm: Algorithm) -> SignFunction:
        """Bind."""
        return bind_mac(private, algorithm.engine)[0]
