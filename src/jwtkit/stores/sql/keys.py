"""The fixed-size keys under which rows are found, the same in Django's store: this needs no SQLAlchemy."""

from __future__ import annotations

from hashlib import sha256

from jwtkit.refresh.protocols import EpochScope

__all__ = [
    "LAST_EPOCH",
    "issuer_key",
    "last_epoch_key",
    "scope_key",
    "secret_key",
    "session_key",
    "subject_key",
    "tenant_key",
    "token_key",
]

LAST_EPOCH = "last"
"""The kind of the row that holds the last epoch an issuer gave out; no scope is of this kind."""


def session_key(session_id: str) -> bytes:
    """Return the key of a session."""
    return _key("session", session_id)


def scope_key(scope: EpochScope) -> bytes:
    """Return the key of a scope of revocation: that of everyone, of a tenant or of a subject."""
    return _key("scope", scope.issuer, scope.kind, scope.name)


def issuer_key(issuer: str) -> bytes:
    """Return the key of everyone of an issuer."""
    return _key("scope", issuer, "all", "")


def tenant_key(issuer: str, tenant: str | None) -> bytes | None:
    """Return the key of a tenant, or None for no tenant."""
    return None if tenant is None else _key("scope", issuer, "tenant", tenant)


def subject_key(issuer: str, subject: str | None) -> bytes | None:
    """Return the key of a subject, which also finds the subject's sessions, or None for no subject."""
    return None if subject is None else _key("scope", issuer, "subject", subject)


def last_epoch_key(issuer: str) -> bytes:
    """Return the key of the last epoch an issuer gave out."""
    return _key("scope", issuer, LAST_EPOCH, "")


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
