"""What is done with a presented token apart from trading it: ending it, and saying whether it is good."""

from __future__ import annotations

from types import EllipsisType
from typing import Final

from jwtkit.errors import RefreshMismatchError, RefreshTokenInvalidError, TokenError
from jwtkit.refresh.decision import NONCE_SIZE, Decision, Outcome, Presentation, decide
from jwtkit.refresh.family import Family
from jwtkit.refresh.parts import RotationParts, not_judged
from jwtkit.refresh.session import Session, session_of
from jwtkit.refresh.token_text import RefreshToken, parse

__all__ = ["PresentedTokens"]

_TRADEABLE: Final = (Outcome.ROTATED, Outcome.RETRIED, Outcome.KEPT)


class PresentedTokens:
    """Revokes and looks at tokens. Holds no state of its own.

    Args:
        parts: What it works with.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: RotationParts) -> None:
        self._parts = parts

    async def revoke(self, refresh_token: str | bytes, *, client_id: str | EllipsisType | None) -> bool:
        """End the session of a refresh token (see `RefreshRotator.revoke`)."""
        sessions = self._parts.sessions
        token = await self._parsed(refresh_token)
        if token is None:
            return False
        if client_id is not ...:
            # Apart from the write: which client a session belongs to never changes.
            family = (await sessions.store.read(token.session_id)).family
            if family is not None and family.client_id != client_id:
                raise self._parts.refused(RefreshMismatchError, token.session_id, family.subject, "client")
        return await sessions.end(token.session_id, "revoked")

    async def revoke_token(self, access_token: str | bytes, *, client_id: str | EllipsisType | None) -> bool:
        """Deny an access token (see `RefreshRotator.revoke_token`)."""
        sessions, access = self._parts.sessions, self._parts.access
        try:
            token = await access.known(access_token)
            token_id = token.id
        except TokenError:
            return False
        if client_id is not ... and access.client_of(token) != client_id:
            raise self._parts.refused(RefreshMismatchError, access.session_of(token), None, "client")
        await sessions.store.deny(sessions.issuer, token_id, until=access.denied_until(token))
        return True

    async def introspect(self, refresh_token: str | bytes) -> Session | None:
        """Return the session of a refresh token that is good now (see `RefreshRotator.introspect`)."""
        token = await self._parsed(refresh_token)
        if token is None or token.absolute_expires_at <= self._parts.clock() * 1000:
            return None
        family, decision = await self._judged(token, read_again=False)
        if decision.outcome is Outcome.READ_AGAIN:
            family, decision = await self._judged(token, read_again=True)
        if decision.outcome is Outcome.UNAVAILABLE:
            raise not_judged(decision)
        return session_of(family) if family is not None and decision.outcome in _TRADEABLE else None

    async def _parsed(self, refresh_token: str | bytes) -> RefreshToken | None:
        # First: with the wrong secret every token would look forged.
        await self._parts.check_secret()
        try:
            return parse(refresh_token, self._parts.keys)
        except RefreshTokenInvalidError:
            return None

    async def _judged(self, token: RefreshToken, *, read_again: bool) -> tuple[Family | None, Decision]:
        """Return the row, and what would become of the token were it traded by its own client now."""
        snapshot = await self._parts.sessions.store.read(token.session_id)
        family = snapshot.family
        presented = Presentation(read_again=read_again)
        if family is not None:
            presented = presented._replace(
                client_id=family.client_id, tenant=family.tenant, confirmation=family.confirmation
            )
        nonce = self._parts.random_bytes(NONCE_SIZE)
        decision = decide(
            snapshot, token, presented, nonce=nonce, policy=self._parts.policy, keys=self._parts.keys
        )
        return family, decision
