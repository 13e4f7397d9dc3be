"""The state of one token family (session): a single row, replaced whole by one compare-and-swap."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["EndReason", "Family"]

EndReason = Literal["revoked", "reused", "grant_refused", "displaced", "diverged"]


class Family(NamedTuple):
    """One session as a store keeps it. Holds digests only: no token can be made from it.

    All times are integer milliseconds since the epoch, by the store's clock. A tuple, as every refresh makes
    two of them: `_replace` changes columns, `Family(*row)` reads a row back.

    Attributes:
        session_id: The family id, 16 random bytes as 22 base64url characters; the row's key.
        issuer: The issuer whose rotator made it.
        version: Names this very state of the row: 1 at insert, then a random number with every swap. To be
            compared for equality, never for order.
        subject: Whom the session belongs to.
        client_id: The OAuth client it was given to, or None.
        tenant: The tenant, or None.
        confirmation: The key thumbprint the session is bound to (RFC 7800 ``cnf``), or None.
        label: What the user sees in a list of sessions, such as "Firefox on Linux".
        scopes: Granted at login, space separated (RFC 6749 §3.3).
        claims: Extra claims granted at login, as compact JSON text of one object.
        epoch: The revocation epoch when the login's password was checked.
        key_id: Which rotation secret made the current generation.
        generation: The generation of the live refresh token; 0 at login.
        digest: Keyed digest of the live refresh token.
        previous_digest: Keyed digest of the generation before, or None at generation 0.
        nonce: What the last rotation mixed into its successor; b"" at generation 0.
        created_at: When the login happened.
        rotated_at: When the live generation was made.
        previous_rotated_at: When the generation before was made, or None at generation 0.
        used_at: When the session was last used.
        idle_expires_at: After this the session is over unless it was rotated.
        absolute_expires_at: After this the session is over.
        ended_at: When it was ended before its time, or None while it is alive.
        end_reason: Why it was ended, or None while it is alive.
        address: The network address it was last used from, as the service saw it, or None.
    """

    session_id: str
    issuer: str
    version: int
    subject: str
    client_id: str | None
    tenant: str | None
    confirmation: str | None
    label: str | None
    scopes: str
    claims: str
    epoch: int
    key_id: str
    generation: int
    digest: bytes
    previous_digest: bytes | None
    nonce: bytes
    created_at: int
    rotated_at: int
    previous_rotated_at: int | None
    used_at: int
    idle_expires_at: int
    absolute_expires_at: int
    ended_at: int | None = None
    end_reason: EndReason | None = None
    address: str | None = None

    def rotated(
        self,
        *,
        version: int,
        key_id: str,
        digest: bytes,
        nonce: bytes,
        now: int,
        idle_expires_at: int,
        address: str | None,
    ) -> Family:
        """Return the row after a rotation; the arguments are its new columns."""
        # Spelt out: `_replace` takes twice the time, and every refresh comes by here.
        return Family(
            session_id=self.session_id,
            issuer=self.issuer,
            version=version,
            subject=self.subject,
            client_id=self.client_id,
            tenant=self.tenant,
            confirmation=self.confirmation,
            label=self.label,
            scopes=self.scopes,
            claims=self.claims,
            epoch=self.epoch,
            key_id=key_id,
            generation=self.generation + 1,
            digest=digest,
            previous_digest=self.digest,
            nonce=nonce,
            created_at=self.created_at,
            rotated_at=now,
            previous_rotated_at=self.rotated_at,
            used_at=now,
            idle_expires_at=idle_expires_at,
            absolute_expires_at=self.absolute_expires_at,
            ended_at=self.ended_at,
            end_reason=self.end_reason,
            address=address,
        )
