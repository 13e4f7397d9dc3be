"""The application: every room put together."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from jwtkit.adapters.fastapi import token_routes
from orders import clients
from orders.auth import REALM, Auth, authenticate
from orders.database import Database
from orders.listing import orders_router
from orders.passwords import Passwords
from orders.problems import ProblemAPI, problem_responses
from orders.settings import Settings

__all__ = ["create_app"]

_DESCRIPTION = """
A client registers, logs in and reads its own orders. The access token lives for minutes; the refresh token
that comes with it is traded for the next pair at `/auth/refreshtoken`, and a logout ends both at once.

Every error is a problem (RFC 9457) and never repeats what was sent.
"""


def create_app(settings: Settings, *, passwords: Passwords | None = None) -> FastAPI:
    """Return the application.

    Args:
        settings: Checked settings.
        passwords: Hashes passwords; tests pass a cheap one.
    """
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        auth = Auth(settings, database)
    except BaseException:
        database.close()
        raise

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        await auth.close()
        database.close()

    app = ProblemAPI(
        realm=REALM,
        title="Orders",
        version="1.0.0",
        description=_DESCRIPTION,
        lifespan=lifespan,
        # FastAPI would send /orders/ to /orders; a client that means one address should know it.
        redirect_slashes=False,
    )
    app.state.database = database
    app.state.auth = auth
    app.state.passwords = passwords or Passwords()
    app.include_router(clients.router)
    app.include_router(
        token_routes(
            auth.rotator,
            authenticate=authenticate,
            prefix="/auth",
            paths={"refresh": "/refreshtoken"},
            realm=REALM,
        ),
        responses=problem_responses(
            {400: "The body cannot be read.", 422: "The body is wrong; `errors` names each field."}
        ),
    )
    app.include_router(orders_router(auth.bearer))
    return app
