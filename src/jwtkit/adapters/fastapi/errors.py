"""jwtkit's answers as FastAPI exceptions, responses and OpenAPI schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, cast

from fastapi import FastAPI, HTTPException, WebSocketException
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from jwtkit.errors import InsufficientScopeError, RefreshError, TokenError, UnavailableError
from jwtkit.web.answer import PROBLEM_JSON, Answer
from jwtkit.web.bearer import answer, challenge
from jwtkit.web.oauth_token import refused

if TYPE_CHECKING:
    from starlette.types import ExceptionHandler

__all__ = [
    "Problem",
    "RefusedRequest",
    "install_error_handlers",
    "problem_responses",
    "raise_refusal",
    "to_response",
]

_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013  # WebSocket close codes (RFC 6455 §7.4, IANA registry)


class Problem(BaseModel):
    """The body of every refusal (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field("about:blank", description="What kind of problem it is.")
    title: str = Field(description="The HTTP status in words.", examples=["Unauthorized"])
    status: int = Field(description="The HTTP status.", examples=[401])
    detail: str = Field(description="What went wrong.", examples=["The access token has expired."])
    code: str | None = Field(None, description="The stable error code.", examples=["claim.exp.expired"])


class RefusedRequest(HTTPException):
    """A request turned away for its token; FastAPI's own handler sends the right status and headers.

    Attributes:
        answer: The whole answer; `install_error_handlers` sends its body as ``application/problem+json``.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status, detail=answer.detail, headers=dict(answer.headers))
        self.answer = answer


def raise_refusal(
    error: TokenError | InsufficientScopeError | UnavailableError,
    connection: HTTPConnection,
    *,
    realm: str | None = None,
    scopes: Iterable[str] = (),
) -> NoReturn:
    """Raise `error` in the words of the connection: an HTTP answer, or the close of a WebSocket."""
    refusal = answer(error, realm=realm, scopes=scopes)
    if connection.scope["type"] == "websocket":
        code = _TRY_AGAIN_LATER if isinstance(error, UnavailableError) else _POLICY_VIOLATION
        raise WebSocketException(code, refusal.detail) from error
    raise RefusedRequest(refusal) from error


def to_response(answer: Answer) -> JSONResponse:
    """Return `answer` as a response."""
    return JSONResponse(
        dict(answer.body), answer.status, headers=dict(answer.headers), media_type=answer.media_type
    )


def _respond(_: Request, answer: Answer) -> Response:
    return to_response(answer)


def install_error_handlers(
    app: FastAPI, *, realm: str | None = None, respond: Callable[[Request, Answer], Response] = _respond
) -> None:
    """Answer jwtkit's errors from anywhere in `app` as problems (RFC 9457), with their challenges.

    `JWTBearer` and `token_routes` answer properly without it. It adds the problem's media type and body to
    their refusals, and covers what an endpoint raises itself: ``token.require_scopes(...)``, a claim that is
    not there, a `RefreshError` or `UnavailableError` of a rotator it calls.

    Args:
        app: The application.
        realm: The realm of the challenges an endpoint's own errors get.
        respond: Makes the response of an answer, for an application that adds to every problem.

    Raises:
        ConfigurationError: The realm cannot be put into a header.
    """
    challenge(TokenError(), realm=realm)

    def of_token(request: Request, error: TokenError | InsufficientScopeError | UnavailableError) -> Response:
        return respond(request, answer(error, realm=realm))

    def of_refresh(request: Request, error: RefreshError) -> Response:
        return respond(request, refused(error))

    def of_refusal(request: Request, error: RefusedRequest) -> Response:
        return respond(request, error.answer)

    for kind, handler in (
        (TokenError, of_token),
        (InsufficientScopeError, of_token),
        (UnavailableError, of_token),
        (RefreshError, of_refresh),
        (RefusedRequest, of_refusal),
    ):
        app.add_exception_handler(kind, cast("ExceptionHandler", handler))


def problem_responses(when: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI ``responses`` of an operation that may answer with a `Problem`.

    Args:
        when: For each HTTP status, when it is answered.
    """
    # FastAPI would file a `model` under application/json, which is not what is sent.
    content = {PROBLEM_JSON: {"schema": Problem.model_json_schema()}}
    return {status: {"description": text, "content": content} for status, text in when.items()}
