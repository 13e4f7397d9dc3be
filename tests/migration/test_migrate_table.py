"""A table of refresh tokens is taken over: each old token once, whoever races and whatever gets lost."""

from __future__ import annotations

import hashlib
import multiprocessing
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
import time_machine
from tests.migration.pages_files import imported, write

from jwtkit.errors import (
    RefreshError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
)

_SCHEMA = """
CREATE TABLE refresh_tokens (
  id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, token_hash TEXT NOT NULL UNIQUE,
  created_at REAL NOT NULL, expires_at REAL NOT NULL, revoked BOOLEAN NOT NULL DEFAULT FALSE
)
"""


@pytest.fixture
def service(tmp_path, monkeypatch) -> Iterator[ModuleType]:
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("old.db", isolation_level=None)) as old:
        old.execute(_SCHEMA)
    write(tmp_path, "migrate.md", "exchange.py", "sessions.py")
    with imported(tmp_path, "sessions") as module:
        yield module
        module.store.close()


def _old_token(text: str = "old-token", *, lives: int = 3600, revoked: bool = False) -> str:
    now = time.time()
    row = (42, hashlib.sha256(text.encode()).hexdigest(), now - 60, now + lives, revoked)
    with closing(sqlite3.connect("old.db", isolation_level=None)) as old:
        insert = (
            "INSERT INTO refresh_tokens (user_id, token_hash, created_at, expires_at, revoked)"
            " VALUES (?, ?, ?, ?, ?)"
        )
        old.execute(insert, row)
    return text


def test_an_old_token_begins_a_session_that_goes_on(service):
    answer = service.refresh(_old_token())
    token = service.auth.validator.validate(answer["access_token"])
    assert token.subject == "42"
    (session,) = service.auth.rotator.sessions("42")
    assert session.id == token.session_id
    for _ in range(3):
        answer = service.refresh(answer["refresh_token"])
    assert service.auth.rotator.sessions("42")[0].generation == 3


def test_a_lost_answer_is_given_again(service):
    token = _old_token()
    assert service.refresh(token) == service.refresh(token)
    assert len(service.auth.rotator.sessions("42")) == 1


def test_a_token_that_comes_back_later_ends_the_session_it_was_traded_for(service):
    token = _old_token()
    answer = service.refresh(token)
    with time_machine.travel(time.time() + 40, tick=True):
        with pytest.raises(RefreshTokenReusedError) as caught:
            service.refresh(token)
        assert caught.value.code == "refresh.reused"
        with pytest.raises(RefreshTokenRevokedError) as caught_new:
            service.refresh(answer["refresh_token"])
        assert caught_new.value.code == "refresh.revoked"
    assert service.auth.rotator.sessions("42") == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: "unknown",
        lambda: "",
        lambda: _old_token(lives=-1),
        lambda: _old_token(revoked=True),
        lambda: "jkr_forged",
    ],
    ids=["unknown", "empty", "expired", "revoked", "forged"],
)
def test_anything_else_is_refused(service, make):
    with pytest.raises(RefreshTokenInvalidError) as caught:
        service.refresh(make())
    assert caught.value.code == "refresh.invalid"
    assert service.auth.rotator.sessions("42") == []


def test_a_logout_of_all_sessions_counts_for_tokens_not_yet_traded(service):
    token = _old_token()
    service.auth.rotator.revoke_subject("42")
    with pytest.raises(RefreshTokenRevokedError) as caught:
        service.refresh(token)
    assert caught.value.code == "refresh.revoked"


def test_a_token_issued_after_such_a_logout_is_taken(service):
    service.auth.rotator.revoke_subject("42")
    with time_machine.travel(time.time() + timedelta(minutes=5).total_seconds(), tick=True):
        assert service.refresh(_old_token())["refresh_token"].startswith("jkr_")


@pytest.mark.parametrize("traded_before", [False, True])
def test_a_logout_uses_an_old_token_up(service, traded_before):
    token = _old_token()
    if traded_before:
        service.refresh(token)
    service.logout(token)
    assert service.auth.rotator.sessions("42") == []
    with time_machine.travel(time.time() + 40, tick=True), pytest.raises(RefreshError):
        service.refresh(token)


def test_threads_that_race_with_one_old_token_share_one_session(service):
    token = _old_token()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(service.refresh, [token] * 16))
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert len(service.auth.rotator.sessions("42")) == 1


@pytest.mark.slow
def test_processes_that_race_with_one_old_token_share_one_session(service, tmp_path):
    tokens = [_old_token(f"old-{number}") for number in range(10)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=spawn) as pool:
        runs = list(pool.map(_refresh_all, [(tmp_path, tokens, time.time() + 3)] * 3))
    for answers in zip(*runs, strict=True):
        assert len(set(answers)) == 1
    assert len(service.auth.rotator.sessions("42")) == len(tokens)


def _refresh_all(work: tuple[Path, list[str], float]) -> list[str]:
    folder, tokens, start = work
    with imported(folder, "sessions") as module:
        answers = []
        for number, token in enumerate(tokens):
            time.sleep(max(0.0, start + number / 10 - time.time()))  # all meet again at each token
            answers.append(module.refresh(token)["refresh_token"])
        module.store.close()
    return answers


def test_nothing_that_is_kept_opens_the_answer(service, tmp_path):
    answer = service.refresh(_old_token())
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("*.db*"))
    for token in (answer["refresh_token"], answer["access_token"]):
        assert token.encode() not in kept
    with closing(sqlite3.connect("traded.db")) as traded:
        assert traded.execute("SELECT count(*) FROM traded").fetchone() == (1,)
