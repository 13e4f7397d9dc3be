"""AsyncTokenValidator: the async shell round the steps."""

from __future__ import annotations

from datetime import timedelta
from inspect import isawaitable

from jwtkit.errors import ConfigurationError, Failure, TokenError, UnavailableError, UnknownKeyError
from jwtkit.keys.protocols import Refreshable, VerificationKeyStore
from jwtkit.revocation import AsyncRevocationSource, RevocationSource
from jwtkit.tokens.checks import find_failures
from jwtkit.tokens.report import ValidationReport
from jwtkit.tokens.token import StaleToken, VerifiedToken, seal_stale, seal_verified
from jwtkit.validator.inspection import report
from jwtkit.validator.sources import KEY_STORE, REVOCATION, answers_awaited, may_block, refreshes_awaited
from jwtkit.validator.steps import (
    ONE_DAY,
    Signed,
    Steps,
    confirmation_error,
    is_expired,
    raise_for_claims,
    raise_for_status,
    read_max_expired_for,
    refuse_proof,
    revocation_query,
)

__all__ = ["AsyncTokenValidator"]


class AsyncTokenValidator(Steps[AsyncRevocationSource | RevocationSource]):
    """As `TokenValidator`, for keys or revocation facts that are awaited.

    Takes local key stores too, and a sync revocation source that never blocks. Where nothing is awaited
    at all, `TokenValidator` serves async code as well.

    Raises:
        ConfigurationError: A setting is missing or wrong, or a source would block the event loop.
    """

    async def validate(
        self,
        token: str | bytes,
        *,
        confirmation: str | None = None,
        unsafe_ignore_confirmation: bool = False,
    ) -> VerifiedToken:
        """Return the token if every check holds (see `TokenValidator.validate`)."""
        if unsafe_ignore_confirmation:
            refuse_proof(confirmation)
        now = self._now()
        try:
            cache = self._cache if confirmation is None else None
            signed = None if cache is None else cache.find(token, now)
            if signed is None:
                signed = await self._signed(token, remembers=True)
                anchor, binding, claims = signed
                failures = find_failures(claims, binding.kind, anchor.policy, now)
                if failures or confirmation is not None or "cnf" in claims:
                    proof = confirmation_error(claims, confirmation, unsafe_ignore=unsafe_ignore_confirmation)
                    raise_for_claims(failures, proof)
                if cache is not None:
                    cache.keep(token, *signed)
            if self._revocation is not None:
                await _require_standing(self._revocation, signed)
        except TokenError as error:
            self._refuse(error, token, now)
            raise
        _, binding, claims = signed
        return seal_verified(claims, binding.source)

    async def validate_except_lifetime(
        self,
        token: str | bytes,
        *,
        max_expired_for: timedelta = ONE_DAY,
        confirmation: str | None = None,
        unsafe_ignore_confirmation: bool = False,
    ) -> StaleToken:
        """Return the token if all but its lifetime holds (see `TokenValidator.validate_except_lifetime`)."""
        expired_for = read_max_expired_for(max_expired_for)
        if unsafe_ignore_confirmation:
            refuse_proof(confirmation)
        now = self._now()
        try:
            signed = await self._signed(token)
            anchor, binding, claims = signed
            failures = find_failures(claims, binding.kind, anchor.policy, now, max_expired_for=expired_for)
            proof = confirmation_error(claims, confirmation, unsafe_ignore=unsafe_ignore_confirmation)
            raise_for_claims(failures, proof)
            if self._revocation is not None:
                await _require_standing(self._revocation, signed)
        except TokenError as error:
            self._refuse(error, token, now)
            raise
        _, binding, claims = signed
        return seal_stale(claims, binding.source, expired=is_expired(signed, now))

    async def inspect(
        self,
        token: str | bytes,
        *,
        confirmation: str | None = None,
        unsafe_ignore_confirmation: bool = False,
    ) -> ValidationReport:
        """Return every check and how it went (see `TokenValidator.inspect`)."""
        if unsafe_ignore_confirmation:
            refuse_proof(confirmation)
        now = self._now()
        signed: Signed | None = None
        failures: list[Failure] | None = None
        error: TokenError | UnavailableError | None = None
        try:
            signed = await self._signed(token)
            anchor, binding, claims = signed
            failures = find_failures(claims, binding.kind, anchor.policy, now)
            proof = confirmation_error(claims, confirmation, unsafe_ignore=unsafe_ignore_confirmation)
            raise_for_claims(failures, proof)
            if self._revocation is not None:
                await _require_standing(self._revocation, signed)
        except (TokenError, UnavailableError) as raised:
            self._name_near_miss(raised, token)
            error = raised
        return report(
            self,
            token,
            signed=signed,
            failures=failures,
            error=error,
            now=now,
            confirmation_ignored=unsafe_ignore_confirmation,
        )

    async def _signed(self, token: str | bytes, *, remembers: bool = False) -> Signed:
        """Return the token if its signature holds, asking the key store once for an unknown key."""
        try:
            return self._authenticate(token, remembers)
        except UnknownKeyError:
            store, kid = self._key_asked_for(token)
            if kid is None or not isinstance(store, Refreshable):
                raise
            with KEY_STORE:
                pending: object = store.refresh(kid)  # type: ignore[func-returns-value]
                if isawaitable(pending):
                    await pending
            return self._authenticate(token, remembers)

    def _check_sources(
        self,
        stores: list[VerificationKeyStore],
        revocation: AsyncRevocationSource | RevocationSource | None,
    ) -> None:
        blocking: list[object] = [
            store for store in stores if may_block(store) and not refreshes_awaited(store)
        ]
        if revocation is not None and may_block(revocation) and not answers_awaited(revocation):
            blocking.append(revocation)
        if blocking:
            names = ", ".join(type(source).__name__ for source in blocking)
            raise ConfigurationError(f"{names} would block the event loop: give its async twin")


async def _require_standing(revocation: AsyncRevocationSource | RevocationSource, signed: Signed) -> None:
    with REVOCATION:
        answer = revocation.status(revocation_query(signed))
        status = await answer if isawaitable(answer) else answer
    raise_for_status(status)
