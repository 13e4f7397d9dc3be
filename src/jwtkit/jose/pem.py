"""Read PEM: PKCS#8, SEC1, PKCS#1, SPKI and X.509 (RFC 7468), and nothing that is not a signature key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jwtkit.errors import ConfigurationError

__all__ = ["read_private", "read_public", "write_private"]


def read_public(data: str | bytes) -> Any:
    """Read the public key of a PEM: SPKI, PKCS#1 or an X.509 certificate (whose signature is not judged).

    Raises:
        ConfigurationError: ``key.malformed``: cannot be read; ``key.private``: a private key.
    """
    pem = _to_bytes(data)
    if b"PRIVATE KEY-----" in pem:
        raise ConfigurationError(
            "expected a public key, found a private one",
            code="key.private",
            hint="use SigningKey.from_pem(...).verification_key",
        )
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    if b"-----BEGIN CERTIFICATE-----" in pem:
        return _read(lambda: load_pem_x509_certificate(pem).public_key())
    return _read(lambda: load_pem_public_key(pem))


def read_private(data: str | bytes, password: str | bytes | None) -> Any:
    """Read the private key of a PEM: PKCS#8, SEC1 or PKCS#1, encrypted or not.

    Raises:
        ConfigurationError: ``key.malformed``: cannot be read; ``key.public``: a public key or certificate;
            ``key.password``: a password is missing, wrong, or given for a key that is not encrypted.
    """
    pem = _to_bytes(data)
    if b"PRIVATE KEY-----" not in pem and b"-----BEGIN " in pem:
        raise ConfigurationError(
            "expected a private key, found a public key or certificate",
            code="key.public",
            hint="to verify only, use VerificationKey.from_pem",
        )
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    secret = _secret(password)
    try:
        return _read(lambda: load_pem_private_key(pem, secret))
    except TypeError:
        raise ConfigurationError(
            "the private key is encrypted; give password="
            if password is None
            else "a password was given, but the private key is not encrypted",
            code="key.password",
        ) from None
    except ConfigurationError:
        if password is None:
            raise
        raise ConfigurationError(
            "the private key cannot be read with this password", code="key.password"
        ) from None


def write_private(private: Any, password: str | bytes | None) -> str:
    """Write a private key as PKCS#8 PEM, encrypted when a password is given.

    Raises:
        ConfigurationError: ``key.password``: an empty password.
    """
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    secret = _secret(password)
    if secret is not None and not 0 < len(secret) <= 1023:
        raise ConfigurationError(
            "a password must have 1 to 1023 bytes; pass None to write the key unencrypted",
            code="key.password",
        )
    protection = NoEncryption() if secret is None else BestAvailableEncryption(secret)
    pem: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    return pem.decode("ascii")


def _to_bytes(data: object) -> bytes:
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    if not isinstance(data, bytes):
        raise ConfigurationError("a PEM key must be str or bytes", code="key.malformed")
    return data


def _secret(password: object) -> bytes | None:
    try:
        secret = password.encode("utf-8") if isinstance(password, str) else password
    except UnicodeEncodeError:
        secret = False
    if secret is not None and not isinstance(secret, bytes):
        raise ConfigurationError("a password must be bytes, or str in UTF-8", code="key.password")
    return secret


def _read(load: Callable[[], Any]) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load()
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(
            "the text is not a PEM key that can be read",
            code="key.malformed",
            hint="expected -----BEGIN ... KEY----- or -----BEGIN CERTIFICATE-----",
        ) from None
