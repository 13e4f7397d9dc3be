"""Tokens made by the real flask-jwt-extended are taken over by the service on the page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    decode_token,
)
from tests.migration.pages_files import imported, write

from jwtkit import ConfigurationError, SigningKey
from jwtkit.errors import (
    AlgorithmNotAllowedError,
    ClaimsError,
    InvalidSignatureError,
    RefreshTokenExpiredError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
    TokenRevokedError,
)

_SECRET = "the-secret-of-the-earlier-service-0123456789-of-more-than-64-bytes-in-all"


class Earlier:
    """The earlier service: the real flask-jwt-extended with its defaults."""

    def __init__(self, secret: str = _SECRET, **settings: Any) -> None:
        self.app = Flask("earlier")
        self.app.config.update(JWT_SECRET_KEY=secret, **settings)
        JWTManager(self.app)

    def make(self, kind: Callable[..., str], identity: Any = "client-42", **options: Any) -> str:
        with self.app.app_context():
            return kind(identity, **options)

    def refresh(self, **options: Any) -> str:
        return self.make(create_refresh_token, **options)

    def access(self, **options: Any) -> str:
        return self.make(create_access_token, **options)

    def id_of(self, token: str) -> str:
        with self.app.app_context():
            return decode_token(token)["jti"]


@pytest.fixture
def service(tmp_path, monkeypatch) -> Iterator[ModuleType]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLASK_JWT_SECRET_KEY", _SECRET)
    write(tmp_path, "migrate.md", "exchange.py")
    write(tmp_path, "migrate-flask-jwt-extended.md", "service.py")
    with imported(tmp_path, "service") as module:
        yield module
        module.store.close()


def _post(service: ModuleType, token: str) -> tuple[int, dict[str, Any]]:
    reply = service.app.test_client().post("/refresh", headers={"Authorization": f"Bearer {token}"})
    return reply.status_code, reply.json


def _me(service: ModuleType, token: str) -> tuple[int, dict[str, Any]]:
    reply = service.app.test_client().get("/me", headers={"Authorization": f"Bearer {token}"})
    return reply.status_code, reply.json


def test_an_old_refresh_token_is_traded_over_http(service):
    status, body = _post(service, Earlier().refresh())
    assert status == 200
    assert _me(service, body["access_token"]) == (200, {"subject": "client-42"})
    status, body = _post(service, body["refresh_token"])
    assert status == 200
    assert len(service.auth.rotator.sessions("client-42")) == 1


def test_a_second_time_is_refused_and_ends_the_session(service):
    old = Earlier().refresh()
    _, body = _post(service, old)
    assert _post(service, old) == (200, body), "a lost answer is given again"
    with time_machine.travel(time.time() + 40, tick=True):
        status, refusal = _post(service, old)
        assert (status, refusal["error"]) == (400, "invalid_grant")
        with pytest.raises(RefreshTokenReusedError) as caught:
            service.trade(old)
        assert caught.value.code == "refresh.reused"
        assert _post(service, body["refresh_token"])[0] == 400
    assert service.auth.rotator.sessions("client-42") == []


def test_an_expired_one_is_refused(service):
    old = Earlier().refresh(expires_delta=timedelta(minutes=1))
    with (
        time_machine.travel(time.time() + 120, tick=True),
        pytest.raises(RefreshTokenExpiredError) as caught,
    ):
        service.trade(old)
    assert caught.value.code == "refresh.expired"


def test_one_on_the_blocklist_is_refused(service):
    earlier = Earlier()
    old = earlier.refresh()
    service.blocked.add(earlier.id_of(old))
    with pytest.raises(RefreshTokenRevokedError) as caught:
        service.trade(old)
    assert caught.value.code == "refresh.revoked"


@pytest.mark.parametrize(
    ("make", "cause", "code"),
    [
        (lambda: Earlier("another-secret-of-some-other-service-0123").refresh(), InvalidSignatureError, None),
        (lambda: Earlier().access(), ClaimsError, "claim.type.mismatch"),
        (lambda: Earlier(JWT_ALGORITHM="HS512").refresh(), AlgorithmNotAllowedError, None),
        (lambda: Earlier(JWT_VERIFY_SUB=False).refresh(identity=42), ClaimsError, "claim.sub.type"),
        (lambda: Earlier(JWT_REFRESH_TOKEN_EXPIRES=False).refresh(), ClaimsError, "claim.exp.missing"),
    ],
    ids=["forged", "access-token", "other-algorithm", "numeric-identity", "for-ever"],
)
def test_what_is_no_good_refresh_token_is_refused(service, make, cause, code):
    with pytest.raises(RefreshTokenInvalidError) as caught:
        service.trade(make())
    assert caught.value.code == "refresh.invalid"
    assert type(caught.value.__cause__) is cause
    assert caught.value.__cause__.code == (code or cause.default_code)


def test_old_access_tokens_are_taken_until_they_expire(service):
    old = Earlier().access()
    assert _me(service, old) == (200, {"subject": "client-42"})
    with time_machine.travel(time.time() + 16 * 60, tick=True):
        assert _me(service, old)[0] == 401


def test_neither_an_old_refresh_token_nor_a_forged_one_passes_as_an_access_token(service):
    assert _me(service, Earlier().refresh())[0] == 401
    assert _me(service, Earlier("another-secret-of-some-other-service-0123").access())[0] == 401
    assert _me(service, "nonsense")[0] == 401


def test_an_old_access_token_on_the_blocklist_is_refused(service):
    earlier = Earlier()
    old = earlier.access()
    service.blocked.add(earlier.id_of(old))
    with pytest.raises(TokenRevokedError) as caught:
        service.old_access.validate(old)
    assert caught.value.code == "token.revoked"
    assert _me(service, old)[0] == 401


def test_the_page_says_true_of_tokens_in_cookies_and_of_short_secrets(service):
    old = Earlier(JWT_TOKEN_LOCATION=["cookies"]).refresh()
    assert service.old_refresh.validate(old).claims["csrf"]
    with pytest.raises(ConfigurationError) as caught:
        SigningKey.from_secret(b"super-secret", alg="HS256")
    assert caught.value.code == "key.weak"


def test_with_an_issuer_and_an_audience_one_validator_takes_both_kinds(service):
    from jwtkit import TokenValidator, TrustedIssuer

    earlier = Earlier(JWT_ENCODE_ISSUER="https://old.example", JWT_ENCODE_AUDIENCE="orders")
    profile = service.old_profile("access")
    strict = replace(profile, required_claims=(*profile.required_claims, "iss", "aud"))
    ours = service.auth.validator.trusted[0]
    both = TokenValidator.trusting(
        ours,
        TrustedIssuer("https://old.example", audience="orders", keys=service.old_key, profile=strict),
    )
    assert both.validate(earlier.access()).issuer == "https://old.example"
    pair = service.auth.rotator.start("client-42")
    assert both.validate(pair.access_token).issuer == "https://orders.example"
    with pytest.raises(ClaimsError) as caught:
        both.validate(earlier.refresh())
    assert caught.value.code == "claim.type.mismatch"
