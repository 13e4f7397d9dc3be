"""Login, refresh and logout: who gets tokens, and when they end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from jwtkit import SigningKey, TokenIssuer
from jwtkit.stores import SQLiteSessionStore
from orders.auth import load_signing_key
from orders.database import Client

LATER = timedelta(minutes=20)  # an access token lives for fifteen


def after(duration):
    return time_machine.travel(datetime.now(UTC) + duration, tick=True)


def anonymous(response):
    """The answer without what differs between any two."""
    return {name: value for name, value in response.json().items() if name != "instance"}


async def test_login_answers_a_pair_that_opens_the_orders(service):
    await service.register()
    response = await service.log_in("ADA@example.com")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    pair = response.json()
    assert (pair["token_type"], pair["expires_in"], pair["scope"]) == ("Bearer", 900, "orders:read")
    assert (await service.orders(pair)).status_code == 200


async def test_unknown_wrong_and_disabled_look_alike_and_cost_the_same_work(service, is_problem):
    await service.register("ada@example.com")
    await service.register("eve@example.com")
    answers, checks = [], []
    for email, password in [
        ("ada@example.com", "wrong-password-77"),
        ("nobody@example.com", "x"),
        ("no address", "y"),
    ]:
        service.hasher.checks = 0
        answers.append(await service.log_in(email, password))
        checks.append(service.hasher.checks)
    service.change(Client, disabled_at=datetime.now(UTC))
    service.hasher.checks = 0
    answers.append(await service.log_in("eve@example.com"))
    checks.append(service.hasher.checks)
    for answer in answers:
        is_problem(answer, 401, "login.refused")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="orders"'
    assert all(anonymous(answer) == anonymous(answers[0]) for answer in answers)
    assert checks == [1, 1, 1, 1]


async def test_a_refused_login_repeats_neither_name_nor_password(service):
    response = await service.log_in("who-is-this@example.com", "what-is-this-1234")
    assert "who-is-this" not in response.text
    assert "what-is-this" not in response.text


async def test_an_expired_access_token_is_401_with_a_challenge_and_good_for_a_refresh(service, is_problem):
    _, pair = await service.member()
    with after(LATER):
        expired = await service.orders(pair)
        is_problem(expired, 401, "claim.exp.expired")
        assert expired.headers["WWW-Authenticate"] == (
            'Bearer realm="orders", error="invalid_token", error_description="The access token has expired."'
        )
        renewed = await service.refresh(pair)
        assert renewed.status_code == 200
        assert (await service.orders(renewed.json())).status_code == 200


async def test_a_refresh_needs_the_sessions_own_access_token(service, is_problem):
    _, pair = await service.member()
    _, other = await service.member("eve@example.com")
    forger = TokenIssuer("https://orders.example", audience="orders-api", keys=SigningKey.generate("ES256"))
    for access_token in (
        None,
        "",
        "nonsense",
        other["access_token"],
        forger.issue("x").token,
        pair["refresh_token"],
    ):
        refused = await service.refresh(pair, access_token=access_token)
        is_problem(refused, 400)
        assert refused.json()["error"] == "invalid_grant"
    assert (await service.refresh(pair)).status_code == 200  # and none of these ended the session


async def test_an_access_token_with_any_character_changed_is_refused_at_refresh(service):
    _, pair = await service.member()
    text = pair["access_token"]
    for place in range(0, len(text), 37):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        assert (await service.refresh(pair, access_token=changed)).status_code == 400
    assert (await service.refresh(pair)).status_code == 200


async def test_a_lost_answer_is_given_again_inside_the_window(service):
    _, pair = await service.member()
    first, again = (await service.refresh(pair)).json(), (await service.refresh(pair)).json()
    assert first["refresh_token"] == again["refresh_token"]


async def test_refreshes_at_once_log_nobody_out(service):
    _, pair = await service.member()
    answers = await asyncio.gather(*(service.refresh(pair) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    successors = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}
    assert len(successors) == 1


async def test_reuse_after_the_window_ends_the_session_and_its_access_tokens(service, is_problem):
    _, pair = await service.member()
    current = (await service.refresh(pair)).json()
    with after(timedelta(minutes=2)):
        assert (await service.refresh(pair)).json()["error"] == "invalid_grant"
        assert (await service.refresh(current)).json()["error"] == "invalid_grant"
        is_problem(await service.orders(current), 401, "token.revoked")


async def test_a_disabled_client_can_neither_refresh_nor_read_on(service, is_problem):
    _, pair = await service.member()
    service.change(Client, disabled_at=datetime.now(UTC))
    assert (await service.refresh(pair)).json()["error"] == "invalid_grant"
    is_problem(await service.orders(pair), 401, "token.revoked")
    service.change(Client, disabled_at=None)
    assert (await service.refresh(pair)).status_code == 400  # the session is over, not suspended


async def test_logout_ends_both_tokens_at_once(service, is_problem):
    _, pair = await service.member()
    response = await service.http.post("/auth/logout", json={"refresh_token": pair["refresh_token"]})
    assert (response.status_code, response.content) == (204, b"")
    is_problem(await service.orders(pair), 401, "token.revoked")
    assert (await service.refresh(pair)).json()["error"] == "invalid_grant"


async def test_logout_of_one_session_leaves_the_others(service):
    _, phone = await service.member()
    laptop = (await service.log_in()).json()
    await service.http.post("/auth/logout", json={"refresh_token": phone["refresh_token"]})
    assert (await service.orders(laptop)).status_code == 200
    assert (await service.refresh(laptop)).status_code == 200


@pytest.mark.parametrize("text", ["", "nonsense", "jkr_AAAA"])
async def test_logout_of_nothing_is_204_too(service, text):
    assert (await service.http.post("/auth/logout", json={"refresh_token": text})).status_code == 204


async def test_the_session_is_over_when_idle_for_too_long(service):
    _, pair = await service.member()
    with after(timedelta(days=15)):
        assert (await service.refresh(pair)).json()["error"] == "invalid_grant"


async def test_sessions_that_cannot_be_reached_are_503_and_not_401(service, is_problem, monkeypatch):
    _, pair = await service.member()

    def down(*_, **__):
        from jwtkit.errors import StoreUnavailableError

        raise StoreUnavailableError("/var/lib/secret-place is gone")

    with monkeypatch.context() as broken:
        for name in ("status", "read", "epoch"):
            broken.setattr(SQLiteSessionStore, name, down)
        for response in (await service.orders(pair), await service.refresh(pair), await service.log_in()):
            is_problem(response, 503)
            assert response.headers["Retry-After"] == "1"
            assert "secret-place" not in response.text
    assert (await service.refresh(pair)).status_code == 200


def test_the_signing_key_is_made_once_and_for_its_owner_only(tmp_path):
    path = tmp_path / "signing-key.pem"
    key = load_signing_key(path)
    assert load_signing_key(path).kid == key.kid
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir()] == ["signing-key.pem"]
