"""The same service, unchanged, on PostgreSQL and on Valkey: one setting each, and the whole demo over it."""

from __future__ import annotations

import io
from secrets import token_hex

import httpx2
import pytest
from tests.servers.fixtures import postgres_server
from tests.servers.valkey_fixtures import valkey

from orders.demo.process import running_service
from orders.demo.story import LIFETIME, WINDOW, tell
from orders.demo.transcript import Transcript
from orders.settings import Settings

__all__ = ["postgres_server", "valkey"]


def whole_demo(**settings):
    """Tell the demo's story to a service of these settings; its log is what is said when a step fails."""
    told = io.StringIO()
    with (
        running_service(
            ACCESS_TOKEN_LIFETIME=str(LIFETIME), LEEWAY="0", RETRY_WINDOW=str(WINDOW), **settings
        ) as service,
        httpx2.Client(base_url=service.url, timeout=10, trust_env=False) as http,
    ):
        story = Transcript(http, told, colour=False)
        try:
            tell(story, service)
        except BaseException:
            pytest.fail(f"{told.getvalue()}\n{service.log.read_text(encoding='utf-8')}")
        return story.checks, {path.name for path in service.log.parent.iterdir()}


@pytest.mark.slow
def test_on_postgresql(postgres_server):
    """Orders and sessions are both in the database, and no database is in the folder."""
    name = f"orders{token_hex(4)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    try:
        url = postgres_server.url(database=name)
        checks, files = whole_demo(DATABASE_URL=url)
        assert checks >= 28
        assert files == {"service.log", "signing-key.pem", "rotation.secret"}
    finally:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.slow
def test_on_valkey(valkey):
    """The sessions are in Valkey, the orders where they were."""
    checks, files = whole_demo(SESSIONS_URL=valkey.url())
    assert checks >= 28
    assert "sessions.db" not in files
    with valkey.client() as client:
        assert client.dbsize() > 0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "state/sessions.db"),
        ({"database_url": "sqlite:///elsewhere.db"}, "state/sessions.db"),
        ({"database_url": "postgresql://db/orders"}, "postgresql://db/orders"),
        ({"sessions_url": "redis://db"}, "redis://db"),
        ({"database_url": "postgresql://db/orders", "sessions_url": "redis://db"}, "redis://db"),
    ],
)
def test_where_the_sessions_are(given, expected):
    settings = Settings(**given)
    assert settings.sessions == expected
    assert "://db" not in repr(settings)
