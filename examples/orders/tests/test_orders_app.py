"""The application as a whole: problems, the OpenAPI document, restarts, settings, the start."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import httpx2
import pytest

from jwtkit.errors import ConfigurationError
from orders.app import create_app
from orders.passwords import Passwords
from orders.settings import Settings, SettingsError, read_settings


async def test_an_unknown_address_is_a_404_problem(service, is_problem):
    body = is_problem(await service.http.get("/s3cret-text"), 404, "http.404")
    assert "s3cret-text" not in str(body)
    is_problem(await service.http.get("/orders/"), 404)


async def test_a_wrong_method_is_a_405_problem_that_names_the_right_ones(service, is_problem):
    response = await service.http.delete("/orders")
    is_problem(response, 405, "http.405")
    assert response.headers["Allow"] == "GET"


async def test_a_failure_is_a_500_problem_that_tells_the_log_and_not_the_client(service, is_problem, caplog):
    @service.app.get("/fail")
    def fail() -> None:
        raise RuntimeError("s3cret-text")

    response = await service.http.get("/fail")
    body = is_problem(response, 500, "http.500")
    assert "s3cret-text" not in response.text
    assert body["instance"] in caplog.text


async def test_two_problems_are_two_instances(service):
    first, second = [(await service.http.get("/nowhere")).json()["instance"] for _ in range(2)]
    assert first != second


async def test_tokens_and_sessions_survive_a_restart(settings):
    async def run(use):
        app = create_app(settings, passwords=Passwords())
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as http,
        ):
            return await use(http)

    async def before(http):
        credentials = {"email": "ada@example.com", "password": "orbit-velvet-canyon-42"}
        assert (await http.post("/clients", json={**credentials, "name": "Ada"})).status_code == 201
        return (await http.post("/auth/login", json=credentials)).json()

    pair = await run(before)

    async def after(http):
        orders = await http.get("/orders", headers={"Authorization": f"Bearer {pair['access_token']}"})
        body = {name: pair[name] for name in ("access_token", "refresh_token")}
        return orders.status_code, (await http.post("/auth/refreshtoken", json=body)).status_code

    assert await run(after) == (200, 200)


async def test_the_openapi_document_says_everything(service):
    document = (await service.http.get("/openapi.json")).json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert set(operations) == {
        "POST /clients",
        "POST /auth/login",
        "POST /auth/refreshtoken",
        "POST /auth/logout",
        "GET /orders",
    }
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
        failures = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert "422" in failures, name
        for status, answer in failures.items():
            assert answer["description"], (name, status)
            assert set(answer["content"]) == {"application/problem+json"}, (name, status)
    assert [name for name, operation in operations.items() if "security" in operation] == ["GET /orders"]
    assert operations["GET /orders"]["security"] == [{"JWTBearer": ["orders:read"]}]
    assert document["components"]["securitySchemes"]["JWTBearer"]["bearerFormat"] == "JWT"
    assert {"201", "409", "422"} <= set(operations["POST /clients"]["responses"])
    assert {"200", "400", "401", "403", "422", "503"} <= set(operations["GET /orders"]["responses"])
    parameters = {parameter["name"]: parameter for parameter in operations["GET /orders"]["parameters"]}
    assert set(parameters) == {
        "status", "placed_from", "placed_before", "total_min", "total_max", "q", "sort", "size", "cursor",
    }  # fmt: skip
    assert all(parameter["description"] for parameter in parameters.values())
    assert [name for name, parameter in parameters.items() if parameter.get("explode") is False] == [
        "status",
        "sort",
    ]


async def test_the_openapi_document_refers_to_nothing_that_is_not_there(service):
    document = (await service.http.get("/openapi.json")).json()

    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            node = list(node.values())
        if isinstance(node, list):
            for entry in node:
                yield from references(entry)

    found = set(references(document))
    assert found
    for reference in found:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_settings_have_defaults_that_work():
    settings = read_settings({"PATH": "/bin", "ORDERS_HOST": ""})
    assert settings == Settings()
    assert settings.database == "sqlite:///state/orders.db"


def test_settings_are_read_from_the_environment():
    settings = read_settings(
        {"ORDERS_ACCESS_TOKEN_LIFETIME": "2", "ORDERS_RETRY_WINDOW": "1.5", "ORDERS_STATE_DIR": "/srv/orders"}
    )
    assert settings.access_token_lifetime == timedelta(seconds=2)
    assert settings.retry_window == timedelta(seconds=1.5)
    assert str(settings.rotation_secret) == "/srv/orders/rotation.secret"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "http", "valid integer"),
        ("PORT", "70000", "65535"),
        ("ACCESS_TOKEN_LIFETIME", "15m", "number of seconds"),
        ("ACCESS_TOKEN_LIFETIME", "0", "from 1"),
        ("ACCESS_TOKEN_LIFETIME", "nan", "number of seconds"),
        ("SESSION_IDLE", "1e300", "number of seconds"),
        ("LEEWAY", "-1", "from 0"),
        ("RETRY_WINDOW", "601", "to 600"),
        ("SESSION_ABSOLUTE", "60", "ORDERS_SESSION_IDLE"),
        ("ISSUER", "orders.example", "pattern"),
        ("AUDIENCE", "a b", "pattern"),
        ("DATABASE_URL", "s3cret-text", "SQLAlchemy URL"),
        ("LIFETIME", "60", "no such setting; there are ORDERS_STATE_DIR"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_repeated(name, value, says):
    with pytest.raises(SettingsError) as caught:
        read_settings({f"ORDERS_{name}": value})
    assert f"ORDERS_{name}: " in str(caught.value)
    assert says in str(caught.value)
    assert "s3cret-text" not in str(caught.value)


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(SettingsError) as caught:
        read_settings({"ORDERS_PORT": "x", "ORDERS_LEEWAY": "x", "ORDERS_NAME": "x"})
    assert all(name in str(caught.value) for name in ("ORDERS_PORT", "ORDERS_LEEWAY", "ORDERS_NAME"))


def test_a_database_password_is_in_no_repr():
    settings = Settings(database_url="postgresql+psycopg://orders:s3cret-text@db/orders")
    assert "s3cret-text" not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ORDERS_PORT", "x"), ("ORDERS_HOST", "not.a.host.invalid"), ("ORDERS_DATABASE_URL", "nosuchdb://x")],
)
def test_a_service_that_cannot_start_says_why_and_leaves_with_1(tmp_path, variable, value):
    done = subprocess.run(
        [sys.executable, "-m", "orders"],
        env={**os.environ, "ORDERS_STATE_DIR": str(tmp_path), "ORDERS_PORT": "0", variable: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("orders cannot start: ")
    assert "Traceback" not in done.stderr


async def test_a_rotation_secret_others_can_read_keeps_the_service_from_starting(settings):
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        pass
    settings.rotation_secret.chmod(0o644)
    with pytest.raises(ConfigurationError, match="rotation secret"):
        create_app(settings)
