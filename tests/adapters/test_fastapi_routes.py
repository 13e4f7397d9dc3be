"""`token_routes`: login, refresh and logout over HTTP, sync and async, whatever arrives."""

# No `from __future__ import annotations`: FastAPI could not read annotations that name a local `bearer`.
import asyncio
import json
import socket
import threading
from datetime import timedelta
from typing import Annotated

import httpx2
import pytest
import uvicorn
from fastapi import Body, Depends, FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.responses import JSONResponse

from jwtkit import (
    AsyncRefreshRotator,
    AsyncTokenValidator,
    Grant,
    RefreshPolicy,
    RefreshRotator,
    RotationSecret,
    SigningKey,
    TokenIssuer,
    TokenValidator,
    VerifiedToken,
)
from jwtkit.adapters.fastapi import JWTBearer, install_error_handlers, token_routes
from jwtkit.errors import ConfigurationError, ContentionError, StoreUnavailableError
from jwtkit.stores import AsyncMemorySessionStore, MemorySessionStore

ISSUER, AUDIENCE, KEY = "https://orders.example", "orders-api", SigningKey.generate("ES256")
PASSWORD = "hunter2-and-a-horse"


class Credentials(BaseModel):
    name: str
    password: str


def check(credentials: Credentials) -> Grant | None:
    if credentials.password != PASSWORD:
        return None
    return Grant(subject=credentials.name, scopes=["orders:read", "orders:write"], claims={"plan": "gold"})


def parts(**issuing):
    issuer = TokenIssuer(ISSUER, audience=AUDIENCE, keys=KEY, **issuing)
    return issuer, TokenValidator(ISSUER, audience=AUDIENCE, keys=KEY)


def sync_rotator(**options):
    return RefreshRotator(
        *parts(), **{"store": MemorySessionStore(), "secret": RotationSecret.generate(), **options}
    )


def async_rotator(**options):
    return AsyncRefreshRotator(
        *parts(), **{"store": AsyncMemorySessionStore(), "secret": RotationSecret.generate(), **options}
    )


def make_app(rotator, *, install=False, authenticate=check, **options):
    app = FastAPI()
    if install:
        install_error_handlers(app)
    app.include_router(token_routes(rotator, authenticate=authenticate, **options))
    return app


def client_of(app, **options):
    transport = httpx2.ASGITransport(app, **options)
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


async def log_in(client, path="/auth/login", **changed):
    return await client.post(path, json={"name": "ada", "password": PASSWORD, **changed})


@pytest.fixture(params=[sync_rotator, async_rotator], ids=["sync", "async"])
def make_rotator(request):
    return request.param


async def test_login_answers_a_token_response_that_nobody_may_keep(make_rotator):
    async with client_of(make_app(make_rotator())) as client:
        response = await log_in(client)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    body = response.json()
    token = parts()[1].validate(body["access_token"])
    assert (token.subject, token.claims["plan"]) == ("ada", "gold")
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 900
    assert set(body["scope"].split()) == {"orders:read", "orders:write"}


async def test_refused_credentials_are_401_with_a_challenge_that_names_no_error(make_rotator):
    async with client_of(make_app(make_rotator(), realm="orders")) as client:
        response = await log_in(client, password="wrong")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="orders"'
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "login.refused"


async def test_refresh_trades_the_pair_and_a_lost_answer_is_given_again(make_rotator):
    rotator = make_rotator(policy=RefreshPolicy(require_access_token=True))
    async with client_of(make_app(rotator)) as client:
        first = (await log_in(client)).json()
        trade = {"refresh_token": first["refresh_token"], "access_token": first["access_token"]}
        second = await client.post("/auth/refresh", json=trade)
        again = await client.post("/auth/refresh", json=trade)
    assert second.status_code == again.status_code == 200
    assert second.headers["Cache-Control"] == "no-store"
    assert second.json()["refresh_token"] == again.json()["refresh_token"] != first["refresh_token"]


async def test_every_refusal_of_a_refresh_reads_the_same(make_rotator):
    rotator = make_rotator(policy=RefreshPolicy(require_access_token=True, retry_window=timedelta(0)))
    async with client_of(make_app(rotator)) as client:
        mine, other = (await log_in(client)).json(), (await log_in(client, name="eve")).json()
        trade = {"refresh_token": mine["refresh_token"], "access_token": mine["access_token"]}
        bad = [
            {"refresh_token": "nonsense"},
            {"refresh_token": mine["refresh_token"]},
            {**trade, "access_token": other["access_token"]},
            {**trade, "access_token": "nonsense"},
            {**trade, "client_id": "somebody"},
        ]
        answers = [await client.post("/auth/refresh", json=body) for body in bad]
        assert (await client.post("/auth/refresh", json=trade)).status_code == 200
        answers.append(await client.post("/auth/refresh", json=trade))  # used before, and no window
    assert {answer.status_code for answer in answers} == {400}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["error"] == "invalid_grant"
    assert answers[0].headers["Cache-Control"] == "no-store"


async def test_fewer_scopes_may_be_asked_for_and_more_are_told_apart(make_rotator):
    async with client_of(make_app(make_rotator())) as client:
        first = (await log_in(client)).json()
        more = await client.post(
            "/auth/refresh", json={"refresh_token": first["refresh_token"], "scope": "admin"}
        )
        fewer = await client.post(
            "/auth/refresh", json={"refresh_token": first["refresh_token"], "scope": "orders:read"}
        )
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")
    assert fewer.json()["scope"] == "orders:read"


async def test_logout_ends_the_session_and_answers_204_to_any_text(make_rotator):
    async with client_of(make_app(make_rotator())) as client:
        first = (await log_in(client)).json()
        for text in (first["refresh_token"], first["refresh_token"], "nonsense", ""):
            response = await client.post("/auth/logout", json={"refresh_token": text})
            assert (response.status_code, response.content) == (204, b"")
            assert response.headers["Cache-Control"] == "no-store"
        after = await client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert (after.status_code, after.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("error", [StoreUnavailableError, ContentionError])
async def test_an_outage_is_503_everywhere_and_the_session_stands(error, monkeypatch):
    store = MemorySessionStore()
    app = make_app(sync_rotator(store=store))
    async with client_of(app) as client:
        first = (await log_in(client)).json()
        with monkeypatch.context() as broken:
            for name in ("insert", "read", "epoch"):
                broken.setattr(type(store), name, _raising(error("nothing answers at 10.0.0.1")))
            answers = [
                await log_in(client),
                await client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]}),
                await client.post("/auth/logout", json={"refresh_token": first["refresh_token"]}),
            ]
        after = await client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.json()["error"] == "temporarily_unavailable"
        assert "10.0.0.1" not in answer.text
    assert after.status_code == 200


async def test_an_outage_while_credentials_are_checked_is_503_too():
    def unreachable() -> Grant | None:
        raise StoreUnavailableError("nothing answers at 10.0.0.1")

    async with client_of(make_app(sync_rotator(), authenticate=unreachable)) as client:
        answer = await client.post("/auth/login")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "10.0.0.1" not in answer.text


def _raising(error):
    def method(*_, **__):
        raise error

    return method


async def test_a_subject_the_rotators_grant_refuses_cannot_log_in(make_rotator):
    async with client_of(make_app(make_rotator(grant=lambda session: None))) as client:
        response = await log_in(client)
    assert (response.status_code, response.json()["code"]) == (401, "login.refused")


async def test_a_login_that_overlaps_a_logout_of_all_sessions_loses():
    rotator = sync_rotator()

    def overtaken(credentials: Credentials) -> Grant | None:
        epoch = rotator.epoch(credentials.name)
        rotator.revoke_subject(credentials.name)
        return Grant(subject=credentials.name, epoch=epoch)

    async with client_of(make_app(rotator, authenticate=overtaken)) as client:
        assert (await log_in(client)).status_code == 401


async def test_both_losers_and_winner_of_a_race_keep_the_session(make_rotator):
    """Ten tabs refresh at once: each gets the same successor or is told to try again."""
    async with client_of(make_app(make_rotator())) as client:
        first = (await log_in(client)).json()
        trade = {"refresh_token": first["refresh_token"]}
        answers = await asyncio.gather(*(client.post("/auth/refresh", json=trade) for _ in range(10)))
        assert {answer.status_code for answer in answers} <= {200, 503}
        successors = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}
        assert len(successors) == 1
        assert (
            await client.post("/auth/refresh", json={"refresh_token": successors.pop()})
        ).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/login", {"name": "ada", "password": ["s3cret-text"]}),
        ("/auth/login", {"name": {"s3cret-text": 1}}),
        ("/auth/refresh", {"refresh_token": ["s3cret-text"]}),
        ("/auth/refresh", {"access_token": "s3cret-text"}),
        ("/auth/logout", {"refresh_token": {"s3cret-text": "s3cret-text"}}),
        ("/auth/logout", "s3cret-text"),
    ],
)
@pytest.mark.parametrize("install", [False, True])
async def test_a_malformed_body_is_422_and_echoes_nothing(path, body, install):
    async with client_of(make_app(sync_rotator(), install=install)) as client:
        response = await client.post(path, json=body)
    assert response.status_code == 422
    assert "s3cret-text" not in response.text


async def test_a_body_that_is_no_json_is_422_and_echoes_nothing():
    async with client_of(make_app(sync_rotator())) as client:
        response = await client.post(
            "/auth/refresh",
            content=b'{"refresh_token": "s3cret-text',
            headers={"Content-Type": "application/json"},
        )
    assert response.status_code == 422
    assert "s3cret-text" not in response.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.dictionaries(
        st.sampled_from(["refresh_token", "access_token", "client_id", "scope"]),
        st.text(max_size=40) | st.none() | st.integers(),
    )
)
def test_whatever_arrives_the_answer_is_a_4xx(body):
    """With a good refresh token beside arbitrary texts; never a 500, never a session for nothing."""
    app = make_app(sync_rotator(policy=RefreshPolicy(require_access_token=True)))

    async def ask():
        async with client_of(app, raise_app_exceptions=True) as client:
            first = (await log_in(client)).json()
            good = {"refresh_token": first["refresh_token"], "access_token": first["access_token"]}
            answers = [await client.post("/auth/refresh", content=json.dumps(body))]
            answers.append(await client.post("/auth/refresh", json={**good, **body}))
            answers.append(await client.post("/auth/logout", json=body))
            return answers

    refreshed, mixed, left = asyncio.run(ask())
    assert refreshed.status_code in {400, 422}
    assert mixed.status_code in {200, 400, 422}
    assert left.status_code in {204, 422}


async def test_an_application_may_make_the_responses_of_every_refusal_itself():
    rotator = sync_rotator()
    app = FastAPI()
    install_error_handlers(
        app, respond=lambda request, answer: JSONResponse({"own": answer.body["code"]}, answer.status)
    )
    app.include_router(token_routes(rotator, authenticate=check))

    @app.post("/mine")
    def mine(token: Annotated[str, Body(embed=True)]) -> None:
        rotator.rotate(token)

    async with client_of(app) as client:
        answers = [
            await log_in(client, password="wrong"),
            await client.post("/auth/refresh", json={"refresh_token": "nonsense"}),
            await client.post("/mine", json={"token": "nonsense"}),
        ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (401, {"own": "login.refused"}),
        (400, {"own": "refresh.invalid"}),
        (400, {"own": "refresh.invalid"}),
    ]


async def test_paths_rename_and_leave_out():
    app = make_app(
        sync_rotator(),
        prefix="/api",
        paths={"login": "/sign-in", "refresh": "/auth/refreshtoken", "logout": None},
    )
    assert set(app.openapi()["paths"]) == {"/api/sign-in", "/api/auth/refreshtoken"}
    async with client_of(app) as client:
        assert (await log_in(client, "/api/sign-in")).status_code == 200


@pytest.mark.parametrize("options", [{"paths": {"logon": "/x"}}, {"realm": "café"}])
def test_wrong_settings_fail_at_construction(options):
    with pytest.raises(ConfigurationError):
        token_routes(sync_rotator(), authenticate=check, **options)


@pytest.mark.parametrize(
    "grant", [Grant(), Grant(subject="a", tenant="t"), Grant(subject="a", confirmation="k" * 43)]
)
async def test_a_grant_the_routes_cannot_serve_is_a_configuration_error(grant):
    async with client_of(make_app(sync_rotator(), authenticate=lambda: grant)) as client:
        with pytest.raises(ConfigurationError):
            await client.post("/auth/login")


async def test_authenticate_may_be_async_and_take_a_form_or_single_body_fields():
    async def by_fields(name: Annotated[str, Body()], password: Annotated[str, Body()]) -> Grant | None:
        return Grant(subject=name) if password == PASSWORD else None

    async with client_of(make_app(sync_rotator(), authenticate=by_fields)) as client:
        assert (await log_in(client)).status_code == 200
        assert (await log_in(client, password="x")).status_code == 401


async def test_one_token_from_login_to_a_guarded_endpoint_and_back():
    """Login, use, expiry, refresh, use, logout, with revocation asked at every request."""
    store = AsyncMemorySessionStore()
    issuer, validator = parts(lifetime=timedelta(minutes=5))
    rotator = AsyncRefreshRotator(issuer, validator, store=store, secret=RotationSecret.generate())
    bearer = JWTBearer(AsyncTokenValidator(ISSUER, audience=AUDIENCE, keys=KEY, revocation=store))
    app = make_app(rotator)

    @app.get("/me")
    async def me(token: Annotated[VerifiedToken, Depends(bearer)]) -> str:
        return token.subject

    async with client_of(app) as client:
        pair = (await log_in(client)).json()
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        assert (await client.get("/me", headers=headers)).json() == "ada"
        await client.post("/auth/logout", json={"refresh_token": pair["refresh_token"]})
        refused = await client.get("/me", headers=headers)
    assert refused.status_code == 401
    assert "was revoked" in refused.headers["WWW-Authenticate"]


def test_openapi_documents_bodies_answers_and_leaves_the_routes_open():
    document = make_app(sync_rotator()).openapi()
    login, refresh, logout = (
        document["paths"][f"/auth/{name}"]["post"] for name in ("login", "refresh", "logout")
    )
    assert not any("security" in operation for operation in (login, refresh, logout))
    assert login["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/Credentials")
    assert refresh["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/RefreshRequest")
    assert refresh["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "/TokenResponse"
    )
    assert {"200", "400", "422", "503"} <= set(refresh["responses"])
    assert {"200", "401", "422", "503"} <= set(login["responses"])
    assert {"204", "422", "503"} <= set(logout["responses"])
    assert set(refresh["responses"]["400"]["content"]) == {"application/problem+json"}
    schemas = document["components"]["schemas"]
    assert schemas["RefreshRequest"]["required"] == ["refresh_token"]
    assert all("description" in field for field in schemas["TokenResponse"]["properties"].values())


def test_over_a_real_server_and_a_real_socket():
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(sync_rotator()), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            pair = client.post("/auth/login", json={"name": "ada", "password": PASSWORD}).json()
            response = client.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]})
            assert response.status_code == 200
            assert response.json()["refresh_token"] != pair["refresh_token"]
            assert (
                client.post("/auth/refresh", json={"refresh_token": "x"}).json()["error"] == "invalid_grant"
            )
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
