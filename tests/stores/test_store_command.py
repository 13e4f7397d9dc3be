"""``python -m jwtkit.stores purge``: what is over goes, in batches, and the exit status says how it went."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from tests.servers.postgres import PostgreSQL
from tests.servers.valkey import ValkeyServer

from jwtkit.stores import SQLiteSessionStore
from jwtkit.stores.__main__ import main
from jwtkit.stores.opening import OpenedStore, open_store
from jwtkit.testing import ManualClock
from jwtkit.testing.given import ISSUER, a_family

PASSWORD = "hunter2-correct-horse"
HOUR = 3_600_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one session over for each of 0 to 9 days and an hour, and one that lives."""
    made = tmp_path / "sessions.db"
    with SQLiteSessionStore(made, synchronous="NORMAL") as store:
        fill(store, days=10)
    return made


def fill(store: OpenedStore, *, days: int) -> None:
    now = store.epoch([]).now
    clock = ManualClock(now / 1000)
    store.insert(a_family(clock, session_id="living"))
    for day in range(days):
        over = now - day * 24 * HOUR - HOUR
        store.insert(a_family(clock, session_id=f"over-{day}", created_at=over - 1, idle_expires_at=over))


def left(path: Path) -> set[str]:
    with SQLiteSessionStore(path) as store:
        return listed(store)


def listed(store: OpenedStore) -> set[str]:
    families = [snapshot.family for snapshot in store.list_subject(ISSUER, "client-42")]
    return {family.session_id for family in families if family is not None}


def purge(*arguments: object, **environ: str) -> int:
    return main(["purge", *map(str, arguments)], environ)


def test_what_was_over_for_a_day_is_removed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert purge(path) == 0
    assert capsys.readouterr() == ("removed 9 sessions and denied tokens\n", "")
    assert left(path) == {"living", "over-0"}
    assert purge(path, "-q") == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("age", "days"), [("0s", 0), ("59m", 0), ("61m", 1), ("3d", 3), ("74h", 4), ("100000d", 10)]
)
def test_the_age_is_a_setting(path: Path, age: str, days: int) -> None:
    assert purge(path, "--older-than", age) == 0
    assert left(path) == {"living", *(f"over-{day}" for day in range(days))}


@pytest.mark.parametrize("batch", [1, 2, 3, 9, 10, 1000])
def test_however_large_a_batch_all_go(path: Path, batch: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert purge(path, "--batch", batch, "--pause", "0s") == 0
    assert capsys.readouterr().out == "removed 9 sessions and denied tokens\n"
    assert left(path) == {"living", "over-0"}


@pytest.mark.parametrize(("limit", "batch"), [(4, 1000), (4, 1), (4, 3), (4, 4)])
def test_no_more_than_the_limit(
    path: Path, limit: int, batch: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert purge(path, "--limit", limit, "--batch", batch) == 0
    assert capsys.readouterr().out == f"removed {limit} sessions and denied tokens\n"
    assert len(left(path)) == 11 - limit


def test_it_rests_between_batches_and_not_at_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr("jwtkit.stores.batches.time.sleep", rests.append)
    purge(path, "--batch", 4, "--pause", "90s")
    assert rests == [90, 90]


def test_the_url_comes_from_the_environment(path: Path) -> None:
    assert purge("--older-than", "8d", JWTKIT_STORE=f"sqlite:///{path}") == 0
    assert len(left(path)) == 9
    assert (
        purge("--older-than", "7d", "--env", "SESSIONS", SESSIONS=str(path), JWTKIT_STORE="redis://no") == 0
    )
    assert len(left(path)) == 8
    assert purge(f"SQLITE:///{path}", JWTKIT_STORE="redis://no") == 0
    assert len(left(path)) == 2


@pytest.mark.parametrize("way", ["{}", "sqlite:///{}"])
def test_a_mistyped_path_makes_no_file(tmp_path: Path, way: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty new file would be purged with success for ever."""
    assert purge(way.format(tmp_path / "session.db")) == 2
    assert "[store.path]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, "store.url"),
        ("", "store.url"),
        (f"mongodb://user:{PASSWORD}@host/db", "store.url"),
        ("sqlite://", "store.path"),
        ("sqlite://host/file", "store.path"),
    ],
)
def test_what_is_wrong_exits_with_2(url: str | None, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert purge(**({} if url is None else {"JWTKIT_STORE": url})) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("jwtkit.stores: ")
    assert f"[{code}]" in err
    assert PASSWORD not in err


def test_an_unnamed_store_says_where_it_was_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert purge("--env", "SESSIONS\n") == 2
    assert "set SESSIONS\\n " in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["purge", "--batch", "0"],
        ["purge", "--batch", "-1"],
        ["purge", "--batch", "١"],
        ["purge", "--limit", "1e3"],
        ["purge", "--older-than", "1"],
        ["purge", "--older-than", "-1d"],
        ["purge", "--older-than", "1w"],
        ["purge", "--older-than", "999999999d"],
        ["purge", "--pause", "2h"],
        ["purge", "one", "two"],
        ["prune"],
    ],
    ids=" ".join,
)
def test_arguments_that_cannot_be_read_exit_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments, {})
    assert caught.value.code == 2
    assert "usage: python -m jwtkit.stores" in capsys.readouterr().err


def test_a_store_that_cannot_be_reached_exits_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"unix://user:{PASSWORD}@{tmp_path / 'nobody.sock'}"
    assert purge(JWTKIT_STORE=url) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("jwtkit.stores: ")
    assert err.endswith("[store.unavailable]\n")
    assert PASSWORD not in err


def test_a_busy_store_exits_with_1(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """Somebody else holds the write lock for longer than the store waits."""
    import sqlite3

    impatient = SQLiteSessionStore(path, busy_timeout=timedelta(0))
    monkeypatch.setattr("jwtkit.stores.__main__.open_store", lambda url: impatient)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert purge(path) == 1
    assert "[store.contention]" in capsys.readouterr().err
    other.execute("ROLLBACK")
    other.close()


def test_as_cron_calls_it(path: Path) -> None:
    """In a process of its own; the URL is not among its arguments."""
    environ = {**os.environ, "JWTKIT_STORE": str(path)}
    done = subprocess.run(
        [sys.executable, "-m", "jwtkit.stores", "purge"], env=environ, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "removed 9 sessions and denied tokens\n", "")
    assert left(path) == {"living", "over-0"}
    helped = subprocess.run(
        [sys.executable, "-m", "jwtkit.stores", "purge", "--help"], capture_output=True, text=True
    )
    assert helped.returncode == 0
    assert "--older-than AGE" in helped.stdout


def test_in_postgresql(postgres_server: PostgreSQL) -> None:
    name = f"d{token_hex(6)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    try:
        url = postgres_server.url(database=name)
        store = open_store(url, create_tables=True)
        fill(store, days=10)
        assert purge("--batch", 2, "-q", JWTKIT_STORE=url) == 0
        assert listed(store) == {"living", "over-0"}
        store.close()
    finally:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_in_valkey(own_valkey: ValkeyServer) -> None:
    store = open_store(own_valkey.url())
    fill(store, days=10)
    assert purge("--batch", 2, "-q", JWTKIT_STORE=own_valkey.url()) == 0
    assert listed(store) == {"living", "over-0"}
    store.close()
