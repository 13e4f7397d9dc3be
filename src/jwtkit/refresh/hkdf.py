"""HKDF with SHA-256 (RFC 5869), so that deriving a few keys loads no cryptography package."""

from __future__ import annotations

import hmac
from typing import Final

__all__ = ["hkdf_sha256"]

_HASH_SIZE: Final = 32


def hkdf_sha256(key: bytes, *, info: bytes, salt: bytes = b"", length: int = _HASH_SIZE) -> bytes:
    """Derive a key from another one (RFC 5869 §2).

    Args:
        key: The input keying material.
        info: What the derived key is for; another purpose gives an unrelated key.
        salt: Mixed into the extraction; empty stands for 32 zero bytes (RFC 5869 §2.2).
        length: How many bytes to derive, at most 8160.

    Returns:
        The output keying material.
    """
    pseudorandom_key = hmac.digest(salt or bytes(_HASH_SIZE), key, "sha256")
    derived = block = b""
    for counter in range(1, -(-length // _HASH_SIZE) + 1):
        block = hmac.digest(pseudorandom_key, block + info + bytes([counter]), "sha256")
        derived += block
    return derived[:length]
