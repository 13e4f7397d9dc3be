"""JWK thumbprints (RFC 7638)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from jwtkit.jose import base64url, strict_json

__all__ = ["thumbprint"]


def thumbprint(members: Mapping[str, str]) -> str:
    """Return the SHA-256 thumbprint of a key.

    For a symmetric key it is a hash of the secret (RFC 7638 §7). That gives nothing away that a token
    does not: whoever holds one can test guesses against its MAC just as well, and secrets shorter than
    the hash are refused.

    Args:
        members: Exactly the members that RFC 7638 §3.2, RFC 8037 §2 or RFC 9964 §6 require.

    Returns:
        43 base64url characters.
    """
    return base64url.encode(hashlib.sha256(strict_json.dump_object(dict(sorted(members.items())))).digest())
