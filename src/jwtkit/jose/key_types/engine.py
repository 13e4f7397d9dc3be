"""PyJWT's algorithm objects: they verify for the OKP rows, and name the hash of the RSA and EC rows.

PyJWT and `cryptography` are imported when the first such key is bound, never by ``import jwtkit``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jwtkit.jose.algorithms import Algorithm
    from jwtkit.jose.key_types.protocol import VerifyFunction

__all__ = ["bind_verify", "hash_of"]


def _engine(algorithm: Algorithm) -> Any:
    from jwt.algorithms import get_default_algorithms

    return get_default_algorithms()[algorithm.engine]


def bind_verify(public: Any, algorithm: Algorithm, signature_size: int) -> VerifyFunction:
    """Bind one public key.

    The length is checked before the engine sees the signature: encodings of other lengths are invalid
    (RFC 7518 §3.3, §3.4; RFC 8037 §3.1), and no engine need be trusted to agree.
    """
    verify = _engine(algorithm).verify

    def verify_signature(signing_input: bytes, signature: bytes) -> bool:
        return len(signature) == signature_size and verify(signing_input, public, signature)

    return verify_signature


def hash_of(algorithm: Algorithm) -> Any:
    """Return the hash of one row, as `cryptography` takes it."""
    return _engine(algorithm).hash_alg()
