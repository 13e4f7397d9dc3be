"""Bearer tokens in requests, and the challenges that answer them (RFC 6750, RFC 9110 §11)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from jwtkit.errors import (
    ClaimsError,
    ConfigurationError,
    ConfirmationError,
    InsufficientScopeError,
    InvalidRequestError,
    MalformedTokenError,
    MissingTokenError,
    TokenError,
    TokenExpiredError,
    TokenRevokedError,
    UnavailableError,
    UntrustedTokenError,
)
from jwtkit.web.answer import Answer, problem

__all__ = ["RETRY_AFTER", "answer", "bearer_token", "challenge"]

RETRY_AFTER: Final = ("Retry-After", "1")
"""On every 503 (RFC 9110 §10.2.3): such outages are short, and who waits a second seldom waits twice."""

_B64TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")

_SCOPE_TOKEN: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")  # RFC 6749 §3.3
_UNQUOTABLE: Final = re.compile(
    r"[^\x20\x21\x23-\x5B\x5D-\x7E]"
)  # RFC 6750 §3: no quote, backslash or control

# The first class that fits says it. Fixed sentences: what an error knows about our settings, or quotes from a
# token, goes to the log and not to a stranger.
_SENTENCES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (MissingTokenError, "This needs an access token in the Authorization header, as: Bearer <token>."),
    (InvalidRequestError, "The access token is presented wrongly: send one token, once, as: Bearer <token>."),
    (TokenExpiredError, "The access token has expired."),
    (TokenRevokedError, "The access token was revoked."),
    (ConfirmationError, "The access token is bound to a key that this request does not prove."),
    (MalformedTokenError, "The access token is malformed."),
    (ClaimsError, "The access token is genuine, but not for this use."),
    (UntrustedTokenError, "The access token is not signed by a key trusted here."),
    (TokenError, "The access token is not accepted."),
    (UnavailableError, "This cannot be decided at the moment; nothing is wrong with the request, try again."),
)


def bearer_token(authorization: Iterable[str | bytes], *, elsewhere: Iterable[str] = ()) -> str:
    """Return the one bearer token of a request (RFC 6750 §2).

    Args:
        authorization: The value of every ``Authorization`` header of the request, in order.
        elsewhere: Tokens the request carries in other places its adapter accepts, such as a cookie.

    Returns:
        The token's text; nothing is known of it yet but its alphabet.

    Raises:
        MissingTokenError: There is no token, or the header is of another scheme.
        InvalidRequestError: There is more than one token or header, or the header is malformed.
    """
    values = [value if isinstance(value, str) else value.decode("latin-1") for value in authorization]
    if len(values) > 1:
        # A server that reads the first and a proxy that read the last would disagree on who is calling.
        raise InvalidRequestError(
            "the request has more than one Authorization header; send exactly one",
            code="request.several_headers",
        )
    found = [token for value in values if (token := _from_header(value)) is not None]
    found += elsewhere
    if len(found) > 1:
        raise InvalidRequestError(
            "the request carries more than one token; present it in one way only (RFC 6750 §2)",
            code="request.several_tokens",
        )
    if not found:
        raise MissingTokenError(
            "the request carries no bearer token", hint="send Authorization: Bearer <token>"
        )
    return found[0]


def _from_header(value: str) -> str | None:
    # credentials = auth-scheme 1*SP b64token (RFC 6750 §2.1); a tab or a comma is none of these.
    scheme, _, rest = value.strip(" \t").partition(" ")
    if scheme.lower() != "bearer":  # RFC 9110 §11.1: without case
        return None
    token = rest.lstrip(" ")
    if _B64TOKEN.fullmatch(token) is None:
        raise InvalidRequestError(
            "the Authorization header is malformed: expected Bearer, a space and one token (RFC 6750 §2.1)",
            code="request.malformed_header",
        )
    return token


def challenge(
    error: TokenError | InsufficientScopeError, *, realm: str | None = None, scopes: Iterable[str] = ()
) -> str:
    """Return the ``WWW-Authenticate`` value that answers `error` (RFC 6750 §3).

    A missing token gets a bare challenge without an error code; a missing scope is told with ``scope``.

    Args:
        error: Why the request was turned away.
        realm: The protection space's name, printable ASCII without quotes.
        scopes: The scopes the resource requires; those of `error` when empty.

    Raises:
        ConfigurationError: The realm cannot be put into a header.
    """
    parameters: list[tuple[str, str]] = []
    if realm is not None:
        if not realm or _UNQUOTABLE.search(realm):
            raise ConfigurationError("realm must be printable ASCII without quotes or backslashes, or None")
        parameters.append(("realm", realm))
    if error.oauth_error is not None:
        parameters += [("error", error.oauth_error), ("error_description", _sentence(error))]
    if isinstance(error, InsufficientScopeError):
        # The scopes may have been put together at run time; what is no scope token is left out, not escaped.
        needed = sorted(scope for scope in (set(scopes) or error.required) if _SCOPE_TOKEN.fullmatch(scope))
        if needed:
            parameters.append(("scope", " ".join(needed)))
    quoted = ", ".join(f'{name}="{_UNQUOTABLE.sub("?", value)}"' for name, value in parameters)
    return f"Bearer {quoted}".rstrip()


def answer(
    error: TokenError | InsufficientScopeError | UnavailableError,
    *,
    realm: str | None = None,
    scopes: Iterable[str] = (),
) -> Answer:
    """Return the whole answer to a request whose access token was not accepted.

    401 and 403 and 400 carry the challenge of RFC 6750 §3, 503 a ``Retry-After``; the body is a problem
    (RFC 9457) whose ``code`` is the error's own. Nothing of the token is in it.

    Args:
        error: Why the request was turned away.
        realm: See `challenge`.
        scopes: See `challenge`.
    """
    members = {"code": error.code}
    if error.oauth_error is not None:
        members["error"] = error.oauth_error
    if isinstance(error, UnavailableError):
        return problem(error.http_status, _sentence(error), RETRY_AFTER, **members)
    header = ("WWW-Authenticate", challenge(error, realm=realm, scopes=scopes))
    return problem(error.http_status, _sentence(error), header, **members)


def _sentence(error: Exception) -> str:
    if isinstance(error, InsufficientScopeError):
        return "The access token lacks a scope that this needs."
    return next(text for kind, text in _SENTENCES if isinstance(error, kind))
