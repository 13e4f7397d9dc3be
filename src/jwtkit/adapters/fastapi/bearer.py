"""`JWTBearer`: a FastAPI dependency that turns a request into its `VerifiedToken`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING

from fastapi.openapi.models import HTTPBearer
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from jwtkit.adapters.fastapi.errors import raise_refusal
from jwtkit.errors import (
    ConfigurationError,
    InsufficientScopeError,
    MissingTokenError,
    TokenError,
    UnavailableError,
)
from jwtkit.tokens.token import VerifiedToken
from jwtkit.web.bearer import bearer_token, challenge

if TYPE_CHECKING:
    from jwtkit.validator import AsyncTokenValidator, TokenValidator

__all__ = ["JWTBearer"]


class JWTBearer(SecurityBase):
    """Finds the bearer token, validates it, checks its scopes and returns the `VerifiedToken`.

    One object serves a whole application: ``Depends(bearer)`` where any valid token will do,
    ``Security(bearer, scopes=["orders:read"])`` where it must carry scopes. Whatever is wrong is answered as
    RFC 6750 §3 says (400, 401, 403 with a challenge; 503 when it is our own outage), with nothing else
    installed. On a WebSocket it closes the connection instead.

    In tests the object itself is the key of an override, scopes or not::

        app.dependency_overrides[bearer] = bearer.always(verified_token("client-42", scopes=["orders:read"]))

    Args:
        validator: A `TokenValidator` that works without waiting runs in place; an `AsyncTokenValidator` is
            awaited. One that may block would stop every other request, and is refused.
        scopes: Scopes every token must carry, before those of ``Security(...)``.
        realm: The realm named in challenges.
        optional: Give the endpoint None when the request carries no token. A bad token is refused all the
            same: whoever sends one wants to be known.
        scheme_name: The name in the OpenAPI document; two different schemes of one application need two.
        description: What the OpenAPI document says of it.

    Raises:
        ConfigurationError: The validator may block or is none, or the realm cannot be put into a header.
    """

    def __init__(
        self,
        validator: TokenValidator | AsyncTokenValidator,
        *,
        scopes: Collection[str] = (),
        realm: str | None = None,
        optional: bool = False,
        scheme_name: str = "JWTBearer",
        description: str | None = None,
    ) -> None:
        validate = getattr(validator, "validate", None)
        if validate is None:
            raise ConfigurationError("validator must be a TokenValidator or an AsyncTokenValidator")
        self._awaited = inspect.iscoroutinefunction(validate)
        if not self._awaited and getattr(validator, "blocking", False):
            raise ConfigurationError(
                "this TokenValidator may wait for a network or a disk, and every other request with it",
                hint="give JWTBearer an AsyncTokenValidator over an async store",
            )
        if isinstance(scopes, str):
            raise ConfigurationError(
                "scopes must be a collection of scopes, such as ['orders:read'], not a str"
            )
        challenge(TokenError(), realm=realm)
        self._validate: Callable[[str], VerifiedToken | Awaitable[VerifiedToken]] = validate
        self._scopes = tuple(scopes)
        self._realm = realm
        self._optional = optional
        self.scheme_name = scheme_name
        self.model = HTTPBearer(bearerFormat="JWT", description=description or _describe(self._scopes))

    async def __call__(
        self, connection: HTTPConnection, security_scopes: SecurityScopes
    ) -> VerifiedToken | None:
        """Return the request's token, or raise what answers it; called by FastAPI."""
        needed = (*self._scopes, *security_scopes.scopes)
        try:
            text = bearer_token(connection.headers.getlist("authorization"))
            outcome = self._validate(text)
            token = await outcome if isinstance(outcome, Awaitable) else outcome
            token.require_scopes(*needed)
        except MissingTokenError as error:
            if self._optional:
                return None
            raise_refusal(error, connection, realm=self._realm)
        except (TokenError, InsufficientScopeError, UnavailableError) as error:
            raise_refusal(error, connection, realm=self._realm, scopes=needed)
        return token

    def always(self, token: VerifiedToken) -> Callable[..., VerifiedToken]:
        """Return a stand-in for tests: every request brings `token`, and scopes are checked as ever.

        Args:
            token: Made by `jwtkit.testing.verified_token`.
        """

        def stand_in(connection: HTTPConnection, security_scopes: SecurityScopes) -> VerifiedToken:
            needed = (*self._scopes, *security_scopes.scopes)
            try:
                token.require_scopes(*needed)
            except InsufficientScopeError as error:
                raise_refusal(error, connection, realm=self._realm, scopes=needed)
            return token

        return stand_in


def _describe(scopes: tuple[str, ...]) -> str:
    text = "An access token, sent as `Authorization: Bearer <token>`."
    return f"{text} It must carry the scopes: {', '.join(scopes)}." if scopes else text
