"""The FastAPI adapter, as a type checker sees it. Checked by `make types`, never run."""

from __future__ import annotations

from typing import Annotated, assert_type

from fastapi import APIRouter, Body, Depends, FastAPI, Security

from jwtkit import (
    AsyncRefreshRotator,
    AsyncTokenValidator,
    Grant,
    RefreshRotator,
    TokenValidator,
    VerifiedToken,
)
from jwtkit.adapters.fastapi import JWTBearer, install_error_handlers, token_routes
from jwtkit.testing import verified_token


def authenticate(name: Annotated[str, Body()], password: Annotated[str, Body()]) -> Grant | None:
    """Check credentials."""
    return Grant(subject=name, scopes=["orders:read"]) if password else None


def service(validator: TokenValidator, rotator: RefreshRotator) -> FastAPI:
    """Build a whole service."""
    app = FastAPI()
    install_error_handlers(app)
    bearer = JWTBearer(validator, scopes=["orders"])

    @app.get("/orders")
    def orders(token: Annotated[VerifiedToken, Security(bearer, scopes=["orders:read"])]) -> str:
        return token.subject

    @app.get("/me")
    def me(token: Annotated[VerifiedToken, Depends(bearer)]) -> str:
        return orders(token)

    app.dependency_overrides[bearer] = bearer.always(verified_token("client-42"))
    router = token_routes(
        rotator, authenticate=authenticate, prefix="/auth", paths={"refresh": "/refreshtoken"}
    )
    assert_type(router, APIRouter)
    app.include_router(router)
    assert me is not None
    return app


def awaited_parts(validator: AsyncTokenValidator, rotator: AsyncRefreshRotator) -> APIRouter:
    """The async twins go in the same places."""
    JWTBearer(validator, optional=True, realm="orders")
    return token_routes(rotator, authenticate=authenticate, paths={"logout": None})
