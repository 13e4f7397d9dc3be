"""Token revocation (RFC 7009) and introspection (RFC 7662): a form in, an answer out.

Who calls is the adapter's to find out: it authenticates the OAuth client (RFC 6749 §2.3) and passes its id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from jwtkit.errors import (
    ClaimsError,
    MissingTokenError,
    RefreshError,
    RefreshMismatchError,
    TokenError,
    UnavailableError,
)
from jwtkit.refresh.guarded_store import run_now
from jwtkit.refresh.token_text import PREFIX
from jwtkit.web.answer import JSON, NO_STORE, Answer, problem
from jwtkit.web.bearer import RETRY_AFTER, challenge

if TYPE_CHECKING:
    from jwtkit.refresh.session import Session
    from jwtkit.tokens.token import VerifiedToken

__all__ = [
    "Form",
    "Introspecting",
    "Revoking",
    "Validating",
    "introspection",
    "introspection_async",
    "revocation",
    "revocation_async",
]

Form = Mapping[str, str] | Iterable[tuple[str, str]]
"""The parameters of a form. Better as pairs: a mapping does not show a parameter that is sent twice."""

_HINT: Final = "token_type_hint"
_SHOWN_CLAIMS: Final = ("exp", "iat", "nbf", "sub", "aud", "iss", "jti", "cnf")
_INACTIVE: Final[Mapping[str, Any]] = MappingProxyType({"active": False})


class Revoking(Protocol):
    """What a revocation asks of a `RefreshRotator` or an `AsyncRefreshRotator`."""

    def revoke(self, refresh_token: str, /, *, client_id: str | None) -> bool | Awaitable[bool]:
        """End the session of a refresh token."""
        ...

    def revoke_token(self, access_token: str, /, *, client_id: str | None) -> bool | Awaitable[bool]:
        """Deny an access token."""
        ...


class Introspecting(Protocol):
    """What an introspection asks of a `RefreshRotator` or an `AsyncRefreshRotator`."""

    @property
    def issuer(self) -> str:
        """The issuer of its tokens."""
        ...

    def introspect(self, refresh_token: str, /) -> Session | Awaitable[Session | None] | None:
        """Return the session of a refresh token that is good now."""
        ...


class Validating(Protocol):
    """What an introspection asks of a `TokenValidator` or an `AsyncTokenValidator`."""

    def validate(
        self, token: str, /, *, unsafe_ignore_confirmation: bool
    ) -> VerifiedToken | Awaitable[VerifiedToken]:
        """Return the token if every check holds."""
        ...


def revocation(rotator: Revoking, form: Form, *, client_id: str | None) -> Answer:
    """Answer a revocation request (RFC 7009 §2).

    A refresh token ends its session. An access token is denied, which counts where a validator has the
    store as its ``revocation=``. Whether the token was good, unknown or ended before: 200. Which of the two
    it is shows in the token, so ``token_type_hint`` may say anything.

    Args:
        rotator: Knows the sessions.
        form: ``token``, and ``token_type_hint`` perhaps.
        client_id: The OAuth client that calls, as it was authenticated; None for one that has no id, which
            may revoke what was given to no client.

    Returns:
        200; 400 ``invalid_request`` without one token; 400 ``invalid_grant`` for another client's token,
        which stays good (RFC 7009 §2.1); 503 where it may still be good, to be tried again.
    """
    return run_now(revocation_async(rotator, form, client_id=client_id))


async def revocation_async(rotator: Revoking, form: Form, *, client_id: str | None) -> Answer:
    """Answer a revocation request (see `revocation`), awaiting what is to be awaited."""
    token = _token(form)
    if isinstance(token, Answer):
        return token
    revoke = rotator.revoke if token.startswith(PREFIX) else rotator.revoke_token
    try:
        pending = revoke(token, client_id=client_id)
        if not isinstance(pending, bool):
            await pending
    except RefreshMismatchError:
        text = "The token was issued to another client, for which it stays good."
        return problem(400, text, **_oauth("invalid_grant", text, code=RefreshError.default_code))
    except UnavailableError as error:
        return _outage("The token may not be revoked yet; try again.", error)
    return Answer(200, (NO_STORE,), MappingProxyType({}), media_type=JSON)


def introspection(
    rotator: Introspecting, validator: Validating, form: Form, *, client_id: str | None
) -> Answer:
    """Answer an introspection request (RFC 7662 §2); nothing is written.

    Whatever is not good is ``{"active": false}``, and nothing says why: expired, revoked, forged, unknown,
    or another client's refresh token. An access token is shown to every caller; give the validator a
    ``revocation=`` for it to notice ended sessions. A token bound to a key is shown with its ``cnf``, which
    is for the caller to check.

    Args:
        rotator: Knows the refresh tokens.
        validator: Knows the access tokens.
        form: ``token``, and ``token_type_hint`` perhaps; it may say anything.
        client_id: The OAuth client or the resource server that calls, as it was authenticated. None is
            refused, as tokens could be tried here otherwise (RFC 7662 §2.1).

    Returns:
        200 with the members of RFC 7662 §2.2; 401 ``invalid_client`` for a caller that is nobody; 400
        ``invalid_request`` without one token; 503 where it cannot be said, to be tried again.
    """
    return run_now(introspection_async(rotator, validator, form, client_id=client_id))


async def introspection_async(
    rotator: Introspecting,
    validator: Validating,
    form: Form,
    *,
    client_id: str | None,
) -> Answer:
    """Answer an introspection request (see `introspection`), awaiting what is to be awaited."""
    if client_id is None:
        text = "Authenticate to introspect tokens."
        header = ("WWW-Authenticate", challenge(MissingTokenError()))
        return problem(401, text, header, **_oauth("invalid_client", text, code="client.missing"))
    token = _token(form)
    if isinstance(token, Answer):
        return token
    try:
        if token.startswith(PREFIX):
            found = rotator.introspect(token)
            session = await found if isinstance(found, Awaitable) else found
            members = _session_members(session, rotator.issuer, client_id)
        else:
            read = validator.validate(token, unsafe_ignore_confirmation=True)
            members = _token_members(await read if isinstance(read, Awaitable) else read)
    except TokenError:
        members = _INACTIVE
    except UnavailableError as error:
        return _outage("Whether the token is active cannot be said at the moment; try again.", error)
    return Answer(200, (NO_STORE,), members, media_type=JSON)


def _session_members(session: Session | None, issuer: str, client_id: str) -> Mapping[str, Any]:
    if session is None or session.client_id not in (None, client_id):
        return _INACTIVE
    expires_at = min(session.idle_expires_at, session.absolute_expires_at)
    members = {
        "active": True,
        "scope": " ".join(sorted(session.scopes)),
        "client_id": session.client_id,
        "exp": int(expires_at.timestamp()),
        "sub": session.subject,
        "iss": issuer,
        "cnf": None if session.confirmation is None else {"jkt": session.confirmation},
    }
    return MappingProxyType({name: value for name, value in members.items() if value not in (None, "")})


def _token_members(token: VerifiedToken) -> Mapping[str, Any]:
    members: dict[str, Any] = {"active": True}
    if token.scopes:
        members["scope"] = " ".join(sorted(token.scopes))
    with suppress(ClaimsError):  # issued to no client
        members["client_id"] = token.client_id
    confirmation = token.claims.get("cnf")
    members["token_type"] = "DPoP" if isinstance(confirmation, dict) and "jkt" in confirmation else "Bearer"
    members.update((name, token.claims[name]) for name in _SHOWN_CLAIMS if name in token.claims)
    return MappingProxyType(members)


def _token(form: Form) -> str | Answer:
    """Return the token of a form, or the answer where there is not exactly one (RFC 6749 §3.2)."""
    pairs = form.items() if isinstance(form, Mapping) else form
    # A parameter without a value counts as left out.
    sent = [(name, value) for name, value in pairs if name in ("token", _HINT) and value != ""]
    tokens = [value for name, value in sent if name == "token"]
    if len(tokens) == 1 and type(tokens[0]) is str and len(sent) - len(tokens) <= 1:
        return tokens[0]
    text = "Send the token once, as the form parameter token."
    return problem(400, text, **_oauth("invalid_request", text, code="request.invalid"))


def _outage(text: str, error: UnavailableError) -> Answer:
    return problem(503, text, RETRY_AFTER, **_oauth(error.oauth_error, text, code=error.code))


def _oauth(error: str | None, text: str, *, code: str) -> dict[str, str]:
    return {"error": error or "server_error", "error_description": text, "code": code}
