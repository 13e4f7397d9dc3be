"""The fixed-size keys under which rows are found."""

from __future__ import annotations

from hashlib import sha256

from jwtkit.refresh.protocols import EpochScope

__all__ = ["scope_key", "secret_key", "session_key", "token_key"]


def session_key(session_id: str) -> bytes:
    """Return the key of a session."""
    return _key("session", session_id)


def scope_key(scope: EpochScope) -> bytes:
    """Return the key of a scope of revocation; that of a subject also finds the subject's sessions."""
    return _key("scope", scope.issuer, scope.kind, scope.name)


def secret_key(issuer: str, key_id: str) -> bytes:
    """Return the key of one rotation secret of an issuer."""
    return _key("secret", issuer, key_id)


def token_key(issuer: str, token_id: str) -> bytes:
    """Return the key of one access token."""
    return _key("token", issuer, token_id)


def _key(kind: str, *texts: str) -> bytes:
    """Return 128 bits of SHA-256 over the texts, each with its length before it.

    A text itself makes a poor key: collations fold case and trailing blanks, and no engine indexes one of any
    length. To find two texts of one key takes 2**64 tries and yields two names of one's own that are logged
    out together; to find a second text for the key of somebody else takes 2**128. A lone surrogate is in no
    row, but may be looked for.
    """
    digest = sha256(kind.encode())
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.digest()[:16]
