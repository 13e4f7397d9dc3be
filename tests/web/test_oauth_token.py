"""What login, refresh and logout answer: RFC 6749 §5."""

from __future__ import annotations

import pytest

from jwtkit.errors import (
    ContentionError,
    KeysUnavailableError,
    RefreshError,
    RefreshMismatchError,
    RefreshScopeError,
    RefreshTokenExpiredError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
    StoreUnavailableError,
)
from jwtkit.refresh.pair import TokenPair
from jwtkit.web.oauth_token import granted, login_refused, refused

PAIR = TokenPair(
    access_token="access",
    refresh_token="refresh",
    expires_in=900,
    refresh_expires_in=90_000,
    session_id="s",
    scopes=["a", "b"],
)

REFRESH_ERRORS = [
    RefreshError,
    RefreshMismatchError,
    RefreshTokenExpiredError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
]


def test_a_pair_is_the_token_response_and_never_cached():
    answer = granted(PAIR)
    assert (answer.status, answer.media_type) == (200, "application/json")
    assert dict(answer.body) == {
        "access_token": "access",
        "token_type": "Bearer",
        "expires_in": 900,
        "refresh_token": "refresh",
        "scope": "a b",
    }
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Pragma") == "no-cache"
    assert answer.detail == ""


def test_every_refusal_is_the_same_bytes_whatever_its_reason():
    answers = [refused(kind("found generation 7", hint="generation 7")) for kind in REFRESH_ERRORS]
    assert len({repr(answer) for answer in answers}) == 1
    assert answers[0].status == 400
    assert answers[0].body["error"] == "invalid_grant"
    assert answers[0].header("Cache-Control") == "no-store"
    assert "generation" not in repr(answers[0])


@pytest.mark.parametrize("kind", [ContentionError, KeysUnavailableError, StoreUnavailableError])
def test_an_outage_is_503_and_never_invalid_grant(kind):
    answer = refused(kind("the database at 10.0.0.1 is down"))
    assert answer.status == 503
    assert answer.header("Retry-After") == "1"
    assert answer.body["error"] == "temporarily_unavailable"
    assert answer.body["code"] == kind.default_code
    assert "10.0.0.1" not in repr(answer)


def test_refused_credentials_get_a_challenge_that_asks_for_no_refresh():
    answer = login_refused(realm="orders")
    assert answer.status == 401
    assert answer.header("WWW-Authenticate") == 'Bearer realm="orders"'
    assert answer.body["code"] == "login.refused"
    assert "error" not in answer.body


def test_a_scope_too_many_is_told_apart_because_the_token_stays_good():
    answer = refused(RefreshScopeError("asked for orders:write"))
    assert (answer.status, answer.body["error"], answer.body["code"]) == (
        400,
        "invalid_scope",
        "refresh.scope",
    )
    assert "orders:write" not in repr(answer)
