"""`token_routes`: login, refresh and logout over a refresh rotator."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jwtkit.adapters.fastapi.errors import RefusedRequest, problem_responses, to_response
from jwtkit.errors import ConfigurationError, RefreshError, TokenError, UnavailableError
from jwtkit.refresh.grant import Grant
from jwtkit.web.answer import NO_STORE
from jwtkit.web.bearer import challenge
from jwtkit.web.oauth_token import granted, login_refused, refused

if TYPE_CHECKING:
    from jwtkit.rotator import AsyncRefreshRotator, RefreshRotator

__all__ = ["LogoutRequest", "RefreshRequest", "RouteName", "TokenResponse", "token_routes"]

T = TypeVar("T")

RouteName = Literal["login", "refresh", "logout"]

_PATHS: Final[Mapping[RouteName, str | None]] = MappingProxyType(
    {"login": "/login", "refresh": "/refresh", "logout": "/logout"}
)

_ACCESS_EXAMPLE = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJjbGllbnQtNDIifQ.c2lnbmF0dXJl"
_REFRESH_EXAMPLE = "jkr_AbCdEf"


class TokenResponse(BaseModel):
    """What login and refresh answer (RFC 6749 §5.1)."""

    access_token: str = Field(description="Send it as `Authorization: Bearer`.", examples=[_ACCESS_EXAMPLE])
    token_type: str = Field("Bearer", description="How to present it.")
    expires_in: int = Field(description="Seconds the access token lives.", examples=[900])
    refresh_token: str | None = Field(
        None, description="Trade it for the next pair, once.", examples=[_REFRESH_EXAMPLE]
    )
    scope: str | None = Field(
        None, description="The scopes granted, space separated.", examples=["orders:read"]
    )


class RefreshRequest(BaseModel):
    """What refresh takes."""

    refresh_token: str = Field(
        repr=False, description="The newest one of the session.", examples=[_REFRESH_EXAMPLE]
    )
    access_token: str | None = Field(
        None,
        repr=False,
        description="The session's access token; it may have expired and must be good in everything else.",
        examples=[_ACCESS_EXAMPLE],
    )
    client_id: str | None = Field(None, description="The OAuth client the session was given to, if to one.")
    scope: str | None = Field(None, description="Fewer scopes than the session has, space separated.")


class LogoutRequest(BaseModel):
    """What logout takes."""

    refresh_token: str = Field(repr=False, description="Any of the session's.", examples=[_REFRESH_EXAMPLE])


class _TokenRoute(APIRoute):
    """Answers refusals and outages whether or not the application handles them, and echoes nothing.

    FastAPI's own 422 repeats what the client sent, which here is a token or a password.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_refusals(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise RequestValidationError(
                    [{name: entry[name] for name in ("type", "loc", "msg")} for entry in error.errors()]
                ) from None
            except RefusedRequest as error:
                refusal = error
            except (RefreshError, UnavailableError) as error:
                refusal = RefusedRequest(refused(error))
                refusal.__cause__ = error
            # FastAPI's default would wrap the body, and OAuth's clients look for `error` in it.
            if RefusedRequest in request.app.exception_handlers:
                raise refusal
            return to_response(refusal.answer)

        return handle_refusals


def token_routes(
    rotator: RefreshRotator | AsyncRefreshRotator,
    *,
    authenticate: Callable[..., Any],
    prefix: str = "/auth",
    paths: Mapping[RouteName, str | None] = MappingProxyType({}),
    realm: str | None = None,
    tags: Sequence[str] = ("tokens",),
) -> APIRouter:
    """Return a router with login, refresh and logout.

    - login answers a token pair, or 401 when `authenticate` returns None;
    - refresh takes ``refresh_token`` (and ``access_token`` where the policy wants the pair) as JSON and
      answers the next pair, or 400 ``invalid_grant``, the same for every reason;
    - logout takes ``refresh_token``, ends its session and answers 204 for any text (RFC 7009 §2.2).

    A request that lost a race or met an outage answers 503 with ``Retry-After``: its session stands, and the
    same refresh token works again. A rotator over a blocking store runs in the thread pool.

    Args:
        rotator: Trades the refresh tokens.
        authenticate: A FastAPI dependency, sync or async, that reads and checks the credentials and returns a
            `Grant` with a subject, or None. Its parameters become the login's body and documentation.
        prefix: Put before every path.
        paths: Other paths than ``/login``, ``/refresh`` and ``/logout``, by these names; None leaves one out.
        realm: The realm in the challenge of a refused login.
        tags: The OpenAPI tags of the routes.

    Raises:
        ConfigurationError: `paths` names an unknown route, or the realm cannot be put into a header.
    """
    unknown = sorted(set(paths) - set(_PATHS))
    if unknown:
        raise ConfigurationError(f"paths may name login, refresh and logout, not {', '.join(unknown)}")
    challenge(TokenError(), realm=realm)
    served: dict[RouteName, str | None] = {**_PATHS, **paths}
    router = APIRouter(prefix=prefix, tags=list(tags), route_class=_TokenRoute)

    async def login(grant: Grant | None = Depends(authenticate)) -> Response:
        if grant is None:
            raise RefusedRequest(login_refused(realm=realm))
        if grant.subject is None:
            raise ConfigurationError("authenticate must return a Grant with a subject, or None")
        if grant.tenant is not None or grant.confirmation is not None:
            raise ConfigurationError(
                "the refresh route cannot prove a tenant or key: serve such sessions with routes of your own"
            )
        try:
            pair = await _call(
                rotator.start,
                grant.subject,
                scopes=grant.scopes,
                claims=grant.claims,
                client_id=grant.client_id,
                label=grant.label,
                address=grant.address,
                epoch=grant.epoch,
            )
        except RefreshError as error:
            # Logged out everywhere while the password was checked, or refused by the rotator's own `grant`.
            raise RefusedRequest(login_refused(realm=realm)) from error
        return to_response(granted(pair))

    async def refresh(request: RefreshRequest) -> Response:
        pair = await _call(
            rotator.rotate,
            request.refresh_token,
            access_token=request.access_token,
            client_id=request.client_id,
            scopes=None if request.scope is None else request.scope.split(),
        )
        return to_response(granted(pair))

    async def logout(request: LogoutRequest) -> Response:
        await _call(rotator.revoke, request.refresh_token)
        return Response(status_code=204, headers=dict([NO_STORE]))

    _add(router, served["login"], login, _LOGIN)
    _add(router, served["refresh"], refresh, _REFRESH)
    _add(router, served["logout"], logout, _LOGOUT)
    return router


_LOGIN: Final[Mapping[str, Any]] = {
    "summary": "Log in",
    "description": "Trade credentials for an access token and a refresh token.",
    "response_model": TokenResponse,
    "responses": problem_responses(
        {401: "The credentials are not accepted.", 503: "Sessions cannot be kept at the moment; try again."}
    ),
}
_REFRESH: Final[Mapping[str, Any]] = {
    "summary": "Trade a refresh token for the next pair",
    "description": "A lost answer may be asked for again with the same refresh token, for a short while.",
    "response_model": TokenResponse,
    "responses": problem_responses(
        {
            400: "`invalid_grant`: the pair is not accepted, whatever the reason; log in again.",
            503: "The session cannot be refreshed at the moment; keep the refresh token and try again.",
        }
    ),
}
_LOGOUT: Final[Mapping[str, Any]] = {
    "summary": "Log out",
    "description": "End the refresh token's session. An unknown token answers alike.",
    "status_code": 204,
    "responses": problem_responses({503: "The session could not be ended; try again."}),
}


def _add(
    router: APIRouter, path: str | None, endpoint: Callable[..., Any], options: Mapping[str, Any]
) -> None:
    if path is not None:
        router.add_api_route(path, endpoint, methods=["POST"], **options)


async def _call(method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    if inspect.iscoroutinefunction(method):
        return await method(*arguments, **named)
    return await run_in_threadpool(method, *arguments, **named)
