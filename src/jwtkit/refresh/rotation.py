"""Refresh over one store: load, decide, sign, compare-and-swap.

Written once, with every wait spelt ``await``; `RefreshRotator` and `AsyncRefreshRotator` are shells of it.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Final

from jwtkit.errors import (
    ContentionError,
    RefreshError,
    RefreshMismatchError,
    RefreshTokenExpiredError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
    StoreUnavailableError,
    TokenError,
)
from jwtkit.events import SessionEnded, SessionRefreshed
from jwtkit.refresh.access import Issued
from jwtkit.refresh.decision import NONCE_SIZE, Decision, Outcome, PairClaims, Presentation, decide, ended_by
from jwtkit.refresh.family import Family
from jwtkit.refresh.live_sessions import ATTEMPTS
from jwtkit.refresh.pair import TokenPair
from jwtkit.refresh.parts import RotationParts, not_judged, refusal
from jwtkit.refresh.session import displayable
from jwtkit.refresh.token_text import RefreshToken, parse

__all__ = ["Rotation"]

_REFUSALS: Final[Mapping[Outcome, type[RefreshError]]] = {
    Outcome.MISMATCH: RefreshMismatchError,
    Outcome.INVALID: RefreshTokenInvalidError,
    Outcome.EXPIRED: RefreshTokenExpiredError,
    Outcome.REVOKED: RefreshTokenRevokedError,
    Outcome.REUSED: RefreshTokenReusedError,
}

_SUSPICIOUS: Final = (Outcome.MISMATCH, Outcome.INVALID)
_ALARMS: Final = ("reused", "diverged")
"""Ends of a session after which nobody honest goes on with it, or whose own event an outage swallowed."""


class Rotation:
    """Trades refresh tokens. Holds no state of its own: every process over one store may have one.

    Args:
        parts: What it works with.
    """

    __slots__ = ("_parts", "_sessions")

    def __init__(self, parts: RotationParts) -> None:
        self._parts = parts
        self._sessions = parts.sessions

    def rotate(
        self,
        refresh_token: str | bytes,
        *,
        access_token: str | bytes | None,
        client_id: str | None,
        tenant: str | None,
        confirmation: str | None,
        scopes: Iterable[str] | None,
        address: str | None,
    ) -> Coroutine[Any, Any, TokenPair]:
        """Trade a refresh token (see `RefreshRotator.rotate`).

        One that is forged or long expired is refused by the call itself, before anything is set in motion.
        """
        parts = self._parts
        address = None if address is None else displayable(address)
        presented = Presentation(client_id, tenant, confirmation, None, address)
        if not parts.secret_is_known:
            return self._after_checking_secret(refresh_token, access_token, presented, scopes)
        token = self._parsed(refresh_token)
        if access_token is None and not parts.policy.require_access_token:
            return self._trade(token, presented, scopes)
        return self._paired(token, access_token, presented, scopes)

    def _parsed(self, refresh_token: str | bytes) -> RefreshToken:
        token = parse(refresh_token, self._parts.keys)
        if token.absolute_expires_at <= self._parts.clock() * 1000:
            raise refusal(RefreshTokenExpiredError)
        return token

    async def _after_checking_secret(
        self,
        refresh_token: str | bytes,
        access_token: str | bytes | None,
        presented: Presentation,
        scopes: Iterable[str] | None,
    ) -> TokenPair:
        # Before the token is read: with the wrong secret every token would look forged, and every client
        # would throw its session away.
        await self._parts.check_secret()
        token = self._parsed(refresh_token)
        return await self._paired(token, access_token, presented, scopes)

    async def _paired(
        self,
        token: RefreshToken,
        access_token: str | bytes | None,
        presented: Presentation,
        scopes: Iterable[str] | None,
    ) -> TokenPair:
        """Trade with the access token that came along, where one did or has to."""
        if access_token is not None or self._parts.policy.require_access_token:
            pair = await self._pair_claims(token, access_token, presented.confirmation)
            presented = presented._replace(pair=pair)
        return await self._trade(token, presented, scopes)

    async def _trade(
        self, token: RefreshToken, presented: Presentation, scopes: Iterable[str] | None
    ) -> TokenPair:
        """Decide and swap until one of the two is final."""
        parts = self._parts
        store, session_id, nonce = self._sessions.store, token.session_id, parts.random_bytes(NONCE_SIZE)
        issued: Issued | None = None
        outcome_unknown: StoreUnavailableError | None = None
        ending: Decision | None = None
        for _ in range(ATTEMPTS):
            snapshot = await store.read(session_id)
            decision = decide(snapshot, token, presented, nonce=nonce, policy=parts.policy, keys=parts.keys)
            row, family, successor = snapshot.family, decision.family, decision.token
            if ending is not None and row is not None and ended_by(nonce, row):
                # It was written after all, and its alarm is still to be given.
                raise self._refused_by(ending, token)
            if decision.outcome is Outcome.READ_AGAIN:
                presented = presented._replace(read_again=True)
                continue
            if family is not None and successor is not None and issued is None:
                # Before the swap: a signer that is down, or a scope too many, leaves the row untouched.
                # Once: whatever this call decides later, it can only answer with the same generation.
                issued = await parts.access.issued(family, now=decision.now, scopes=scopes)
                if issued is None:
                    await self._sessions.end(session_id, "grant_refused")
                    raise refusal(RefreshTokenRevokedError)
            if decision.swap and family is not None and row is not None:
                try:
                    swapped = await store.compare_and_swap(family, expected_version=row.version)
                    outcome_unknown = None
                except StoreUnavailableError as error:
                    # Perhaps it was written: the row will tell, by its nonce or its end.
                    swapped, outcome_unknown = False, error
                    ending = decision if successor is None else ending
                if not swapped:
                    if decision.outcome is Outcome.ROTATED:
                        presented = presented._replace(was_live=True)
                    continue
            if family is None or successor is None or issued is None:
                raise self._refused_by(decision, token)
            retried = decision.outcome is Outcome.RETRIED
            if self._sessions.observed:
                self._tell_refreshed(family, retried=retried)
            return parts.pair(
                family,
                successor,
                issued,
                now=decision.now,
                retried=retried,
                new_refresh_token=decision.outcome is not Outcome.KEPT,
            )
        if outcome_unknown is not None:
            raise outcome_unknown
        raise _contention()

    async def _pair_claims(
        self, token: RefreshToken, access_token: str | bytes | None, confirmation: str | None
    ) -> PairClaims:
        if access_token is None:
            raise self._parts.refused(
                RefreshMismatchError, token.session_id, None, "no access token was presented"
            )
        try:
            return await self._parts.access.pair_claims(access_token, confirmation=confirmation)
        except TokenError as error:
            raise self._parts.refused(
                RefreshMismatchError, token.session_id, None, f"access token: {error.code}"
            ) from error

    def _tell_refreshed(self, family: Family, *, retried: bool) -> None:
        now = self._parts.clock()
        self._sessions.tell(
            SessionRefreshed(now, family.session_id, family.subject, family.generation, retried=retried)
        )

    def _refused_by(self, decision: Decision, token: RefreshToken) -> Exception:
        """Tell the observer what the table says to, and return the error."""
        if decision.outcome is Outcome.UNAVAILABLE:
            return not_judged(decision)
        if decision.outcome is Outcome.CONTENTION:
            return _contention()
        error = _REFUSALS[decision.outcome]
        family = decision.family
        if family is not None and decision.swap and family.end_reason is not None:
            self._sessions.tell(
                SessionEnded(self._parts.clock(), family.session_id, family.subject, family.end_reason)
            )
        elif family is not None and (decision.outcome in _SUSPICIOUS or family.end_reason in _ALARMS):
            return self._parts.refused(error, token.session_id, family.subject, decision.detail)
        return refusal(error)


def _contention() -> ContentionError:
    return ContentionError("the session was refreshed elsewhere at the same time; try again")
