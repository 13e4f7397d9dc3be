"""What the signatures are checked by: PyJWT's algorithm objects, or `cryptography` directly (docs/adr/0009).

PyJWT's verify for the OKP rows, and name the hash of the RSA and EC rows. Both are imported when the first
such key is bound, never by ``import jwtkit``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jwtkit.jose.algorithms import Algorithm
    from jwtkit.jose.key_types.protocol import VerifyFunction

__all__ = ["bind_directly", "bind_verify", "hash_of"]


def _engine(algorithm: Algorithm) -> Any:
    from jwt.algorithms import get_default_algorithms

    return get_default_algorithms()[algorithm.engine]


def bind_verify(public: Any, algorithm: Algorithm, signature_size: int) -> VerifyFunction:
    """Bind one public key to PyJWT's engine.

    The length is checked before the engine sees the signature: encodings of other lengths are invalid
    (RFC 7518 §3.3, §3.4; RFC 8037 §3.1), and no engine need be trusted to agree.
    """
    verify = _engine(algorithm).verify

    def verify_signature(signing_input: bytes, signature: bytes) -> bool:
        return len(signature) == signature_size and verify(signing_input, public, signature)

    return verify_signature


def bind_directly(verify: Callable[..., None], signature_size: int, *scheme: Any) -> VerifyFunction:
    """Bind the ``verify`` of one of `cryptography`'s public keys; the length is checked first here too.

    Args:
        verify: Takes signature and data, and raises ``InvalidSignature``.
        signature_size: How long a signature is, in bytes.
        scheme: What `verify` takes after the data, made once: padding and hash for RSA, nothing for ML-DSA.
    """
    from cryptography.exceptions import InvalidSignature

    def verify_signature(signing_input: bytes, signature: bytes) -> bool:
        if len(signature) != signature_size:
            return False
        try:
            verify(signature, signing_input, *scheme)
        except InvalidSignature:
            return False
        return True

    return verify_signature


def hash_of(algorithm: Algorithm) -> Any:
    """Return the hash of one row, as `cryptography` takes it."""
    return _engine(algorithm).hash_alg()
