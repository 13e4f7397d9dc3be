"""The key that signs: one private key or shared secret, bound once to one algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, Self

from jwtkit.errors import ConfigurationError
from jwtkit.jose import pem
from jwtkit.jose.algorithms import Algorithm, algorithm_for_key, algorithm_named, concrete, foreign_errors
from jwtkit.jose.jwk import check_use, require_mapping, resolve_algorithms
from jwtkit.jose.key_types import SignFunction
from jwtkit.jose.verification_key import VerificationKey

__all__ = ["SigningKey"]


class SigningKey:
    """A private key, or a shared secret, that signs with one algorithm.

    Made by `generate`, `from_pem`, `from_jwk` or `from_secret`. Equal only to itself. Neither its `repr`
    nor any error shows key material, and it refuses to be pickled; only the methods named ``unsafe_``
    give it out.

    Attributes:
        alg: The JWS algorithm, as it is written into headers.
        kid: Its key id: as given, or the RFC 7638 thumbprint of its public half.
        sign: ``sign(signing_input: bytes) -> bytes``: the raw JWS signature; bound when the key is made.
        verification_key: What verifies its signatures. For a key asked to sign as ``EdDSA`` it has the
            curve's own name, and a `JWKSet` finds it by both (RFC 9864).
    """

    __slots__ = ("__weakref__", "_private", "_row", "alg", "kid", "sign", "verification_key")

    alg: str
    kid: str
    sign: SignFunction
    verification_key: VerificationKey
    _row: Algorithm
    _private: Any

    def __init__(self, *_: object, **__: object) -> None:
        raise ConfigurationError(
            "a SigningKey is made by SigningKey.generate, .from_pem, .from_jwk or .from_secret",
            code="key.constructor",
        )

    @classmethod
    def _bind(cls, row: Algorithm, private: Any, kid: object, *, alg: str | None = None) -> Self:
        """Make a key from material that `row` holds."""
        self = object.__new__(cls)
        verification_key = VerificationKey._bind(row, row.key_type.public_of(private), kid)
        values = {
            "alg": row.name if alg is None else alg,
            "kid": verification_key.kid,
            "sign": row.key_type.bind_sign(private, row),
            "verification_key": verification_key,
            "_row": row,
            "_private": private,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        return self

    @classmethod
    def generate(cls, alg: str, *, kid: str | None = None) -> Self:
        """Make a new key from the system's randomness.

        Args:
            alg: The JWS algorithm. RSA keys get 2048 bits; ``EdDSA`` makes an Ed25519 key.
            kid: The key id; the RFC 7638 thumbprint when None.

        Raises:
            ConfigurationError: ``key.algorithm``, ``key.kid``.
        """
        named = algorithm_named(alg)
        row = concrete(named)[0]
        with foreign_errors(row):
            private = row.key_type.generate(row)
        return cls._bind(row, private, kid, alg=named.name)

    @classmethod
    def from_pem(
        cls,
        data: str | bytes,
        *,
        alg: str | None = None,
        kid: str | None = None,
        password: str | bytes | None = None,
    ) -> Self:
        """Read a private key: PKCS#8, SEC1 or PKCS#1, encrypted or not.

        Args:
            data: PEM text.
            alg: The JWS algorithm; may be left out where the key has only one (EC, Ed25519, ML-DSA).
            kid: The key id; the RFC 7638 thumbprint when None.
            password: For an encrypted key.

        Raises:
            ConfigurationError: ``key.malformed``, ``key.public``, ``key.password``, ``key.algorithm``,
                ``key.weak``, ``key.kid``.
        """
        private = pem.read_private(data, password)
        return cls._bind(algorithm_for_key(private, alg, private=True), private, kid, alg=alg)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], *, alg: str | None = None) -> Self:
        """Read a private JWK, or one of a shared secret (RFC 7517).

        Args:
            jwk: The members; the private ones must match the public ones.
            alg: The algorithm, for a JWK that does not name its own.

        Raises:
            ConfigurationError: ``key.malformed``, ``key.public``, ``key.unsupported``, ``key.algorithm``,
                ``key.use``, ``key.weak``, ``key.mismatch``, ``key.kid``.
        """
        require_mapping(jwk)
        (row, *_), _open = resolve_algorithms(jwk, None if alg is None else (algorithm_named(alg).name,))
        check_use(jwk, "sign")
        if not any(name in jwk for name in row.key_type.private_names):
            raise ConfigurationError(
                "expected a private JWK, found only public members",
                code="key.public",
                hint="to verify only, use VerificationKey.from_jwk",
            )
        with foreign_errors(row):
            private = row.key_type.private_from_jwk(jwk, row)
        return cls._bind(row, private, jwk.get("kid"), alg=jwk.get("alg", alg))

    @classmethod
    def from_secret(cls, data: str | bytes, alg: str = "HS256", *, kid: str | None = None) -> Self:
        """Take a shared secret for HMAC.

        Args:
            data: At least as many random bytes as the hash has; a str is taken as UTF-8.
            alg: ``HS256``, ``HS384`` or ``HS512``.
            kid: The key id; the RFC 7638 thumbprint when None.

        Raises:
            ConfigurationError: ``key.malformed``, ``key.algorithm``, ``key.weak``, ``key.kid``.
        """
        try:
            secret = data.encode("utf-8") if isinstance(data, str) else data
        except UnicodeEncodeError:
            secret = None
        if not isinstance(secret, bytes):
            raise ConfigurationError("a secret must be bytes, or str in UTF-8", code="key.malformed")
        return cls._bind(algorithm_for_key(secret, alg, private=True), secret, kid)

    @property
    def symmetric(self) -> bool:
        """Whether this is a shared secret; whoever verifies with it can also sign."""
        return self._row.symmetric

    def thumbprint(self) -> str:
        """Return the SHA-256 thumbprint of the public half (RFC 7638)."""
        return self.verification_key.thumbprint()

    def unsafe_to_jwk(self) -> dict[str, Any]:
        """Return the private JWK: whoever reads it can sign tokens."""
        return {
            **self.verification_key.unsafe_to_jwk(),
            "alg": self.alg,
            **self._row.key_type.private_members(self._private),
        }

    def unsafe_to_pem(self, *, password: str | bytes | None = None) -> str:
        """Return the private key as PKCS#8 PEM: whoever reads it can sign tokens.

        Args:
            password: Encrypts it; None writes it in the clear.

        Raises:
            ConfigurationError: ``key.secret``: a shared secret has no PEM form; ``key.password``.
        """
        if self.symmetric:
            raise ConfigurationError(
                "a shared secret has no PEM form; unsafe_to_jwk() writes it as a JWK", code="key.secret"
            )
        return pem.write_private(self._private, password)

    def __repr__(self) -> str:
        return f"SigningKey(alg={self.alg!r}, kid={self.kid!r})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a SigningKey cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a SigningKey cannot be changed")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key cannot be pickled: load it again from where it is kept")
