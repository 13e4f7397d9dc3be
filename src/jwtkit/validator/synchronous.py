"""TokenValidator: the sync shell round the steps."""

from __future__ import annotations

from datetime import timedelta

from jwtkit.errors import ConfigurationError, Failure, TokenError, UnavailableError, UnknownKeyError
from jwtkit.keys.protocols import Refreshable, VerificationKeyStore
from jwtkit.revocation import RevocationSource
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

__all__ = ["TokenValidator"]


class TokenValidator(Steps[RevocationSource]):
    """Checks the tokens of one issuer, strictly and completely (RFC 7519 §7.2, RFC 8725).

    Nothing of the payload is believed, or even read, before the signature has held. One validator
    serves any number of threads.

    Args:
        issuer: The ``iss`` a token must carry; None only where the profile requires none.
        audience: The audience it must name, or several of which it must name one.
        keys: A `SigningKey`, a `VerificationKey`, a `JWKSet` or a key store.
        algorithms: The JWS algorithms allowed; None allows what the keys are for.
        leeway: How far the clocks may differ.
        profile: The kind of token; ``ACCESS_TOKEN`` by default.
        required_claims: Claims that must be there beside the profile's.
        checks: Checks of your own (see `jwtkit.tokens.Check`).
        max_lifetime: How far ahead ``exp`` may lie.
        max_token_bytes: The longest token read, in bytes.
        revocation: Asked last about every token, such as a session store.
        cache: Spares the work on a token presented again; a `TokenCache` of its own.
        observer: Told of every refusal.
        clock: Gives the time in seconds since the epoch; None reads the system's at each call.

    Raises:
        ConfigurationError: A setting is missing or wrong.
    """

    @property
    def blocking(self) -> bool:
        """Whether a validation may wait for a network or a disk; then it has no place in async code."""
        return self._blocking

    def validate(
        self,
        token: str | bytes,
        *,
        confirmation: str | None = None,
        unsafe_ignore_confirmation: bool = False,
    ) -> VerifiedToken:
        """Return the token if every check holds.

        Args:
            token: The compact JWS, as a string or ASCII bytes.
            confirmation: The key thumbprint the caller has proven; the token must be bound to it.
            unsafe_ignore_confirmation: Take a bound token as a bearer token; not together with a proof.

        Raises:
            MalformedTokenError: It is not a compact JWS, or too long.
            UntrustedTokenError: Its algorithm, issuer, key or signature is not believable.
            TokenExpiredError: It expired, and nothing else is wrong with it.
            ClaimsError: Its claims do not satisfy the policy; ``.failures`` says all of it.
            ConfirmationError: It is bound to a key that was not proven (RFC 7800 §3).
            TokenRevokedError: It was revoked.
            UnavailableError: The keys or the revocation source cannot be reached; try again.
            ConfigurationError: ``validator.confirmation``: a proof was given, and told to be ignored.
        """
        if unsafe_ignore_confirmation:
            refuse_proof(confirmation)
        now = self._now()
        try:
            cache = self._cache if confirmation is None else None
            signed = None if cache is None else cache.find(token, now)
            if signed is None:
                signed = self._signed(token, remembers=True)
                anchor, binding, claims = signed
                failures = find_failures(claims, binding.kind, anchor.policy, now)
                if failures or confirmation is not None or "cnf" in claims:
                    proof = confirmation_error(claims, confirmation, unsafe_ignore=unsafe_ignore_confirmation)
                    raise_for_claims(failures, proof)
                if cache is not None:
                    cache.keep(token, *signed)
            if self._revocation is not None:
                _require_standing(self._revocation, signed)
        except TokenError as error:
            self._refuse(error, token, now)
            raise
        _, binding, claims = signed
        return seal_verified(claims, binding.source)

    def validate_except_lifetime(
        self,
        token: str | bytes,
        *,
        max_expired_for: timedelta = ONE_DAY,
        confirmation: str | None = None,
        unsafe_ignore_confirmation: bool = False,
    ) -> StaleToken:
        """Return the token if every check holds, but that its ``exp`` may be in the past.

        This one thing is waived, and by at most `max_expired_for`: the token still has an ``exp``, and
        signature, issuer, audience, type, ``nbf``, ``iat`` and revocation all hold.

        Args:
            token: The compact JWS, as a string or ASCII bytes.
            max_expired_for: How long ago it may have expired.
            confirmation: The key thumbprint the caller has proven; the token must be bound to it.
            unsafe_ignore_confirmation: Take a bound token as a bearer token; not together with a proof.

        Raises:
            TokenExpiredError: It expired longer ago than that, and nothing else is wrong with it.
            TokenError: As `validate`.
            UnavailableError: The keys or the revocation source cannot be reached; try again.
            ConfigurationError: ``validator.confirmation``: a proof was given, and told to be ignored.
        """
        expired_for = read_max_expired_for(max_expired_for)
        if unsafe_ignore_confirmation:
            refuse_proof(confirmation)
        now = self._now()
        try:
            signed = self._signed(token)
            anchor, binding, claims = signed
            failures = find_failures(claims, binding.kind, anchor.policy, now, max_expired_for=expired_for)
            proof = confirmation_error(claims, confirmation, unsafe_ignore=unsafe_ignore_confirmation)
            raise_for_claims(failures, proof)
            if self._revocation is not None:
                _require_standing(self._revocation, signed)
        except TokenError as error:
            self._refuse(error, token, now)
            raise
        _, binding, claims = signed
        return seal_stale(claims, binding.source, expired=is_expired(signed, now))

    def inspect(
        self,
        token: str | bytes,
        *,
        confirmation: str | None = None,
        unsafe_ignore_confirmation: bool = False,
    ) -> ValidationReport:
        """Return every check of a validation and how it went; never raises on a bad token.

        For people who look into why a token is refused: ``print(validator.inspect(token))``. The
        verdict is that of `validate`; no observer is told.

        Raises:
            ConfigurationError: ``validator.confirmation``, as `validate`.
        """
        if unsafe_ignore_confirmation:
            refuse_proof(confirmation)
        now = self._now()
        signed: Signed | None = None
        failures: list[Failure] | None = None
        error: TokenError | UnavailableError | None = None
        try:
            signed = self._signed(token)
            anchor, binding, claims = signed
            failures = find_failures(claims, binding.kind, anchor.policy, now)
            proof = confirmation_error(claims, confirmation, unsafe_ignore=unsafe_ignore_confirmation)
            raise_for_claims(failures, proof)
            if self._revocation is not None:
                _require_standing(self._revocation, signed)
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

    def _signed(self, token: str | bytes, *, remembers: bool = False) -> Signed:
        """Return the token if its signature holds, asking the key store once for an unknown key."""
        try:
            return self._authenticate(token, remembers)
        except UnknownKeyError:
            store, kid = self._key_asked_for(token)
            if kid is None or not isinstance(store, Refreshable):
                raise
            with KEY_STORE:
                store.refresh(kid)
            return self._authenticate(token, remembers)

    def _check_sources(self, stores: list[VerificationKeyStore], revocation: RevocationSource | None) -> None:
        if any(map(refreshes_awaited, stores)) or answers_awaited(revocation):
            raise ConfigurationError("a source that is awaited needs an AsyncTokenValidator")
        self._blocking = any(map(may_block, stores)) or (revocation is not None and may_block(revocation))


def _require_standing(revocation: RevocationSource, signed: Signed) -> None:
    with REVOCATION:
        status = revocation.status(revocation_query(signed))
    raise_for_status(status)
