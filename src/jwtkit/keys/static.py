"""Keys that do not change: one that signs and any number that verify, and what ``keys=`` accepts."""

from __future__ import annotations

from typing import Any

from jwtkit.errors import ConfigurationError
from jwtkit.jose import JWKSet, SigningKey, VerificationKey
from jwtkit.keys.protocols import Signer, SigningKeyStore, VerificationKeyStore

__all__ = ["StaticKeyStore", "signing_store", "verification_store"]


class StaticKeyStore:
    """Signs with one key and believes it and the others, for as long as the process lives.

    Args:
        signing_key: The key that signs.
        verification_keys: Further keys to believe, such as the one before the last rotation.

    Raises:
        ConfigurationError: Not keys, two different keys of one kid and algorithm, or symmetric and
            asymmetric keys together.
    """

    __slots__ = ("_key_set", "_signing_key")

    def __init__(self, signing_key: SigningKey, /, *verification_keys: VerificationKey) -> None:
        if not isinstance(signing_key, SigningKey):
            raise ConfigurationError("the first key must be a SigningKey; to verify only, pass a JWKSet")
        if not all(isinstance(key, VerificationKey) for key in verification_keys):
            raise ConfigurationError(
                "further keys must be VerificationKeys: pass signing_key.verification_key"
            )
        self._signing_key = signing_key
        self._key_set = JWKSet([signing_key.verification_key, *verification_keys])

    def signer(self) -> Signer:
        """Return the signing key."""
        return self._signing_key

    def key_set(self) -> JWKSet:
        """Return every key to believe."""
        return self._key_set

    def __repr__(self) -> str:
        return f"StaticKeyStore({self._signing_key.kid!r}, {len(self._key_set)} to verify)"


class _FixedKeySet:
    """A JWK Set as a store."""

    __slots__ = ("_key_set",)

    def __init__(self, key_set: JWKSet) -> None:
        self._key_set = key_set

    def key_set(self) -> JWKSet:
        return self._key_set


def signing_store(keys: Any) -> SigningKeyStore:
    """Return what ``keys=`` of an issuer means: a `SigningKey`, or a store that has a signer.

    Raises:
        ConfigurationError: It cannot sign.
    """
    if isinstance(keys, SigningKey):
        return StaticKeyStore(keys)
    if isinstance(keys, VerificationKey | JWKSet):
        raise ConfigurationError(
            f"a {type(keys).__name__} cannot sign: give the issuer a SigningKey or a signing key store"
        )
    if not isinstance(keys, type) and isinstance(keys, SigningKeyStore):
        return keys
    raise ConfigurationError("keys must be a SigningKey or a key store with signer()")


def verification_store(keys: Any) -> VerificationKeyStore:
    """Return what ``keys=`` of a validator means: a key, a JWK Set, or a store that has a key set.

    Raises:
        ConfigurationError: It verifies nothing.
    """
    if isinstance(keys, SigningKey):
        keys = keys.verification_key
    if isinstance(keys, VerificationKey):
        keys = JWKSet([keys])
    if isinstance(keys, JWKSet):
        if not len(keys):
            raise ConfigurationError("the JWK Set holds no usable key: see its .skipped")
        return _FixedKeySet(keys)
    if not isinstance(keys, type) and isinstance(keys, VerificationKeyStore):
        return keys
    raise ConfigurationError(
        "keys must be a SigningKey, a VerificationKey, a JWKSet or a key store with key_set()"
    )
