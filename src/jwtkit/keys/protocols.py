"""What jwtkit asks of whatever holds the keys.

One ability, one protocol. A store that can learn of a new key says so by also being `Refreshable`;
everything else stays a one-method interface.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jwtkit.jose import JWKSet

__all__ = [
    "AsyncRefreshable",
    "AsyncSigner",
    "AsyncSigningKeyStore",
    "Refreshable",
    "Signer",
    "SigningKeyStore",
    "VerificationKeyStore",
]


@runtime_checkable
class Signer(Protocol):
    """Something that signs with one key and one algorithm; a `jwtkit.SigningKey` is one."""

    @property
    def alg(self) -> str:
        """The JWS algorithm it signs with (RFC 7515 §4.1.1)."""
        ...

    @property
    def kid(self) -> str:
        """The key id that goes into the header (RFC 7515 §4.1.4)."""
        ...

    def sign(self, signing_input: bytes, /) -> bytes:
        """Sign the bytes and return the raw JWS signature.

        Raises:
            KeysUnavailableError: The key cannot be reached now.
        """
        ...


@runtime_checkable
class SigningKeyStore(Protocol):
    """Knows which key signs now."""

    def signer(self) -> Signer:
        """Return the signer to use for the next token.

        Raises:
            KeysUnavailableError: No signer can be had now.
        """
        ...


class AsyncSigner(Protocol):
    """As `Signer`, for a key that lives behind a network."""

    @property
    def alg(self) -> str:
        """The JWS algorithm it signs with."""
        ...

    @property
    def kid(self) -> str:
        """The key id that goes into the header."""
        ...

    async def sign(self, signing_input: bytes, /) -> bytes:
        """Sign the bytes (see `Signer.sign`)."""
        ...


class AsyncSigningKeyStore(Protocol):
    """As `SigningKeyStore`, for signers that are awaited."""

    def signer(self) -> AsyncSigner:
        """Return the signer to use for the next token (see `SigningKeyStore.signer`)."""
        ...


@runtime_checkable
class VerificationKeyStore(Protocol):
    """Knows which keys are believed now."""

    def key_set(self) -> JWKSet:
        """Return an immutable snapshot; never blocks once warm.

        The same object is returned until the keys change: a validator keeps what it learned from a
        snapshot for as long as it is handed that very object.

        Raises:
            KeysUnavailableError: No keys can be had now.
        """
        ...


@runtime_checkable
class Refreshable(Protocol):
    """A verification key store that may learn of a key it does not hold yet."""

    def refresh(self, kid: str, /) -> None:
        """Look for `kid` once; returns normally when a later `key_set()` is the best answer.

        Raises:
            KeysUnavailableError: The source could not be asked, so nothing is known of `kid`.
        """


@runtime_checkable
class AsyncRefreshable(Protocol):
    """As `Refreshable`, for a store whose source is awaited."""

    async def refresh(self, kid: str, /) -> None:
        """Look for `kid` once (see `Refreshable.refresh`)."""
