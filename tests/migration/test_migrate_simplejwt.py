"""Tokens made by the real djangorestframework-simplejwt are taken over by the service on the page."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.migration.pages_files import write

from jwtkit.errors import ClaimsError, InvalidSignatureError, TokenExpiredError, TokenRevokedError

_NAMES = (f"user-{number}" for number in count())


class Service:
    """The Django service; each method named in `simplejwt_service` can be called."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the Django service ended"
        return json.loads(line)

    def attempt(self, *command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def call(self, *command: Any) -> Any:
        answer = self.attempt(*command)
        assert "ok" in answer, answer
        return answer["ok"]

    def refused(self, *command: Any) -> tuple[str, str]:
        answer = self.attempt(*command)
        return answer["error"], answer["code"]


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("django")
    (folder / "accounts").mkdir()
    (folder / "accounts" / "__init__.py").touch()
    write(folder, "migrate.md", "exchange.py")
    write(folder, "migrate-simplejwt.md", "accounts/models.py", "accounts/sessions.py")
    script = Path(__file__).with_name("simplejwt_service.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as process:
        running = Service(process)
        assert "ok" in running.answer()
        yield running
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def user(service) -> str:
    return service.call("user", next(_NAMES))


def test_an_old_refresh_token_is_traded_over_http(service, user):
    status, body = service.call("post", service.call("old_refresh", user))
    assert status == 200
    assert service.call("validate", body["access"]) == user
    status, body = service.call("post", body["refresh"])
    assert status == 200
    assert service.call("sessions", user) == [1]


def test_a_second_time_is_refused_and_ends_the_session(service, user):
    old = service.call("old_refresh", user)
    first = service.call("refresh", old)
    assert service.call("refresh", old) == first, "a lost answer is given again"
    service.call("wait", 40)
    assert service.refused("refresh", old) == ("RefreshTokenReusedError", "refresh.reused")
    assert service.refused("refresh", first["refresh_token"]) == (
        "RefreshTokenRevokedError",
        "refresh.revoked",
    )
    status, body = service.call("post", old)
    assert (status, body["error"]) == (400, "invalid_grant")
    assert service.call("sessions", user) == []


def test_an_expired_one_is_refused(service, user):
    old = service.call("old_refresh", user)
    service.call("wait", 25 * 3600)
    answer = service.attempt("refresh", old)
    assert (answer["error"], answer["code"]) == ("RefreshTokenExpiredError", "refresh.expired")
    assert answer["cause"] == [TokenExpiredError.__name__, "claim.exp.expired"]


def test_a_blacklisted_one_is_refused(service, user):
    old = service.call("old_refresh", user)
    service.call("blacklist", old)
    answer = service.attempt("refresh", old)
    assert (answer["error"], answer["code"]) == ("RefreshTokenRevokedError", "refresh.revoked")
    assert answer["cause"] == [TokenRevokedError.__name__, "token.revoked"]


def test_one_that_simplejwt_has_rotated_is_refused_and_its_successor_taken(service, user):
    old = service.call("old_refresh", user)
    successor = service.call("simplejwt_refresh", old)
    assert service.refused("refresh", old) == ("RefreshTokenRevokedError", "refresh.revoked")
    assert service.call("refresh", successor)["refresh_token"].startswith("jkr_")


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (["forged"], [InvalidSignatureError.__name__, "token.signature"]),
        (["old_access"], [ClaimsError.__name__, "claim.token_type.mismatch"]),
        (["without", "jti"], [ClaimsError.__name__, "claim.jti.missing"]),
        (["without", "token_type"], [ClaimsError.__name__, "claim.token_type.missing"]),
        (["without", "exp"], [ClaimsError.__name__, "claim.exp.missing"]),
    ],
    ids=["forged", "access-token", "no-id", "no-type", "no-expiry"],
)
def test_what_is_no_good_refresh_token_is_refused(service, user, make, cause):
    answer = service.attempt("refresh", service.call(*make, user))
    assert (answer["error"], answer["code"]) == ("RefreshTokenInvalidError", "refresh.invalid")
    assert answer["cause"] == cause


def test_an_inactive_user_gets_no_session(service, user):
    old = service.call("old_refresh", user)
    service.call("deactivate", user)
    assert service.refused("refresh", old) == ("RefreshTokenRevokedError", "refresh.revoked")


def test_a_refresh_token_with_a_numeric_user_id_is_taken_and_an_access_token_with_one_is_not(service, user):
    body = service.call("refresh", service.call("numeric", "RefreshToken", user))
    assert service.call("validate", body["access_token"]) == user
    answer = service.attempt("validate", service.call("numeric", "AccessToken", user))
    assert "error" in answer


def test_old_access_tokens_are_taken_until_they_expire(service, user):
    old = service.call("old_access", user)
    assert service.call("validate", old) == user
    assert "error" in service.attempt("validate", service.call("old_refresh", user))
    service.call("wait", 6 * 60)
    assert "error" in service.attempt("validate", old)


def test_a_login_and_ten_refreshes_leave_the_rows_the_page_says(service, user):
    outstanding, blacklisted = service.call("rows")
    token = service.call("old_refresh", user)
    for _ in range(10):
        token = service.call("simplejwt_refresh", token)
    after = service.call("rows")
    assert [after[0] - outstanding, after[1] - blacklisted] == [11, 10]
    token = service.call("refresh", token)["refresh_token"]
    for _ in range(10):
        token = service.call("refresh", token)["refresh_token"]
    assert service.call("sessions", user) == [10]
