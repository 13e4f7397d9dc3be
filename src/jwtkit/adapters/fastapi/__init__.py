"""FastAPI: `JWTBearer` guards endpoints, `token_routes` serves login, refresh and logout.

::

    bearer = JWTBearer(validator)
    app.include_router(token_routes(rotator, authenticate=check_password, prefix="/auth"))

    @app.get("/orders")
    def orders(token: Annotated[VerifiedToken, Security(bearer, scopes=["orders:read"])]) -> ...: ...

Needs the extra ``jwtkit[fastapi]``.
"""

from __future__ import annotations

from importlib.util import find_spec

from jwtkit.errors import ConfigurationError

if find_spec("fastapi") is None:
    raise ConfigurationError("jwtkit.adapters.fastapi needs FastAPI", hint="pip install 'jwtkit[fastapi]'")

from jwtkit.adapters.fastapi.bearer import JWTBearer
from jwtkit.adapters.fastapi.errors import Problem, RefusedRequest, install_error_handlers
from jwtkit.adapters.fastapi.routes import LogoutRequest, RefreshRequest, TokenResponse, token_routes

__all__ = [
    "JWTBearer",
    "LogoutRequest",
    "Problem",
    "RefreshRequest",
    "RefusedRequest",
    "TokenResponse",
    "install_error_handlers",
    "token_routes",
]
