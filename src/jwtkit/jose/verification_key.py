"""The key that verifies: bound once to one algorithm, immutable, safe to share between threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, Self

from jwtkit.errors import ConfigurationError
from jwtkit.jose import pem
from jwtkit.jose.algorithms import Algorithm, algorithm_for_key, algorithm_named, foreign_errors
from jwtkit.jose.jwk import check_kid, check_use, refuse_private_members, require_mapping, resolve_algorithms
from jwtkit.jose.key_types import VerifyFunction
from jwtkit.jose.thumbprint import thumbprint

__all__ = ["VerificationKey"]


class VerificationKey:
    """A public key, or a shared secret, that verifies signatures of one algorithm.

    Made by `from_pem`, `from_jwk` or `SigningKey.verification_key`. Two are equal when algorithm, key id
    and key material are. A public one can be pickled; a shared secret cannot.

    Attributes:
        alg: The one JWS algorithm it is used with (RFC 8725 §3.1).
        kid: Its key id: as given, or the RFC 7638 thumbprint.
        verify: ``verify(signing_input: bytes, signature: bytes) -> bool``; bound when the key is made.
            Any bytes as signature are answered with True or False, never with an exception.
    """

    __slots__ = ("__weakref__", "_members", "_public", "_row", "_thumbprint", "alg", "kid", "verify")

    alg: str
    kid: str
    verify: VerifyFunction
    _row: Algorithm
    _public: Any
    _members: dict[str, str]
    _thumbprint: str

    def __init__(self, *_: object, **__: object) -> None:
        raise ConfigurationError(
            "a VerificationKey is made by VerificationKey.from_pem, .from_jwk or SigningKey.verification_key",
            code="key.constructor",
        )

    @classmethod
    def _bind(cls, row: Algorithm, public: Any, kid: object) -> Self:
        """Make a key from material that `row` holds; the one place every key is checked."""
        row.key_type.check(public, row)
        self = object.__new__(cls)
        members = row.key_type.public_members(public, row)
        print_ = thumbprint(members)
        values = {
            "alg": row.name,
            "kid": print_ if kid is None else check_kid(kid),
            "verify": row.key_type.bind_verify(public, row),
            "_row": row,
            "_public": public,
            "_members": members,
            "_thumbprint": print_,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        return self

    @classmethod
    def from_pem(cls, data: str | bytes, *, alg: str | None = None, kid: str | None = None) -> Self:
        """Read a public key or X.509 certificate.

        Only the certificate's key is used: neither its dates nor its issuer are judged.

        Args:
            data: PEM text.
            alg: The JWS algorithm; may be left out where the key has only one (EC, Ed25519, ML-DSA).
            kid: The key id; the RFC 7638 thumbprint when None.

        Raises:
            ConfigurationError: ``key.malformed``, ``key.private``, ``key.algorithm``, ``key.weak``,
                ``key.kid``.
        """
        public = pem.read_public(data)
        return cls._bind(algorithm_for_key(public, alg, private=False), public, kid)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], *, alg: str | None = None) -> Self:
        """Read a public JWK, or one of a shared secret (RFC 7517).

        Args:
            jwk: The members; private ones are refused.
            alg: The algorithm, for a JWK that does not name its own.

        Raises:
            ConfigurationError: ``key.malformed``, ``key.private``, ``key.unsupported``, ``key.algorithm``,
                ``key.use``, ``key.weak``, ``key.kid``.
        """
        require_mapping(jwk)
        (row, *_), _open = resolve_algorithms(jwk, None if alg is None else (algorithm_named(alg).name,))
        return cls._from_checked_jwk(jwk, row)

    @classmethod
    def _from_checked_jwk(cls, jwk: Mapping[str, Any], row: Algorithm) -> Self:
        check_use(jwk, "verify")
        refuse_private_members(jwk, row)
        with foreign_errors(row):
            public = row.key_type.public_from_jwk(jwk, row)
        return cls._bind(row, public, jwk.get("kid"))

    def _rebound(self, row: Algorithm) -> Self:
        """Return the same RSA key or secret for another algorithm."""
        return self if row is self._row else self._bind(row, self._public, self.kid)

    @property
    def kty(self) -> str:
        """The JWK key type (RFC 7517 §4.1)."""
        return self._row.kty

    @property
    def symmetric(self) -> bool:
        """Whether this is a shared secret, which can also sign."""
        return self._row.symmetric

    def thumbprint(self) -> str:
        """Return the SHA-256 thumbprint of the key material (RFC 7638)."""
        return self._thumbprint

    def to_jwk(self) -> dict[str, Any]:
        """Return the public JWK: its key members, ``kid``, ``alg`` and ``use``.

        Raises:
            ConfigurationError: ``key.secret``: a shared secret has no public JWK.
        """
        if self.symmetric:
            raise ConfigurationError(
                "a shared secret has no public JWK; unsafe_to_jwk() writes the secret itself",
                code="key.secret",
            )
        return self.unsafe_to_jwk()

    def unsafe_to_jwk(self) -> dict[str, Any]:
        """Return the JWK even of a shared secret: whoever reads that can sign tokens."""
        return {**self._members, "kid": self.kid, "alg": self.alg, "use": "sig"}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VerificationKey):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[str, str, str]:
        return self.alg, self.kid, self._thumbprint

    def __repr__(self) -> str:
        return f"VerificationKey(alg={self.alg!r}, kid={self.kid!r})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a VerificationKey cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a VerificationKey cannot be changed")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self.symmetric:
            raise TypeError("a shared secret cannot be pickled: load it again from where it is kept")
        return type(self).from_jwk, (self.to_jwk(),)
