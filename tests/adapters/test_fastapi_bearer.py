"""`JWTBearer` in real applications: what an endpoint gets, and what a client is answered."""

# No `from __future__ import annotations`: FastAPI could not read annotations that name a local `bearer`.
import subprocess
import sys
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI, Security, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from jwtkit import AsyncTokenValidator, SigningKey, TokenIssuer, TokenValidator, VerifiedToken
from jwtkit.adapters.fastapi import JWTBearer, install_error_handlers
from jwtkit.errors import ConfigurationError, KeysUnavailableError, StoreUnavailableError
from jwtkit.jose import JWKSet
from jwtkit.revocation import RevocationStatus
from jwtkit.testing import verified_token

ISSUER, AUDIENCE = "https://orders.example", "orders-api"
KEY = SigningKey.generate("ES256")


class Revocation:
    """Answers what it is told to, at once."""

    blocking = False

    def __init__(self, answer=RevocationStatus.ACTIVE):
        self.answer = answer

    def status(self, query):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class BlockingRevocation(Revocation):
    blocking = True


class AwaitedRevocation(Revocation):
    async def status(self, query):
        return super().status(query)


class LostKeys:
    """A key store that cannot be reached any more after its first answer."""

    blocking = False

    def __init__(self):
        self.answers = [JWKSet([KEY.verification_key])]

    def key_set(self):
        if not self.answers:
            raise KeysUnavailableError("nothing answers at 10.0.0.1")
        return self.answers.pop()


def issue(scopes=("orders:read",), **options):
    return TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, **options).issue("client-42", scopes=scopes).token


def validator(kind=TokenValidator, **options):
    return kind(ISSUER, audience=AUDIENCE, keys=options.pop("keys", KEY), **options)


def make_app(bearer, *, install=False):
    app = FastAPI()
    if install:
        install_error_handlers(app, realm="orders")

    @app.get("/me")
    def me(token: Annotated[VerifiedToken, Depends(bearer)]) -> str:
        return token.subject

    @app.get("/orders")
    async def orders(token: Annotated[VerifiedToken, Security(bearer, scopes=["orders:read"])]) -> list[str]:
        return sorted(token.scopes)

    @app.get("/admin")
    def admin(token: Annotated[VerifiedToken, Depends(bearer)]) -> None:
        token.require_scopes("admin")

    @app.websocket("/feed")
    async def feed(
        socket: WebSocket, token: Annotated[VerifiedToken, Security(bearer, scopes=["orders:read"])]
    ):
        await socket.accept()
        await socket.send_text(token.subject)
        await socket.close()

    return app


async def get(app, path="/me", *authorization):
    headers = [("Authorization", value) for value in authorization]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path, headers=headers)


@pytest.fixture(params=["inline", "awaited"])
def app(request):
    if request.param == "inline":
        return make_app(JWTBearer(validator(revocation=Revocation())))
    return make_app(JWTBearer(validator(AsyncTokenValidator, revocation=AwaitedRevocation())))


async def test_the_endpoint_gets_the_verified_token(app):
    response = await get(app, "/me", f"Bearer {issue()}")
    assert (response.status_code, response.json()) == (200, "client-42")


async def test_no_token_is_401_with_a_bare_challenge(app):
    response = await get(app)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("value", ["Bearer not-a-token", "Bearer a.b.c"])
async def test_a_bad_token_is_401_invalid_token(app, value):
    response = await get(app, "/me", value)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


async def test_a_token_of_another_key_is_401_and_its_text_stays_out_of_the_answer(app):
    stranger = TokenIssuer(ISSUER, audience=AUDIENCE, keys=SigningKey.generate("ES256"))
    text = stranger.issue("client-42", scopes=["orders:read"]).token
    response = await get(app, "/me", f"Bearer {text}")
    assert response.status_code == 401
    assert not any(part in f"{response.text}{response.headers}" for part in text.split("."))


async def test_an_expired_token_is_told_that_it_expired():
    app = make_app(JWTBearer(validator(clock=lambda: 4e9)))
    response = await get(app, "/me", f"Bearer {issue()}")
    assert response.status_code == 401
    assert "has expired" in response.headers["WWW-Authenticate"]


async def test_a_missing_scope_is_403_and_names_the_scope(app):
    response = await get(app, "/orders", f"Bearer {issue(scopes=['other'])}")
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    assert 'scope="orders:read"' in response.headers["WWW-Authenticate"]


async def test_scopes_of_the_object_are_always_required_and_named_with_the_endpoints():
    app = make_app(JWTBearer(validator(), scopes=["api"], realm="orders"))
    assert (await get(app, "/me", f"Bearer {issue(scopes=['api'])}")).status_code == 200
    response = await get(app, "/orders", f"Bearer {issue(scopes=['orders:read'])}")
    assert response.status_code == 403
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="orders", ')
    assert 'scope="api orders:read"' in response.headers["WWW-Authenticate"]


async def test_two_authorization_headers_are_400(app):
    response = await get(app, "/me", f"Bearer {issue()}", f"Bearer {issue()}")
    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


async def test_a_malformed_header_is_400(app):
    assert (await get(app, "/me", "Bearer a b")).status_code == 400


@pytest.mark.parametrize(
    "bearer",
    [
        JWTBearer(validator(keys=LostKeys())),
        JWTBearer(validator(revocation=Revocation(StoreUnavailableError("at 10.0.0.1")))),
        JWTBearer(
            validator(AsyncTokenValidator, revocation=AwaitedRevocation(StoreUnavailableError("at 10.0.0.1")))
        ),
    ],
)
async def test_our_outage_is_503_with_retry_after_and_never_401(bearer):
    response = await get(make_app(bearer), "/me", f"Bearer {issue()}")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert "WWW-Authenticate" not in response.headers
    assert "10.0.0.1" not in response.text


@pytest.mark.parametrize("kind", ["inline", "awaited"])
async def test_a_revoked_token_is_401(kind):
    made = (
        validator(revocation=Revocation(RevocationStatus.SESSION_ENDED))
        if kind == "inline"
        else validator(AsyncTokenValidator, revocation=AwaitedRevocation(RevocationStatus.SESSION_ENDED))
    )
    response = await get(make_app(JWTBearer(made)), "/me", f"Bearer {issue()}")
    assert response.status_code == 401
    assert "was revoked" in response.headers["WWW-Authenticate"]


async def test_optional_gives_none_without_a_token_but_refuses_a_bad_one():
    app = FastAPI()
    bearer = JWTBearer(validator(), optional=True)

    @app.get("/me")
    def me(token: Annotated[VerifiedToken | None, Depends(bearer)]) -> str:
        return "nobody" if token is None else token.subject

    assert (await get(app)).json() == "nobody"
    assert (await get(app, "/me", f"Bearer {issue()}")).json() == "client-42"
    assert (await get(app, "/me", "Bearer wrong")).status_code == 401


async def test_installed_handlers_answer_in_problem_form():
    app = make_app(JWTBearer(validator(), realm="orders"), install=True)
    response = await get(app, "/me", "Bearer wrong")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="orders", error="invalid_token"')
    assert response.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "The access token is malformed.",
        "code": "token.segments",
        "error": "invalid_token",
    }


async def test_installed_handlers_answer_what_an_endpoint_raises_itself():
    app = make_app(JWTBearer(validator(), realm="orders"), install=True)
    response = await get(app, "/admin", f"Bearer {issue()}")
    assert response.status_code == 403
    assert 'scope="admin"' in response.headers["WWW-Authenticate"]
    assert response.json()["code"] == "token.insufficient_scope"


def test_a_websocket_opens_with_a_token_and_closes_with_1008_without():
    client = TestClient(make_app(JWTBearer(validator())))
    with client.websocket_connect("/feed", headers={"Authorization": f"Bearer {issue()}"}) as socket:
        assert socket.receive_text() == "client-42"
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/feed"):
        pass
    assert refused.value.code == 1008


def test_a_websocket_is_asked_to_come_back_when_the_outage_is_ours():
    client = TestClient(make_app(JWTBearer(validator(keys=LostKeys()))))
    headers = {"Authorization": f"Bearer {issue()}"}
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/feed", headers=headers):
        pass
    assert refused.value.code == 1013


async def test_an_override_by_the_object_itself_serves_every_scope():
    bearer = JWTBearer(validator())
    app = make_app(bearer)
    app.dependency_overrides[bearer] = lambda: verified_token("client-7", scopes=["orders:read"])
    assert (await get(app, "/me")).json() == "client-7"
    assert (await get(app, "/orders")).json() == ["orders:read"]


async def test_the_stand_in_still_checks_scopes():
    bearer = JWTBearer(validator(), realm="orders")
    app = make_app(bearer)
    app.dependency_overrides[bearer] = bearer.always(verified_token("client-7", scopes=["other"]))
    assert (await get(app, "/me")).json() == "client-7"
    response = await get(app, "/orders")
    assert response.status_code == 403
    assert 'scope="orders:read"' in response.headers["WWW-Authenticate"]


def test_a_validator_that_may_block_is_refused_with_the_way_out():
    with pytest.raises(ConfigurationError, match="AsyncTokenValidator"):
        JWTBearer(validator(revocation=BlockingRevocation()))


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((None,), {}),
        ((object(),), {}),
        ((validator(),), {"realm": 'a"b'}),
        ((validator(),), {"scopes": "orders:read"}),
    ],
)
def test_wrong_settings_fail_at_construction(arguments, options):
    with pytest.raises(ConfigurationError):
        JWTBearer(*arguments, **options)


def test_a_realm_no_header_can_hold_fails_when_handlers_are_installed():
    with pytest.raises(ConfigurationError, match="realm"):
        install_error_handlers(FastAPI(), realm="café")


def test_openapi_shows_an_http_bearer_scheme_and_the_scopes_of_each_operation():
    document = make_app(JWTBearer(validator(), scopes=["api"])).openapi()
    assert document["components"]["securitySchemes"] == {
        "JWTBearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token, sent as `Authorization: Bearer <token>`."
            " It must carry the scopes: api.",
        }
    }
    assert document["paths"]["/me"]["get"]["security"] == [{"JWTBearer": []}]
    assert document["paths"]["/orders"]["get"]["security"] == [{"JWTBearer": ["orders:read"]}]


def test_openapi_keeps_two_schemes_of_one_application_apart():
    app = FastAPI()
    users, machines = (
        JWTBearer(validator()),
        JWTBearer(validator(), scheme_name="Machines", description="For jobs."),
    )

    @app.get("/a")
    def a(token: Annotated[VerifiedToken, Depends(users)]) -> None: ...

    @app.get("/b")
    def b(token: Annotated[VerifiedToken, Depends(machines)]) -> None: ...

    document = app.openapi()
    assert set(document["components"]["securitySchemes"]) == {"JWTBearer", "Machines"}
    assert document["components"]["securitySchemes"]["Machines"]["description"] == "For jobs."


def test_without_fastapi_the_error_names_the_extra():
    program = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from jwtkit.errors import ConfigurationError\n"
        "try:\n import jwtkit.adapters.fastapi\n"
        "except ConfigurationError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "jwtkit[fastapi]" in done.stdout


def test_importing_jwtkit_or_its_web_layer_loads_no_framework():
    names = ("fastapi", "starlette", "pydantic")
    program = f"import sys, jwtkit, jwtkit.web; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
