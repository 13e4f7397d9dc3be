"""Recognise an asymmetric key that was handed over as an HMAC secret (RFC 8725 §2.1 and §3.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["looks_like_a_key"]

_SSH_PREFIXES: Final = (b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-", b"SSHSIG")
_DER_SEQUENCE: Final = 0x30


def looks_like_a_key(secret: bytes) -> bool:
    """Say whether `secret` is the text or the DER of a key or certificate, public or private."""
    text = secret.strip()
    if b"-----BEGIN " in text or b"---- BEGIN " in text or text.startswith(_SSH_PREFIXES):
        return True
    if text.startswith((b"{", b"[")) and (b'"kty"' in text or b'"keys"' in text):
        return True
    return _is_der_shaped(secret) and _is_der_key(secret)


def _is_der_shaped(data: bytes) -> bool:
    """Say whether the bytes are exactly one DER sequence, which keeps `cryptography` unloaded for most."""
    if len(data) < 4 or data[0] != _DER_SEQUENCE:
        return False
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    return start + length == len(data)


def _is_der_key(data: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
    from cryptography.x509 import load_der_x509_certificate

    loads: tuple[Callable[[], object], ...] = (
        lambda: load_der_public_key(data),
        lambda: load_der_x509_certificate(data),
        lambda: load_der_private_key(data, password=None),
    )
    for load in loads:
        try:
            load()
        except ValueError:
            continue
        except (TypeError, UnsupportedAlgorithm):
            return True  # encrypted, or of a kind the backend lacks: a key all the same
        return True
    return False
