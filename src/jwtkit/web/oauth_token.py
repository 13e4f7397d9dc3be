"""What login, refresh and logout answer (RFC 6749 §5, RFC 7009 §2.2)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from jwtkit.errors import MissingTokenError, RefreshError, RefreshScopeError, UnavailableError
from jwtkit.web.answer import JSON, NO_STORE, Answer, problem
from jwtkit.web.bearer import RETRY_AFTER, challenge

if TYPE_CHECKING:
    from jwtkit.refresh.pair import TokenPair

__all__ = ["granted", "login_refused", "refused"]

_PRAGMA: Final = ("Pragma", "no-cache")  # RFC 6749 §5.1 asks for it beside no-store


def granted(pair: TokenPair) -> Answer:
    """Return the token response for `pair`: 200, never to be cached (RFC 6749 §5.1)."""
    return Answer(200, (NO_STORE, _PRAGMA), MappingProxyType(pair.as_response()), media_type=JSON)


def refused(error: RefreshError | UnavailableError) -> Answer:
    """Return the error response of a refresh or a logout (RFC 6749 §5.2), which is a problem too (RFC 9457).

    Every `RefreshError` answers alike: whether a token was forged, expired, revoked or used before is for
    the log and its events, not for whoever holds it. Only a scope too many is told apart, as there the token
    stays good. An outage of ours is a 503 and never ``invalid_grant``,
    on which a client would throw its session away.

    Args:
        error: Why the refresh token was not traded.
    """
    if isinstance(error, UnavailableError):
        text = "The session cannot be refreshed at the moment; keep the refresh token and try again."
        return problem(503, text, RETRY_AFTER, _PRAGMA, **_oauth(error.oauth_error, text, error.code))
    if isinstance(error, RefreshScopeError):
        text = "The session was not granted every scope asked for; the refresh token stays good."
        return problem(400, text, _PRAGMA, **_oauth(error.oauth_error, text, error.code))
    text = "The refresh token is not accepted; log in again."
    return problem(400, text, _PRAGMA, **_oauth("invalid_grant", text, RefreshError.default_code))


def login_refused(*, realm: str | None = None) -> Answer:
    """Return the answer to credentials that are not accepted: 401, the same whoever is unknown or wrong.

    RFC 9110 §15.5.2 wants a challenge on every 401. This one names no error, so a client that refreshes on
    ``invalid_token`` is not sent into a loop by a mistyped password.

    Args:
        realm: See `jwtkit.web.bearer.challenge`.
    """
    header = ("WWW-Authenticate", challenge(MissingTokenError(), realm=realm))
    return problem(401, "The credentials are not accepted.", header, code="login.refused")


def _oauth(error: str | None, text: str, code: str) -> dict[str, str]:
    return {"error": error or "server_error", "error_description": text, "code": code}
