"""What jwtkit asks of a key type: read, check, write, make and bind its keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from jwtkit.jose.algorithms import Algorithm

__all__ = ["KeyType", "SignFunction", "VerifyFunction"]


class SignFunction(Protocol):
    """Signs bytes; a protocol and not a `Callable`, which type checkers would bind as a method."""

    def __call__(self, signing_input: bytes, /) -> bytes:
        """Return the raw JWS signature."""
        ...


class VerifyFunction(Protocol):
    """Says whether a raw JWS signature holds over bytes."""

    def __call__(self, signing_input: bytes, signature: bytes, /) -> bool:
        """Return whether it holds."""
        ...


class KeyType(Protocol):
    """One ``kty``. Its keys are `cryptography` objects; a symmetric one is its secret bytes.

    Every method raises `ConfigurationError` and nothing else, and its messages hold no key material.

    Attributes:
        kty: The name in a JWK (RFC 7517 §4.1).
        symmetric: Whether the key that verifies also signs.
        private_names: The JWK members only a private key has.
    """

    kty: ClassVar[str]
    symmetric: ClassVar[bool]
    private_names: ClassVar[frozenset[str]]

    def public_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read the public half of a JWK; the members that are not its own are left alone."""
        ...

    def private_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read the private key of a JWK, whose public members must match it."""
        ...

    def holds(self, key: Any, algorithm: Algorithm, *, private: bool) -> bool:
        """Say whether `key` is of the type and curve the algorithm needs; anything may be asked about."""
        ...

    def check(self, public: Any, algorithm: Algorithm) -> None:
        """Refuse a weak key of the right type (``key.weak``), and a public key that is none."""
        ...

    def public_of(self, private: Any) -> Any:
        """Return the public half."""
        ...

    def public_members(self, public: Any, algorithm: Algorithm) -> dict[str, str]:
        """Return the JWK members that RFC 7638 hashes, in that order: the whole public key."""
        ...

    def private_members(self, private: Any) -> dict[str, str]:
        """Return the JWK members to add for the private key."""
        ...

    def generate(self, algorithm: Algorithm) -> Any:
        """Make a new private key from the system's randomness."""
        ...

    def bind_verify(self, public: Any, algorithm: Algorithm) -> VerifyFunction:
        """Return ``verify(signing_input, signature)``: True or False for any bytes, in any thread."""
        ...

    def bind_sign(self, private: Any, algorithm: Algorithm) -> SignFunction:
        """Return ``sign(signing_input)``, safe in any thread."""
        ...
