"""One setting names the store: which one a URL opens, sync and async, and what is refused."""

from __future__ import annotations

import asyncio
import importlib.metadata
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from tests.servers.postgres import PostgreSQL
from tests.servers.valkey import ValkeyServer

from jwtkit.errors import ConfigurationError, StoreUnavailableError
from jwtkit.refresh.protocols import AsyncSecretRegistry, SecretRegistry
from jwtkit.stores import AsyncSQLiteSessionStore, SQLiteSessionStore
from jwtkit.stores.opening import open_async_store, open_store
from jwtkit.testing import ManualClock
from jwtkit.testing.given import a_family

PASSWORD = "hunter2-correct-horse"


@pytest.mark.parametrize("way", ["{}", "sqlite:///{}", "SQLite:///{}"])
def test_a_path_is_an_sqlite_file(way: str, tmp_path: Path) -> None:
    url = way.format(tmp_path / "sessions.db")
    clock = ManualClock()
    family = a_family(clock)
    with open_store(url, clock=clock) as store:  # type: ignore[attr-defined]
        assert isinstance(store, SQLiteSessionStore)
        assert isinstance(store, SecretRegistry)
        store.insert(family)
        assert store.read(family.session_id).now == clock() * 1000
    other = open_async_store(url, clock=clock)
    assert isinstance(other, AsyncSQLiteSessionStore)
    assert isinstance(other, AsyncSecretRegistry)
    seen = asyncio.run(other.read(family.session_id))
    assert (seen.family, seen.now) == (family, clock() * 1000)
    asyncio.run(other.aclose())
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(("-wal", "-shm"))] == [
        "sessions.db"
    ]


def test_a_relative_sqlite_url_has_three_strokes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///sessions.db").close()
    assert (tmp_path / "sessions.db").exists()


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
def test_postgresql_is_one_setting_for_both_twins(postgres_server: PostgreSQL, scheme: str) -> None:
    clock = ManualClock()
    family = a_family(clock)
    name = f"d{token_hex(6)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    try:
        named = postgres_server.url(database=name).replace("postgresql+psycopg", scheme)
        bare = open_store(named, clock=clock)
        with pytest.raises((StoreUnavailableError, ConfigurationError)) as caught:
            bare.insert(family)
        assert caught.value.code == "store.tables"
        bare.close()
        store = open_store(named, create_tables=True, clock=clock)
        store.insert(family)
        store.close()

        async def read() -> Any:
            other = open_async_store(named, clock=clock)
            try:
                return await other.read(family.session_id)
            finally:
                await other.aclose()

        seen = asyncio.run(read())
        assert (seen.family, seen.now) == (family, clock() * 1000)
    finally:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("scheme", ["unix", "UNIX"])
def test_a_valkey_is_one_setting_for_both_twins(valkey: ValkeyServer, scheme: str) -> None:
    url = valkey.url().replace("unix", scheme)
    clock = ManualClock()
    family = a_family(clock)
    store = open_store(url, clock=clock)
    store.insert(family)
    store.close()

    async def read() -> Any:
        other = open_async_store(url, clock=clock)
        try:
            return await other.read(family.session_id)
        finally:
            await other.aclose()

    seen = asyncio.run(read())
    assert (seen.family, seen.now) == (family, clock() * 1000)


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("redis://user:pw@host:1/0", "redis://user:pw@host:1/0"),
        ("rediss://host", "rediss://host"),
        ("valkey://host:1", "redis://host:1"),
        ("valkeys://host:1", "rediss://host:1"),
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock"),
    ],
)
@pytest.mark.parametrize("cluster", [False, True])
def test_valkey_has_its_own_schemes(
    url: str, made: str, cluster: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The constructors are watched: nothing listens there."""
    seen: list[tuple[str, bool]] = []

    def watched(url: str, *, clock: object, cluster: bool) -> None:
        seen.append((url, cluster))

    monkeypatch.setattr("jwtkit.stores.redis.RedisSessionStore", watched)
    monkeypatch.setattr("jwtkit.stores.redis.AsyncRedisSessionStore", watched)
    asked = url.replace("://", "+cluster://") if cluster else url
    open_store(asked)
    open_async_store(asked)
    assert seen == [(made, cluster)] * 2


@pytest.mark.parametrize(
    "url",
    [
        "",
        "  ",
        None,
        5,
        f"mongodb://user:{PASSWORD}@host/db",
        f"postgresql+pg8000://user:{PASSWORD}@host/db",
        f"://user:{PASSWORD}@host",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/path",
        "sqlite:///path?mode=ro",
        "sqlite:///path#part",
        "+cluster://host",
        "redis+cluster+cluster://host",
    ],
)
@pytest.mark.parametrize("opens", [open_store, open_async_store])
def test_what_names_no_store_is_refused_and_not_repeated(opens: Any, url: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        opens(url)
    assert caught.value.code == "store.url"
    assert caught.value.hint is not None
    assert PASSWORD not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"


def test_tables_that_cannot_be_made_leave_nothing_open() -> None:
    with pytest.raises(StoreUnavailableError) as caught:
        open_store(f"postgresql://user:{PASSWORD}@127.0.0.1:9/none?connect_timeout=2", create_tables=True)
    assert caught.value.code == "store.unavailable"
    assert PASSWORD not in str(caught.value)


def test_every_driver_it_chooses_is_one_an_extra_installs() -> None:
    extras = " ".join(importlib.metadata.requires("jwtkit") or ())
    for driver in ("psycopg", "pymysql", "asyncmy", "redis"):
        assert driver in extras
