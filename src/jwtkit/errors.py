"""Every error jwtkit raises, as one tree.

::

    JWTKitError                      .code  .http_status  .oauth_error  .hint
    ├─ ConfigurationError            wrong set-up; raised at construction (also a ValueError)
    ├─ TokenError                    401 invalid_token
    │  ├─ MissingTokenError          401, and no error code on the wire (RFC 6750 §3.1)
    │  ├─ InvalidRequestError        400 invalid_request: two tokens at once, a malformed header
    │  ├─ MalformedTokenError        the text is not a token
    │  ├─ UntrustedTokenError        a token, but not one we may believe
    │  │  ├─ AlgorithmNotAllowedError
    │  │  ├─ UnknownIssuerError
    │  │  ├─ UnknownKeyError
    │  │  └─ InvalidSignatureError
    │  ├─ ClaimsError                .failures: every Failure
    │  │  └─ TokenExpiredError       expiry is the sole failure
    │  ├─ TokenRevokedError
    │  └─ ConfirmationError          bound to a key the caller did not prove (RFC 7800)
    ├─ InsufficientScopeError        403 insufficient_scope (.required, .granted)
    ├─ RefreshError                  400 invalid_grant, one answer on the wire for all but the last
    │  ├─ RefreshTokenInvalidError
    │  ├─ RefreshTokenExpiredError
    │  ├─ RefreshTokenRevokedError
    │  ├─ RefreshTokenReusedError
    │  ├─ RefreshMismatchError
    │  └─ RefreshScopeError          400 invalid_scope: more scopes asked for than were granted
    └─ UnavailableError              503, try again: our outage, never the client's fault
       ├─ KeysUnavailableError
       ├─ StoreUnavailableError
       └─ ContentionError

Codes are API: documented, tested, stable. The text of an error never holds a token, a key or
anything a stranger wrote: what a token says is quoted only once its signature has held. Every error
survives pickling, so it crosses process pools unharmed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar

__all__ = [
    "AlgorithmNotAllowedError",
    "Boundary",
    "ClaimsError",
    "ConfigurationError",
    "ConfirmationError",
    "ContentionError",
    "Failure",
    "InsufficientScopeError",
    "InvalidRequestError",
    "InvalidSignatureError",
    "JWTKitError",
    "KeysUnavailableError",
    "MalformedTokenError",
    "MissingTokenError",
    "RefreshError",
    "RefreshMismatchError",
    "RefreshScopeError",
    "RefreshTokenExpiredError",
    "RefreshTokenInvalidError",
    "RefreshTokenReusedError",
    "RefreshTokenRevokedError",
    "StoreUnavailableError",
    "TokenError",
    "TokenExpiredError",
    "TokenRevokedError",
    "UnavailableError",
    "UnknownIssuerError",
    "UnknownKeyError",
    "UntrustedTokenError",
]


@dataclass(frozen=True, slots=True)
class Failure:
    """One check that did not hold.

    Attributes:
        code: Stable name of the failure, such as ``claim.aud.mismatch``.
        claim: The claim or header parameter it concerns, such as ``aud``.
        expected: What the validator asked for, in words.
        found: What a correctly signed token said instead, shortened; None when it said nothing.
        hint: The likely cause and the next step, when there is a near miss to name.
    """

    code: str
    claim: str
    expected: str
    found: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        found = "nothing" if self.found is None else self.found
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.claim}: expected {self.expected}, found {found}{hint}"


class JWTKitError(Exception):
    """The base of every error jwtkit raises.

    Args:
        message: What went wrong and what to do about it; never a token, key or password.
        code: The stable code; the class's own by default.
        hint: The likely cause and the next step.

    Attributes:
        code: Stable, documented name of the error.
        http_status: The status an HTTP service answers with.
        oauth_error: The ``error`` value of RFC 6749 or RFC 6750 that goes with it, or None.
        hint: The likely cause and the next step, or None.
    """

    default_code: ClassVar[str] = "jwtkit.error"
    http_status: ClassVar[int] = 500
    oauth_error: ClassVar[str | None] = None

    code: str
    hint: str | None

    def __init__(self, message: str = "", *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__() or self.code
        return f"{message} ({self.hint})" if self.hint else message


class ConfigurationError(JWTKitError, ValueError):
    """The library was set up wrongly; the message says what to write instead."""

    default_code = "configuration"


class TokenError(JWTKitError):
    """The access token cannot be accepted (RFC 6750 §3.1 ``invalid_token``)."""

    default_code = "token.invalid"
    http_status = 401
    oauth_error: ClassVar[str | None] = "invalid_token"


class MissingTokenError(TokenError):
    """The request carries no token; the challenge names no error (RFC 6750 §3.1)."""

    default_code = "token.missing"
    oauth_error = None


class InvalidRequestError(TokenError):
    """The request presents its token wrongly, such as twice at once (RFC 6750 §2)."""

    default_code = "request.invalid"
    http_status = 400
    oauth_error = "invalid_request"


class MalformedTokenError(TokenError):
    """The text is not a compact JWS of the strict form jwtkit reads (RFC 7515 §7.1)."""

    default_code = "token.malformed"


class UntrustedTokenError(TokenError):
    """The token is well formed, but nothing makes it believable."""

    default_code = "token.untrusted"


class AlgorithmNotAllowedError(UntrustedTokenError):
    """The header's ``alg`` is not one the keys and settings allow (RFC 8725 §3.1)."""

    default_code = "token.algorithm_not_allowed"


class UnknownIssuerError(UntrustedTokenError):
    """The token's ``iss`` names no trusted issuer (RFC 8725 §3.8)."""

    default_code = "token.unknown_issuer"


class UnknownKeyError(UntrustedTokenError):
    """No key of the issuer fits the token's header (RFC 7515 §4.1.4)."""

    default_code = "token.unknown_key"


class InvalidSignatureError(UntrustedTokenError):
    """The signature does not hold over the bytes received (RFC 7515 §5.2)."""

    default_code = "token.signature"


class ClaimsError(TokenError):
    """The signature holds, but what the token says does not satisfy the policy (RFC 7519 §4).

    Args:
        message: The sentence to show; made from the failures when empty.
        failures: Every check that failed, in the order they were made.

    Attributes:
        failures: Every check that failed.
    """

    default_code = "token.claims"

    failures: tuple[Failure, ...]

    def __init__(
        self,
        message: str = "",
        *,
        failures: Iterable[Failure] = (),
        code: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.failures = tuple(failures)
        if self.failures:
            message = message or "; ".join(map(str, self.failures))
            code = code or self.failures[0].code
            hint = hint or next((failure.hint for failure in self.failures if failure.hint), None)
        super().__init__(message, code=code, hint=hint)

    def __str__(self) -> str:
        # Each failure says its own hint, where it belongs.
        return Exception.__str__(self) if self.failures else super().__str__()


class TokenExpiredError(ClaimsError):
    """The token is good in everything but its lifetime; expiry is the sole failure."""

    default_code = "claim.exp.expired"


class TokenRevokedError(TokenError):
    """The token, its session or its subject was revoked."""

    default_code = "token.revoked"


class ConfirmationError(TokenError):
    """The token is bound to a key whose possession was not proven (RFC 7800 §3)."""

    default_code = "token.confirmation_required"


class InsufficientScopeError(JWTKitError):
    """The token is good but lacks a scope the resource requires (RFC 6750 §3.1).

    Args:
        message: The sentence to show.
        required: The scopes the resource requires.
        granted: The scopes the token carries.
    """

    default_code = "token.insufficient_scope"
    http_status = 403
    oauth_error = "insufficient_scope"

    required: frozenset[str]
    granted: frozenset[str]

    def __init__(
        self,
        message: str = "",
        *,
        required: Iterable[str] = (),
        granted: Iterable[str] = (),
        code: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.required = frozenset(required)
        self.granted = frozenset(granted)
        missing = " ".join(sorted(self.required - self.granted))
        super().__init__(message or f"the token lacks the scope: {missing}", code=code, hint=hint)


class RefreshError(JWTKitError):
    """The refresh token cannot be traded (RFC 6749 §5.2 ``invalid_grant``)."""

    default_code = "refresh.invalid"
    http_status = 400
    oauth_error = "invalid_grant"


class RefreshTokenInvalidError(RefreshError):
    """The text is not a refresh token this service gave out for this session."""


class RefreshTokenExpiredError(RefreshError):
    """The session's idle or absolute lifetime has passed."""

    default_code = "refresh.expired"


class RefreshTokenRevokedError(RefreshError):
    """The session was ended: logout, a disabled account, or an earlier reuse."""

    default_code = "refresh.revoked"


class RefreshTokenReusedError(RefreshError):
    """A superseded refresh token came back; its session is now ended (RFC 9700 §4.14.2)."""

    default_code = "refresh.reused"


class RefreshMismatchError(RefreshError):
    """The client, tenant, confirmation or access token presented is not this session's."""

    default_code = "refresh.mismatch"


class RefreshScopeError(RefreshError):
    """The client asked for a scope that was not granted; its refresh token stays good (RFC 6749 §6)."""

    default_code = "refresh.scope"
    oauth_error = "invalid_scope"


class UnavailableError(JWTKitError):
    """Something of ours is down; the same request may succeed later. Never a 401."""

    default_code = "unavailable"
    http_status = 503
    oauth_error = "temporarily_unavailable"


class KeysUnavailableError(UnavailableError):
    """The keys to judge or sign a token could not be had."""

    default_code = "keys.unavailable"


class StoreUnavailableError(UnavailableError):
    """The session store could not be reached, or cannot answer truthfully yet."""

    default_code = "store.unavailable"


class ContentionError(UnavailableError):
    """Too many writers at once on one session; nothing was lost, try again."""

    default_code = "store.contention"


class Boundary:
    """Where someone else's code is called: what it raises that is not ours becomes one of ours.

    Args:
        error: What to raise instead.
        called: Whom we called, for the message, such as "the key store".
    """

    __slots__ = ("_called", "_error")

    def __init__(self, error: type[UnavailableError], called: str) -> None:
        self._error = error
        self._called = called

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, JWTKitError):
            raise self.translated(error) from error

    def translated(self, error: Exception) -> JWTKitError:
        """Return the error to raise: itself where it is ours."""
        if isinstance(error, JWTKitError):
            return error
        # The type only: a foreign message may quote what it was handed.
        return self._error(f"{self._called} raised {type(error).__name__}")
